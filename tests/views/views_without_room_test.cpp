// Read models that cannot be written follow by themselves when they can, also when nothing is committed any more.
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

/// A store in memory that refuses while it is full.
class full_store final : public eventstore::kv_store {
public:
  full_store(const bool& is_full, const eventstore::store_layout& layout) : is_full_(is_full), store_(eventstore::make_memory_store(layout)) {}

  std::optional<std::string> get(eventstore::family where, std::string_view key) const override { return store_->get(where, key); }
  void scan(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    store_->scan(where, from, until, visit);
  }
  void scan_back(eventstore::family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    store_->scan_back(where, from, until, visit);
  }
  void write(const eventstore::kv_batch& batch) override {
    if (is_full_) throw eventstore::store_error("no space left on device");
    store_->write(batch);
  }
  void drop(const std::vector<eventstore::family>& families) override { store_->drop(families); }
  void purge(const std::vector<eventstore::family>& families) override { store_->purge(families); }
  std::unique_ptr<const eventstore::kv_reader> snapshot() const override { return store_->snapshot(); }

private:
  const bool& is_full_;
  std::unique_ptr<eventstore::kv_store> store_;
};

class views_without_room : public actor_test {
protected:
  void SetUp() override {
    const auto make = [this](const eventstore::store_layout& layout) { return std::make_unique<full_store>(is_full, layout); };
    models = projections::read_models::over(make, log, projections::all_views({}));
    actor_test::SetUp();
  }
  bool is_full = false;
};

TEST_F(views_without_room, follow_when_there_is_some) {
  ingest(post("crm", "E-0", "project.created").ref("X"));
  const auto before = models->checkpoint();
  EXPECT_EQ(before, log.head().last);
  is_full = true;
  // Ingestion goes on; the rows stay where they were.
  EXPECT_EQ(ingest(post("erp", "E-1", "order.confirmed").ref("X").order("O-1")).what, outcome::stored);
  EXPECT_EQ(ingest(post("crm", "E-2", "project.created").ref("Y")).what, outcome::stored);
  EXPECT_EQ(models->checkpoint(), before);
  for (int i = 0; i < 3; ++i) {
    coordinator().trigger_timeouts();
    run();
  }
  EXPECT_EQ(models->checkpoint(), before);
  is_full = false;
  for (int i = 0; i < 3 && models->checkpoint() == before; ++i) {
    coordinator().trigger_timeouts();
    run();
  }
  EXPECT_EQ(models->checkpoint(), log.head().last);
  EXPECT_EQ(models->events_folded(), log.head().last.value);
  ingest(post("crm", "E-3", "project.created").ref("Z"));
  EXPECT_EQ(models->checkpoint(), log.head().last);
}

}  // namespace
}  // namespace plo::actors::test
