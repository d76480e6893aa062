// One contract, every log: what append, read and the indexes promise.
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "eventstore/index/customers.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/index/sources.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::filesystem::path fresh_directory() {
  static int count = 0;
  auto dir = std::filesystem::temp_directory_path() / fmt::format("plo-store-{}-{}", ::getpid(), ++count);
  std::filesystem::remove_all(dir);
  return dir;
}

struct memory_fixture {
  std::unique_ptr<log> open() { return make_memory_log(); }
  static constexpr bool survives_reopening = false;
};

struct rocksdb_fixture {
  std::filesystem::path dir = fresh_directory();
  ~rocksdb_fixture() { std::filesystem::remove_all(dir); }
  std::unique_ptr<log> open() { return open_rocksdb_log(dir); }
  static constexpr bool survives_reopening = true;
};

event make_event(std::string type, std::string source_ref = {}) {
  event e;
  e.id = {make_uuid_v7(1'750'000'000'000)};
  e.type = std::move(type);
  e.kind = source_ref.empty() ? event_kind::derived : event_kind::source;
  e.source = source_ref.empty() ? "" : "erp";
  e.source_ref = std::move(source_ref);
  e.occurred_at = instant(milliseconds(1'750'000'000'123));
  e.recorded_at = instant(milliseconds(1'750'000'000'456));
  e.data = R"({"n":1.50})";
  return e;
}

const project_id first_project{*uuid::parse("01890000-0000-7000-8000-000000000001")};
const project_id second_project{*uuid::parse("01890000-0000-7000-8000-000000000002")};

append_request append_to(const project_id& project, std::vector<event> events,
                         std::optional<std::uint64_t> expected = {}) {
  append_request request;
  stream_append part{stream_id::of(project), {}, std::move(events)};
  if (expected) part.expected = stream_version{*expected};
  request.appends.push_back(std::move(part));
  return request;
}

std::vector<append_outcome> append_one(log& store, append_request request) {
  std::vector<append_request> group;
  group.push_back(std::move(request));
  return store.append(std::move(group));
}

std::vector<recorded_event> everything(const log& store, std::uint64_t from = 1) {
  std::vector<recorded_event> events;
  store.read({from}, [&](const recorded_event& e) {
    events.push_back(e);
    return true;
  });
  return events;
}

template <class Fixture>
class log_contract : public ::testing::Test {
protected:
  Fixture fixture;
  std::unique_ptr<log> store = fixture.open();

  void reopen() {
    if constexpr (Fixture::survives_reopening) {
      store.reset();
      store = fixture.open();
    }
  }
};
using implementations = ::testing::Types<memory_fixture, rocksdb_fixture>;
TYPED_TEST_SUITE(log_contract, implementations);

TYPED_TEST(log_contract, a_new_log_is_empty) {
  EXPECT_EQ(this->store->head().last.value, 0u);
  EXPECT_EQ(this->store->head().hash, genesis_hash);
  EXPECT_THAT(everything(*this->store), IsEmpty());
  EXPECT_FALSE(this->store->at({1}));
  EXPECT_EQ(this->store->version_of(stream_id::of(first_project)).value, 0u);
}

TYPED_TEST(log_contract, an_event_comes_back_as_it_went_in) {
  auto e = make_event("order.confirmed", "R-1");
  e.causation_id = event_id{make_uuid_v7(1)};
  e.correlation_id = "corr";
  e.operator_id = "op";
  e.project_ref = "P-1";
  e.order_ref = "O-1";
  e.comment = "zażółć\n";
  e.kind = event_kind::source;
  const auto outcome = append_one(*this->store, append_to(first_project, {e}, 0));
  ASSERT_TRUE(outcome[0]);
  this->reopen();
  const auto read = this->store->at({1});
  ASSERT_TRUE(read);
  EXPECT_EQ(static_cast<const event&>(*read), e);
  EXPECT_EQ(*read, outcome[0]->at(0));
  EXPECT_EQ(read->stream, stream_id::of(first_project));
}

TYPED_TEST(log_contract, positions_run_over_all_streams_and_versions_inside_each) {
  std::vector<append_request> group;
  group.push_back(append_to(first_project, {make_event("a.a"), make_event("a.b")}, 0));
  group.push_back(append_to(second_project, {make_event("b.a")}, 0));
  group.push_back(append_to(first_project, {make_event("a.c")}, 2));
  for (const auto& outcome : this->store->append(std::move(group))) EXPECT_TRUE(outcome);
  this->reopen();
  append_one(*this->store, append_to(second_project, {make_event("b.b")}, 1));

  std::vector<std::string> seen;
  for (const auto& e : everything(*this->store))
    seen.push_back(fmt::format("{} {} {}", e.pos.value, e.type, e.version.value));
  EXPECT_THAT(seen, ElementsAre("1 a.a 1", "2 a.b 2", "3 b.a 1", "4 a.c 3", "5 b.b 2"));
  EXPECT_EQ(this->store->version_of(stream_id::of(first_project)).value, 3u);
}

