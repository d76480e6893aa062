// Each read model has its own rows, schema and checkpoint: one that changed is built anew beside the others and takes its place.
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/scratch_folder.hpp"
#include "projections/core/read_models.hpp"
#include "tests/views/rows.hpp"

namespace plo::projections {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using names = std::vector<std::string>;

constexpr row_family tally_rows{"tally"}, sums_rows{"sums"}, marks_rows{"marks"}, plain_rows{"plain"};

/// What the read models of a build are like, and what they did.
struct build_of {
  std::map<std::string, std::uint32_t> schemas;  // 1 where nothing is said
  std::set<std::string> without, reads_old;
  std::string stumbles;                          // at the event at `stumbles_at`
  std::uint64_t stumbles_at = 0;
  std::string cannot_load;
  std::map<std::string, std::uint64_t> folded;   // events, by read model
};

class counting : public projection {
public:
  counting(row_family rows, build_of& build) : build_(build), rows_(rows) {}
  row_family rows() const override { return rows_; }
  std::uint32_t schema_version() const override {
    const auto said = build_.schemas.find(std::string(name()));
    return said == build_.schemas.end() ? 1 : said->second;
  }
  bool reads_schema(std::uint32_t version) const override { return version == schema_version() || build_.reads_old.contains(std::string(name())); }
  void load(const row_reader&) override {
    if (build_.cannot_load == name()) throw eventstore::store_error("no memory");
  }

protected:
  void fold_one(const recorded_event& e) {
    ++build_.folded[std::string(name())];
    if (build_.stumbles == name() && build_.stumbles_at == e.pos.value) throw std::runtime_error("it hurts");
  }
  [[nodiscard]] std::string row(std::uint64_t number) const { return fmt::format("{} of schema {}", number, schema_version()); }
  build_of& build_;

private:
  row_family rows_;
};

/// Counts all events there ever were: what the others of its module write depends on it.
class tally final : public counting {
public:
  using counting::counting;
  std::uint64_t before = 0;  // the present step

  void load(const row_reader& views) override {
    const auto stored = views.get(rows(), "count");
    count_ = stored ? eventstore::keys::get_u64(*stored) : 0;
  }
  void apply(event_pointers events, const row_reader&, row_batch& batch) override {
    for (const auto* e : events) fold_one(*e);
    before = count_;
    next_ = count_ + events.size();
    batch.put(rows(), "count", eventstore::keys::of(position{next_}));
  }
  void publish() override { count_ = next_; }

private:
  std::uint64_t count_ = 0, next_ = 0;
};

/// A row for each event, with the number that the tally gives it or, without one, that it finds in its own rows.
class numbering final : public counting {
public:
  numbering(row_family rows, build_of& build, const tally* shared) : counting(rows, build), shared_(shared) {}
  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    const auto stored = views.get(rows(), "count");
    auto number = shared_ != nullptr ? shared_->before : stored ? eventstore::keys::get_u64(*stored) : 0;
    for (const auto* e : events) {
      fold_one(*e);
      batch.put(rows(), "row " + eventstore::keys::of(e->pos), row(++number));
    }
    batch.put(rows(), "count", eventstore::keys::of(position{number}));
  }

private:
  const tally* shared_;
};

class one_by_one : public ::testing::Test {
protected:
  view_plan plan() {
    return {[this](const view_context&) {
      std::vector<view_module> modules(2);
      auto shared = std::make_unique<tally>(tally_rows, build);
      const auto add = [&](view_module& to, const row_family& rows, const tally* with) {
        if (!build.without.contains(std::string(rows.name))) to.projections.push_back(std::make_unique<numbering>(rows, build, with));
      };
      add(modules[0], sums_rows, shared.get());
      add(modules[0], marks_rows, shared.get());
      add(modules[1], plain_rows, nullptr);
      modules[0].shared = std::move(shared);
      return modules;
    }};
  }

  void append(std::uint64_t events) {
    for (std::uint64_t i = 0; i < events; ++i) {
      event e;
      e.id = {make_uuid_v7(static_cast<std::int64_t>(++time_))};
      e.type = "it.happened";
      e.kind = event_kind::operator_;  // an input: each is a commit of its own
      e.data = "{}";
      eventstore::append_request request;
      request.appends.push_back({stream_id::clock(), {}, {std::move(e)}});
      std::vector<eventstore::append_request> group;
      group.push_back(std::move(request));
      (void)log->append(std::move(group));
    }
  }
  void follow() {
    for (auto events = models->read_next(3); !events.empty(); events = models->read_next(3)) models->apply(events);
  }
  /// As another process, of another build.
  void restart() {
    models.reset();
    build.folded.clear();
    models = read_models::open(folder.path(), *log, plan());
  }
  void build_all(std::size_t step = 4) {
    while (models->build(step)) {
    }
  }

