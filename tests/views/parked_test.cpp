// A projection that throws stands still at the event it could not fold; the others go on.
#include "eventstore/index/sources.hpp"
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

constexpr projections::row_family stumbling_rows{"stumbling"};

/// Counts the events it is given in a row, and throws for one type.
class stumbling final : public projections::projection {
public:
  std::uint32_t schema_version() const override { return 1; }
  projections::row_family rows() const override { return stumbling_rows; }
  void apply(projections::event_pointers events, const projections::row_reader&, projections::row_batch& batch) override {
    for (const auto* e : events) {
      batch.put(rows(), "~" + std::to_string(e->pos.value), "seen");
      if (e->type == "it.hurts") throw std::runtime_error("it hurts");
    }
  }
};

class parked_test : public actor_test {
protected:
  parked_test() {
    auto plan = projections::all_views({});
    plan.make = [make = std::move(plan.make)](const projections::view_context& context) {
      auto modules = make(context);
      modules.back().projections.push_back(std::make_unique<stumbling>());
      return modules;
    };
    models = projections::read_models::in_memory(log, plan);
  }
  [[nodiscard]] bool has_seen(position pos) const {
    return models->reader()->get(stumbling_rows, "~" + std::to_string(pos.value)).has_value();
  }
};

TEST_F(parked_test, it_is_parked_with_the_position_and_the_others_go_on) {
  const auto opened = ingest(post("erp", "1", "project.created").ref("P"));
  EXPECT_TRUE(has_seen(opened.pos));
  EXPECT_TRUE(models->parked().empty());
  // In the middle of a step of several commits.
  send({post("erp", "2", "it.works").ref("P"), post("erp", "3", "it.hurts").ref("P"), post("erp", "4", "project.created").ref("Q")});
  run();
  const auto hurt = eventstore::find_source_event(log, "erp", "3").value();
  ASSERT_EQ(models->parked().size(), 1u);
  EXPECT_EQ(models->parked()[0], (projections::parked_projection{"stumbling", hurt, "it hurts"}));
  EXPECT_FALSE(has_seen(hurt)) << "half a step of it was written";
  const auto later = ingest(post("erp", "5", "it.works").ref("P"));
  EXPECT_FALSE(has_seen(later.pos));
  EXPECT_EQ(models->checkpoint(), log.head().last);
  auto views = models->read();
  EXPECT_EQ(projections::list_projects(views, {}).total, 2u);
  // It is on record, so that the next start knows.
  const auto status = projections::read_views_status(models->store());
  EXPECT_EQ(status.parked(), models->parked());
  EXPECT_EQ(status.folded, log.head().last.value);
}

TEST_F(parked_test, the_digest_tells_what_was_folded) {
  ingest(post("erp", "1", "project.created").ref("P"));
  projections::fold_digest expected{};
  log.read({1}, [&](const recorded_event& e) {
    expected = projections::extend(expected, e);
    return true;
  });
  EXPECT_EQ(projections::read_views_status(models->store()).digest, expected);
}

}  // namespace
}  // namespace plo::actors::test