TYPED_TEST(log_contract, a_stream_reads_its_own_events_in_order) {
  append_one(*this->store, append_to(first_project, {make_event("a.a")}, 0));
  append_one(*this->store, append_to(second_project, {make_event("b.a")}, 0));
  append_one(*this->store, append_to(first_project, {make_event("a.b"), make_event("a.c")}, 1));
  std::vector<std::string> types;
  this->store->read_stream(stream_id::of(first_project), {2}, [&](const recorded_event& e) {
    types.push_back(e.type);
    return true;
  });
  EXPECT_THAT(types, ElementsAre("a.b", "a.c"));
}

TYPED_TEST(log_contract, reading_stops_when_the_visitor_says_so) {
  append_one(*this->store, append_to(first_project, {make_event("a.a"), make_event("a.b"), make_event("a.c")}, 0));
  int seen = 0;
  this->store->read({2}, [&](const recorded_event&) { return ++seen < 1; });
  EXPECT_EQ(seen, 1);
}

TYPED_TEST(log_contract, a_wrong_version_refuses_that_request_alone) {
  std::vector<append_request> group;
  group.push_back(append_to(first_project, {make_event("a.a")}, 0));
  group.push_back(append_to(first_project, {make_event("a.lost"), make_event("a.lost")}, 0));
  group.push_back(append_to(second_project, {make_event("b.a")}, 0));
  const auto outcomes = this->store->append(std::move(group));
  EXPECT_TRUE(outcomes[0]);
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error(), append_error::version_conflict);
  ASSERT_TRUE(outcomes[2]);
  EXPECT_EQ(outcomes[2]->at(0).pos.value, 2u);
  EXPECT_EQ(this->store->head().last.value, 2u);
}

TYPED_TEST(log_contract, a_request_over_two_streams_is_refused_as_a_whole) {
  auto request = append_to(first_project, {make_event("a.a")}, 0);
  request.appends.push_back({stream_id::dead_letters(), stream_version{7}, {make_event("dead_letter.attached")}});
  EXPECT_FALSE(append_one(*this->store, std::move(request))[0]);
  EXPECT_EQ(this->store->head().last.value, 0u);
}

TYPED_TEST(log_contract, without_an_expected_version_the_event_goes_behind_what_is_there) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(append_one(*this->store, append_to(first_project, {make_event("a.a")}))[0]);
  EXPECT_EQ(this->store->version_of(stream_id::of(first_project)).value, 3u);
}

TYPED_TEST(log_contract, a_source_event_is_found_by_source_and_reference) {
  append_one(*this->store, append_to(first_project, {make_event("a.a", "R-1"), make_event("a.b")}, 0));
  this->reopen();
  EXPECT_EQ(eventstore::find_source_event(*this->store, "erp", "R-1"), position{1});
  EXPECT_FALSE(eventstore::find_source_event(*this->store, "erp", "R-2"));
  EXPECT_FALSE(eventstore::find_source_event(*this->store, "oms", "R-1"));
  EXPECT_FALSE(eventstore::find_source_event(*this->store, "er", "pR-1"));
}

TYPED_TEST(log_contract, a_conflict_does_not_hide_the_first_event) {
  append_one(*this->store, append_to(first_project, {make_event("a.a", "R-1")}, 0));
  append_request request;
  auto conflict = make_event(std::string(conflict_type), "R-1");
  conflict.data = R"({"digest":"digest-2"})";
  request.appends.push_back({stream_id::dead_letters(), {}, {std::move(conflict)}});
  append_one(*this->store, std::move(request));
  EXPECT_EQ(eventstore::find_source_event(*this->store, "erp", "R-1"), position{1});
  EXPECT_TRUE(eventstore::knows_conflict(*this->store, "erp", "R-1", "digest-2"));
  EXPECT_FALSE(eventstore::knows_conflict(*this->store, "erp", "R-1", "digest-3"));
}

