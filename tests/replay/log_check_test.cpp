// The proof of the log: a whole one passes, and each thing that can be wrong with one is found at its position.
#include <filesystem>

#include "base/json.hpp"
#include "eventstore/check/log_check.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"
#include "tests/replay/recorded.hpp"

namespace plo::replay::test {
namespace {

namespace layout = eventstore::layout;
namespace families = eventstore::layout::families;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

/// A store on disk that holds what an engine wrote, to be tampered with.
class log_check : public ::testing::Test {
protected:
  void SetUp() override {
    recording r(project_clock::mode::event);
    dir_ = r.dir;
    r.ingest(std::vector<std::string>{
        body("ecommerce", "1", "project.created", "P", "2026-01-01T08:00:00Z", {{"customer_id", "C"}}).dump(),
        body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "O"}}).dump(),
        body("erp", "3", "weather.report", "NOWHERE", "2026-01-02T09:00:00Z").dump(),
        body("erp", "4", "weather.report", "LATER", "2026-01-02T09:00:00Z").dump(),
        body("ecommerce", "5", "project.created", "LATER", "2026-01-03T08:00:00Z", {{"customer_id", "C"}}).dump(),
        body("erp", "2", "order.confirmed", "P", "2026-01-02T08:00:00Z", {{"order_ref", "OTHER"}}).dump(),
    });
    r.command(*first(r.log(), "project.created").stream.project(), "note.added", {{"comment", "hello"}});
    opened_ = first(r.log(), "project.created");
    letter_ = first(r.log(), "dead_letter.added");
    last_ = r.log().head().last;
    r.engine.reset();
    dir_ += "-kept";
    std::filesystem::copy(r.dir, dir_, std::filesystem::copy_options::recursive);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }

  eventstore::kv_store& store() {
    if (!store_) store_ = eventstore::open_log_store(dir_, eventstore::open_mode::read_write);
    return *store_;
  }
  void put(eventstore::family where, std::string key, std::string value) {
    eventstore::kv_batch batch;
    batch.put(where, std::move(key), std::move(value));
    store().write(batch);
  }
  void remove(eventstore::family where, std::string key) {
    eventstore::kv_batch batch;
    batch.remove(where, std::move(key));
    store().write(batch);
  }
  eventstore::log_check_report check(std::vector<eventstore::known_head> heads = {}) {
    return eventstore::check_log(store(), eventstore::archive_reader(dir_ / "archive"), {std::move(heads), 100, {}});
  }
  /// The first fault is at this position and says this.
  void expect_fault(position at, std::string_view says) {
    const auto report = check();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.faults.front().at, at) << report.faults.front().what;
    EXPECT_THAT(report.faults, Contains(Field(&eventstore::log_fault::what, HasSubstr(std::string(says))))) << report.faults.front().what;
  }

  std::filesystem::path dir_;
  std::unique_ptr<eventstore::kv_store> store_;
  recorded_event opened_, letter_;
  position last_;
};

TEST_F(log_check, a_whole_log_passes) {
  const auto report = check();
  EXPECT_TRUE(report.ok()) << (report.faults.empty() ? "" : report.faults.front().what);
  EXPECT_EQ(report.events, last_.value);
  EXPECT_EQ(report.head.last, last_);
  EXPECT_GE(report.streams, 4u);
}

TEST_F(log_check, a_changed_record) {
  auto value = *store().get(families::events, eventstore::keys::of(opened_.pos));
  value.back() = value.back() == 'x' ? 'y' : 'x';
  put(families::events, eventstore::keys::of(opened_.pos), value);
  expect_fault(opened_.pos, "does not match its hash");
}

TEST_F(log_check, a_record_that_was_changed_with_its_hash) {
  auto e = opened_;
  e.data = R"({"customer_id":"D"})";
  eventstore::chain_hash hash;
  const auto before = eventstore::stored_hash(*store().get(families::events, eventstore::keys::of({opened_.pos.value - 1})));
  put(families::events, eventstore::keys::of(opened_.pos), eventstore::encode_record(e, before, hash));
  expect_fault({opened_.pos.value + 1}, "does not match its hash");
}