  [[nodiscard]] std::map<std::string, std::uint64_t> checkpoints() const {
    std::map<std::string, std::uint64_t> all;
    for (const auto& record : read_views_status(models->store()).views)
      if (!record.is_building) all[record.view] = record.progress.checkpoint.value;
    return all;
  }
  names families() {
    models.reset();
    auto all = eventstore::families_at(folder.path() / "views");
    std::sort(all.begin(), all.end());
    return all;
  }
  /// All rows are what this build makes of the log from its beginning.
  void equal_a_full_build() {
    const auto whole = read_models::in_memory(*log, plan());
    for (auto events = whole->read_next(100'000); !events.empty(); events = whole->read_next(100'000)) whole->apply(events);
    for (const auto& rows : {tally_rows, sums_rows, marks_rows, plain_rows}) {
      if (build.without.contains(std::string(rows.name))) continue;
      EXPECT_EQ(rows_of(*models, rows), rows_of(*whole, rows)) << rows.name;
    }
    const auto held = read_views_status(models->store());
    const auto expected = read_views_status(whole->store());
    ASSERT_EQ(held.views.size(), expected.views.size());
    for (const auto& record : held.views) EXPECT_EQ(record.progress, expected) << record.view;
  }

  void SetUp() override {
    append(10);
    restart();
    follow();
  }

  eventstore::scratch_folder folder{"one-by-one"};
  std::unique_ptr<eventstore::log> log = eventstore::make_memory_log();
  std::uint64_t time_ = 0;
  build_of build;
  std::unique_ptr<read_models> models;
};

TEST_F(one_by_one, what_has_not_changed_goes_on_where_it_stood) {
  append(2);
  restart();
  EXPECT_THAT(models->building().names, IsEmpty());
  follow();
  EXPECT_EQ(build.folded["plain"], 2u);
  EXPECT_EQ(build.folded["tally"], 2u);
  equal_a_full_build();
}

TEST_F(one_by_one, a_changed_one_is_built_alone_and_the_others_keep_their_checkpoints) {
  build.schemas["plain"] = 2;
  restart();
  EXPECT_EQ(models->checkpoint().value, 10u);
  EXPECT_THAT(models->building().names, ElementsAre("plain"));
  EXPECT_THAT(checkpoints(), UnorderedElementsAre(std::pair("tally", 10), std::pair("sums", 10), std::pair("marks", 10)));
  EXPECT_TRUE(models->build(4));
  EXPECT_EQ(models->building().at.value, 4u);
  EXPECT_THROW((void)rows_of(*models, plain_rows), view_not_ready);
  EXPECT_EQ(rows_of(*models, sums_rows).size(), 11u);
  EXPECT_EQ(checkpoint_of(*models->snapshot()).value, 10u);
  build_all();
  EXPECT_THAT(build.folded, ElementsAre(std::pair("plain", 10u)));
  equal_a_full_build();
  EXPECT_THAT(families(), ElementsAre("marks@1", "meta", "plain@2", "sums@1", "tally@1"));
}