TYPED_TEST(log_contract, references_lead_to_every_project_that_knows_them) {
  const auto taught = [](const char* source, const char* project_ref, const char* order_ref) {
    auto e = make_event("a.a", std::string(source) + project_ref + order_ref);
    e.source = source;
    e.project_ref = project_ref;
    e.order_ref = order_ref;
    return e;
  };
  append_one(*this->store, append_to(first_project, {taught("erp", "X", "O")}, 0));
  append_one(*this->store, append_to(second_project, {taught("crm", "X", ""), taught("crm", "XX", "")}, 0));
  this->reopen();
  using ::testing::UnorderedElementsAre;
  EXPECT_THAT(eventstore::find_references(*this->store, "X"),
              UnorderedElementsAre(known_reference{reference_kind::project, "erp", first_project},
                                   known_reference{reference_kind::project, "crm", second_project}));
  EXPECT_THAT(eventstore::find_references(*this->store, "XX"),
              ElementsAre(known_reference{reference_kind::project, "crm", second_project}));
  EXPECT_THAT(eventstore::find_references(*this->store, "O"),
              ElementsAre(known_reference{reference_kind::order, "erp", first_project}));
  EXPECT_THAT(eventstore::find_references(*this->store, "XXX"), IsEmpty());
}

TYPED_TEST(log_contract, a_customers_projects_carry_their_present_state) {
  const auto says = [](const char* type, event_kind kind, const char* data) {
    auto e = make_event(type);
    e.kind = kind;
    e.data = data;
    return e;
  };
  const auto created = make_event("a.a").occurred_at;
  const auto list = [this](const char* customer) { return customer_projects(*this->store, customer); };
  append_one(*this->store, append_to(first_project, {says("order.confirmed", event_kind::source, R"({"customer_id":"C-1"})")}, 0));
  EXPECT_THAT(list("C-1"), ElementsAre(customer_entry{"C-1", first_project, created, true}));
  append_one(*this->store, append_to(first_project, {says("project.status_changed", event_kind::derived, R"({"to":"completed"})")}, 1));
  this->reopen();
  EXPECT_THAT(list("C-1"), ElementsAre(customer_entry{"C-1", first_project, created, false}));
  EXPECT_THAT(list("C-"), IsEmpty());
  // project.created has the last word, also in the same group as what opens the project again.
  std::vector<append_request> group;
  group.push_back(append_to(first_project, {says("project.status_changed", event_kind::derived, R"({"to":"active"})")}, 2));
  group.push_back(append_to(first_project, {says("project.created", event_kind::source, R"({"customer_id":"C-2"})")}, 3));
  this->store->append(std::move(group));
  append_one(*this->store, append_to(first_project, {says("order.confirmed", event_kind::source, R"({"customer_id":"C-3"})")}, 4));
  this->reopen();
  EXPECT_THAT(list("C-1"), ElementsAre(customer_entry{"C-1", first_project, created, false}));
  EXPECT_THAT(list("C-2"), ElementsAre(customer_entry{"C-2", first_project, created, true}));
  EXPECT_THAT(list("C-3"), ElementsAre(customer_entry{"C-3", first_project, created, false})) << "named, and no more";
}

TYPED_TEST(log_contract, what_was_read_and_has_changed_refuses_the_request_alone) {
  append_one(*this->store, append_to(second_project, {make_event("b.a")}));
  std::vector<append_request> group;
  for (const std::uint64_t read : {1u, 0u, 1u}) {
    group.push_back(append_to(first_project, {make_event("a.a")}));
    group.back().fences.push_back({stream_id::of(second_project), {read}});
  }
  group.push_back(append_to(second_project, {make_event("b.b")}));
  group.push_back(append_to(first_project, {make_event("a.late")}));
  group.back().fences.push_back({stream_id::of(second_project), {1}});
  const auto outcomes = this->store->append(std::move(group));
  EXPECT_TRUE(outcomes[0]);
  ASSERT_FALSE(outcomes[1]);
  EXPECT_EQ(outcomes[1].error(), append_error::stale_read);
  EXPECT_TRUE(outcomes[2]);
  ASSERT_FALSE(outcomes[4]) << "changed in the same group";
  EXPECT_EQ(outcomes[4].error(), append_error::stale_read);
  EXPECT_EQ(this->store->version_of(stream_id::of(first_project)).value, 2u);
}