TEST_F(log_check, an_event_that_could_not_be_read_back) {
  // As an earlier version let it in: the chain holds, and no state has it.
  const auto last = *store().get(families::events, eventstore::keys::of(last_));
  const auto before = eventstore::stored_hash(*store().get(families::events, eventstore::keys::of({last_.value - 1})));
  const auto doctor = [&](auto change) {
    auto e = eventstore::decode_record(last)->event;
    change(e);
    eventstore::chain_hash hash;
    put(families::events, eventstore::keys::of(last_), eventstore::encode_record(e, before, hash));
    std::string head;
    eventstore::keys::put_u64(head, last_.value);
    put(families::meta, std::string(layout::head_key), head.append(reinterpret_cast<const char*>(hash.data()), hash.size()));
  };
  doctor([](event& e) { e.data.back() = ','; });
  expect_fault(last_, "cannot be read back: the data of");
  doctor([](event& e) { e.data = "[]"; });
  expect_fault(last_, "is no JSON object");
  doctor([](event& e) { e.data = std::string(300, '[') + std::string(300, ']'); });
  expect_fault(last_, "nested deeper than 256 levels");
  doctor([](event& e) { e.comment = "\xff"; });
  expect_fault(last_, "the comment is not UTF-8");
  doctor([](event&) {});
  EXPECT_TRUE(check().ok());
}

TEST_F(log_check, a_record_that_is_gone) {
  remove(families::events, eventstore::keys::of(opened_.pos));
  expect_fault(opened_.pos, "is missing");
}

TEST_F(log_check, a_tail_that_was_cut) {
  remove(families::events, eventstore::keys::of(last_));
  expect_fault(last_, "the head says");
}

TEST_F(log_check, two_records_that_changed_places) {
  const auto a = eventstore::keys::of(opened_.pos), b = eventstore::keys::of({opened_.pos.value + 1});
  const auto va = *store().get(families::events, a), vb = *store().get(families::events, b);
  put(families::events, a, vb);
  put(families::events, b, va);
  expect_fault(opened_.pos, "does not match its hash");
}

TEST_F(log_check, bytes_that_are_no_record) {
  put(families::events, eventstore::keys::of(opened_.pos), "short");
  expect_fault(opened_.pos, "does not match its hash");
}

TEST_F(log_check, a_stream_entry_that_is_gone_or_points_elsewhere) {
  const auto key = layout::stream_key(opened_.stream.name, 1);
  remove(families::streams, key);
  expect_fault(opened_.pos, "the index of streams does not have");
  put(families::streams, key, eventstore::keys::of(last_));
  expect_fault(opened_.pos, "the index of streams does not have");
}

TEST_F(log_check, a_stream_entry_for_no_event) {
  put(families::streams, layout::stream_key("project:nobody", 1), eventstore::keys::of({3}));
  const auto report = check();
  EXPECT_THAT(report.faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("entries for"))));
}

TEST_F(log_check, a_source_event_that_is_not_known) {
  remove(families::dedup, layout::dedup_key("ecommerce", "1"));
  expect_fault(opened_.pos, "the index of source events lacks ecommerce 1");
}

TEST_F(log_check, a_source_event_that_never_came) {
  put(families::dedup, layout::dedup_key("ecommerce", "never"), eventstore::keys::of(opened_.pos));
  const auto report = check();
  ASSERT_EQ(report.faults_total, 1u);
  EXPECT_THAT(report.faults.front().what, HasSubstr("ecommerce never, of which no event speaks"));
}

TEST_F(log_check, a_contradiction_that_is_not_known) {
  std::string key;
  store().scan(families::dedup, "C", eventstore::keys::after("C"), [&](std::string_view k, std::string_view) {
    key = k;
    return false;
  });
  ASSERT_FALSE(key.empty());
  remove(families::dedup, key);
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("lacks erp 2, a contradiction"))));
}