TEST_F(one_by_one, one_that_leans_on_a_shared_fold_is_built_with_a_shared_fold_of_its_own) {
  for (const std::size_t step : {1u, 7u, 1'000u}) {
    ++build.schemas.try_emplace("sums", 1).first->second;
    restart();
    EXPECT_THAT(models->building().names, ElementsAre("sums", "tally"));
    append(3);
    follow();
    build_all(step);
    EXPECT_EQ(build.folded["sums"], models->checkpoint().value);
    EXPECT_EQ(build.folded["marks"], 3u);
    equal_a_full_build();
    append(1);
    follow();
    equal_a_full_build();
  }
  EXPECT_THAT(families(), ElementsAre("marks@1", "meta", "plain@1", "sums@4", "tally@1"));
}

TEST_F(one_by_one, with_a_changed_shared_fold_its_whole_module_is_built) {
  build.schemas["tally"] = 2;
  restart();
  EXPECT_THAT(models->building().names, ElementsAre("marks", "sums", "tally"));
  append(2);
  follow();
  // The rows of those that have not changed themselves answer as of where they stand.
  auto views = models->snapshot();
  EXPECT_TRUE(views->get(marks_rows, "row " + eventstore::keys::of(position{10})));
  EXPECT_EQ(checkpoint_of(*views).value, 10u);
  EXPECT_THROW((void)views->get(tally_rows, "count"), view_not_ready);
  build_all();
  EXPECT_EQ(build.folded["plain"], 2u);
  equal_a_full_build();
}

TEST_F(one_by_one, old_rows_answer_where_the_new_build_reads_them_and_say_where_they_stand) {
  build.schemas["plain"] = 2;
  build.reads_old = {"plain"};
  restart();
  append(2);
  follow();
  auto views = models->snapshot();
  EXPECT_EQ(checkpoint_of(*views).value, 12u);
  EXPECT_EQ(views->get(plain_rows, "row " + eventstore::keys::of(position{10})), "10 of schema 1");
  EXPECT_EQ(checkpoint_of(*views).value, 10u);
  views->require({11});
  EXPECT_THROW((void)views->get(plain_rows, "count"), view_not_ready);
  EXPECT_TRUE(views->get(sums_rows, "count"));
  build_all();
  // Who reads the old rows still finds them.
  views->require({});
  EXPECT_EQ(views->get(plain_rows, "row " + eventstore::keys::of(position{10})), "10 of schema 1");
  views.reset();
  equal_a_full_build();
  append(1);
  follow();
  EXPECT_THAT(families(), ElementsAre("marks@1", "meta", "plain@2", "sums@1", "tally@1"));
}

TEST_F(one_by_one, a_new_one_is_built_and_the_rows_of_one_that_is_gone_go) {
  build.without = {"marks"};
  restart();
  EXPECT_THAT(models->building().names, IsEmpty());
  EXPECT_THAT(families(), ElementsAre("meta", "plain@1", "sums@1", "tally@1"));
  build.without = {};
  restart();
  EXPECT_THAT(models->building().names, ElementsAre("marks", "tally"));
  build_all();
  EXPECT_EQ(build.folded.count("plain") + build.folded.count("sums"), 0u);
  equal_a_full_build();
}

TEST_F(one_by_one, what_was_being_built_when_the_process_ended_is_gone_on_with) {
  build.schemas["sums"] = 2;
  restart();
  EXPECT_TRUE(models->build(4));
  append(3);
  restart();
  EXPECT_EQ(models->building().at.value, 4u);
  follow();
  build_all();
  EXPECT_EQ(build.folded["sums"], 9u);
  equal_a_full_build();
}

TEST_F(one_by_one, another_change_meanwhile_begins_it_again) {
  build.schemas["sums"] = 2;
  restart();
  EXPECT_TRUE(models->build(4));
  build.schemas["marks"] = 2;
  restart();
  EXPECT_EQ(models->building().at.value, 0u);
  EXPECT_THAT(models->building().names, ElementsAre("marks", "sums", "tally"));
  build_all();
  equal_a_full_build();
  EXPECT_EQ(families().size(), 5u);
}

TEST_F(one_by_one, an_end_between_building_and_taking_over_loses_nothing) {
  build.schemas["plain"] = 2;
  restart();
  build.cannot_load = "plain";
  EXPECT_THROW(build_all(), eventstore::store_error);
  EXPECT_EQ(checkpoints().count("plain"), 0u);
  build.cannot_load.clear();
  restart();
  EXPECT_EQ(models->building().at.value, 10u);
  EXPECT_FALSE(models->build(1));
  EXPECT_EQ(build.folded["plain"], 0u);
  equal_a_full_build();
}

/// Without a write-ahead log a crash takes a tail of the writes, over all families at once.
TEST_F(one_by_one, a_crash_at_any_step_ends_right) {
  build.schemas["sums"] = 2;
  restart();
  for (bool more = true; more;) {
    more = models->build(2);
    const eventstore::scratch_folder crashed("one-by-one");
    std::filesystem::copy(folder.path(), crashed.path(), std::filesystem::copy_options::recursive);
    auto running = std::exchange(models, read_models::open(crashed.path(), *log, plan()));
    follow();
    build_all();
    equal_a_full_build();
    models = std::move(running);
  }
}

TEST_F(one_by_one, a_parked_one_is_built_at_the_next_start_alone) {
  build.stumbles = "marks";
  build.stumbles_at = 12;
  append(4);
  follow();
  ASSERT_THAT(models->parked(), ElementsAre(parked_projection{"marks", {12}, "it hurts"}));
  EXPECT_EQ(checkpoints()["marks"], 10u) << "the step is written without it";
  EXPECT_EQ(models->checkpoint().value, 14u);
  build.stumbles.clear();
  restart();
  EXPECT_THAT(models->building().names, ElementsAre("marks", "tally"));
  build_all();
  EXPECT_THAT(models->parked(), IsEmpty());
  EXPECT_EQ(build.folded.count("plain") + build.folded.count("sums"), 0u);
  equal_a_full_build();
  EXPECT_THAT(families(), ElementsAre("marks@1.2", "meta", "plain@1", "sums@1", "tally@1"));
}

TEST_F(one_by_one, one_that_stumbles_again_takes_its_place_parked) {
  build.schemas["plain"] = 2;
  build.stumbles = "plain";
  build.stumbles_at = 6;
  restart();
  build_all(3);
  EXPECT_THAT(models->parked(), ElementsAre(parked_projection{"plain", {6}, "it hurts"}));
  EXPECT_THAT(models->building().names, IsEmpty());
  EXPECT_EQ(rows_of(*models, plain_rows).size(), 4u) << "those of the first step, and the count";
}

TEST_F(one_by_one, rows_of_another_log_are_not_gone_on_from) {
  log = eventstore::make_memory_log();
  append(3);
  restart();
  EXPECT_EQ(models->checkpoint().value, 0u);
  EXPECT_THAT(models->building().names, IsEmpty());
  follow();
  equal_a_full_build();
}

}  // namespace
}  // namespace plo::projections