TYPED_TEST(log_contract, an_event_that_could_not_be_read_back_refuses_its_request_alone) {
  auto deep = make_event("a.b");
  deep.data = "{\"a\":" + std::string(300, '[') + std::string(300, ']') + "}";
  auto broken = make_event("a.b");
  broken.data = "{";
  auto text = make_event("a.b", "r\xff");
  auto early = make_event("a.b");
  early.occurred_at = instant::min();
  std::vector<append_request> group;
  for (const auto& bad : {deep, broken, text, early}) {
    group.push_back(append_to(first_project, {make_event("a.b", "good before"), bad}));
    group.push_back(append_to(second_project, {make_event("a.b")}));
  }
  const auto outcomes = this->store->append(std::move(group));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].has_value(), i % 2 == 1) << i;
    if (!outcomes[i]) {
      EXPECT_EQ(outcomes[i].error(), append_error::unreadable);
    }
  }
  EXPECT_EQ(this->store->version_of(stream_id::of(first_project)).value, 0u);
  EXPECT_EQ(this->store->version_of(stream_id::of(second_project)).value, 4u);
  EXPECT_EQ(eventstore::find_source_event(*this->store, "erp", "good before"), std::nullopt);
}

TYPED_TEST(log_contract, dead_letters_wait_in_order_of_arrival_until_they_are_attached) {
  const dead_letter_id first{make_uuid_v7(9)};
  const dead_letter_id second{make_uuid_v7(1)};
  for (const auto& id : {first, second}) {
    append_request request;
    auto added = make_event("dead_letter.added", id.to_string());
    added.id = {id.value};
    added.project_ref = "P-9";
    request.appends.push_back({stream_id::dead_letters(), {}, {std::move(added)}});
    append_one(*this->store, std::move(request));
  }
  this->reopen();
  std::vector<std::string> references;
  eventstore::each_waiting_reference(*this->store, [&](std::string_view ref) { references.emplace_back(ref); });
  EXPECT_THAT(references, ElementsAre("P-9", "P-9"));
  auto waiting = eventstore::waiting_dead_letters(*this->store, "P-9", {}, 10);
  ASSERT_EQ(waiting.size(), 2u);
  EXPECT_EQ(waiting[0].id, first);
  EXPECT_EQ(waiting[0].added.value, 1u);
  EXPECT_EQ(waiting[1].id, second);
  EXPECT_EQ(eventstore::waiting_dead_letters(*this->store, "P-9", {}, 1).size(), 1u) << "a portion";
  ASSERT_EQ(eventstore::waiting_dead_letters(*this->store, "P-9", waiting[0].added, 10).size(), 1u) << "and the next one";
  EXPECT_EQ(eventstore::waiting_dead_letters(*this->store, "P-9", waiting[0].added, 10)[0].id, second);
  EXPECT_TRUE(eventstore::waiting_dead_letters(*this->store, "P-9", waiting[1].added, 10).empty());

  auto attach = append_to(first_project, {make_event("a.a", first.to_string())}, 0);
  auto attached = make_event("dead_letter.attached");
  attached.data = fmt::format(R"({{"dead_letter_id":"{}"}})", first.to_string());
  attach.appends.push_back({stream_id::dead_letters(), {}, {std::move(attached)}});
  append_one(*this->store, std::move(attach));
  ASSERT_EQ(eventstore::waiting_dead_letters(*this->store, "P-9", {}, 10).size(), 1u);
  EXPECT_EQ(eventstore::waiting_dead_letters(*this->store, "P-9", {}, 10)[0].id, second);
  EXPECT_EQ(eventstore::find_dead_letter(*this->store, first)->status, dead_letter_status::attached);
  EXPECT_EQ(eventstore::find_source_event(*this->store, "erp", first.to_string()), position{3});
  EXPECT_FALSE(eventstore::find_dead_letter(*this->store, {make_uuid_v7(1)}));
}

TYPED_TEST(log_contract, every_record_follows_the_hash_before_it) {
  const auto one = append_one(*this->store, append_to(first_project, {make_event("a.a"), make_event("a.b")}, 0));
  chain_hash hash = genesis_hash;
  for (const auto& e : *one[0]) {
    chain_hash next;
    EXPECT_TRUE(follows(encode_record(e, hash, next), hash));
    hash = next;
  }
  this->reopen();
  EXPECT_EQ(this->store->head().hash, hash);
}

TYPED_TEST(log_contract, readers_never_see_half_a_group_while_it_is_written) {
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const auto head = this->store->head().last.value;
      EXPECT_EQ(head % 10, 0u);
      std::uint64_t seen = 0;
      this->store->read({1}, [&](const recorded_event& e) {
        EXPECT_EQ(e.pos.value, ++seen);
        return true;
      });
      EXPECT_GE(seen, head);
      EXPECT_EQ(seen % 10, 0u);
    }
  });
  for (int i = 0; i < 30; ++i)
    append_one(*this->store, append_to(first_project, std::vector<event>(10, make_event("a.a"))));
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace plo::eventstore