TEST_F(log_check, a_reference_that_is_gone_unknown_or_invented) {
  const reference known{reference_kind::project, "ecommerce", "P"};
  const auto project = *opened_.stream.project();
  remove(families::refs, layout::reference_key(known, project));
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("the index of references lacks project 'P' of ecommerce"))));
  put(families::refs, layout::reference_key(known, project), {});
  EXPECT_TRUE(check().ok());
  remove(families::refs, layout::reference_known_key("P"));
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("lacks that 'P' is known"))));
  put(families::refs, layout::reference_known_key("P"), {});
  put(families::refs, layout::reference_key({reference_kind::order, "erp", "INVENTED"}, project), {});
  put(families::refs, layout::reference_known_key("INVENTED"), {});
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("order 'INVENTED' of erp, of which no event speaks"))));
}

TEST_F(log_check, a_customer_entry_that_is_wrong) {
  auto key = layout::customer_prefix("C");
  eventstore::keys::put_uuid(key, opened_.stream.project()->value);
  auto value = *store().get(families::refs, key);
  value.back() = 0;
  put(families::refs, key, value);
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("closed, of the customer 'C' instead of"))));
  remove(families::refs, key);
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("the index of customers lacks"))));
}

TEST_F(log_check, a_dead_letter_that_is_gone_or_has_another_status) {
  const auto key = layout::letter_key({letter_.id.value});
  const auto value = *store().get(families::dead_letters, key);
  auto settled = value;
  settled[8] = static_cast<char>(eventstore::dead_letter_status::discarded);
  put(families::dead_letters, key, settled);
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("(discarded) instead of"))));
  remove(families::dead_letters, key);
  expect_fault(letter_.pos, "the index of dead letters lacks");
}

TEST_F(log_check, a_waiting_entry_that_is_gone) {
  remove(families::dead_letters, layout::waiting_prefix("NOWHERE").append(eventstore::keys::of(letter_.pos)));
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("lacks one that waits for 'NOWHERE'"))));
}

TEST_F(log_check, a_head_that_is_gone_or_wrong) {
  auto head = *store().get(families::meta, layout::head_key);
  head.back() = static_cast<char>(head.back() ^ 1);
  put(families::meta, std::string(layout::head_key), head);
  expect_fault(last_, "not the one that the head recorded");
  remove(families::meta, std::string(layout::head_key));
  EXPECT_THAT(check().faults, Contains(Field(&eventstore::log_fault::what, HasSubstr("the log has no head"))));
}

TEST_F(log_check, a_head_that_was_handed_out) {
  const auto hash = eventstore::stored_hash(*store().get(families::events, eventstore::keys::of(opened_.pos)));
  EXPECT_TRUE(check({{opened_.pos, hash, "good"}}).ok());
  auto other = hash;
  other[0] ^= 1;
  const auto report = check({{opened_.pos, hash, "good"}, {opened_.pos, other, "bad"}, {{last_.value + 5}, hash, "ahead"}});
  ASSERT_EQ(report.faults_total, 2u);
  EXPECT_EQ(report.faults.front().at, opened_.pos);
  EXPECT_THAT(report.faults.front().what, HasSubstr("bad"));
  EXPECT_THAT(report.faults.back().what, HasSubstr("ahead"));
}

TEST_F(log_check, few_faults_of_many_are_told) {
  for (std::uint64_t at = opened_.pos.value; at <= last_.value; ++at) put(families::events, eventstore::keys::of({at}), "no record");
  const auto report = eventstore::check_log(store(), eventstore::archive_reader(dir_ / "archive"), {{}, 2, {}});
  EXPECT_EQ(report.faults.size(), 2u);
  EXPECT_GT(report.faults_total, 2u);
  EXPECT_EQ(report.faults.front().at, opened_.pos);
}

}  // namespace
}  // namespace plo::replay::test
