// Whether events stand where they belong: in order, doctored, and stored in another order than they came.
#include "replay/routing.hpp"

#include <map>

#include <fmt/format.h>

#include "replay/rederive.hpp"
#include "tests/replay/recorded.hpp"

namespace plo::replay::test {
namespace {

using ::testing::HasSubstr;
using outcome = routing_audit::outcome;

class routing_test : public ::testing::Test {
protected:
  /// The next event of the log, of a source.
  recorded_event said(const stream_id& stream, std::string source, std::string type, std::string project_ref, std::string data = "{}") {
    recorded_event e;
    e.pos.value = ++last_;
    e.version.value = ++versions_[stream.name];
    e.stream = stream;
    e.id = {make_uuid_v7(static_cast<std::int64_t>(last_))};
    e.kind = event_kind::source;
    e.source = std::move(source);
    e.source_ref = std::to_string(last_);
    e.type = std::move(type);
    e.project_ref = std::move(project_ref);
    e.occurred_at = *parse_instant("2025-06-15T10:00:00Z");
    e.data = std::move(data);
    e.found_at.value = last_;
    return e;
  }
  recorded_event said(const project_id& project, std::string source, std::string type, std::string project_ref, std::string data = "{}") {
    return said(stream_id::of(project), std::move(source), std::move(type), std::move(project_ref), std::move(data));
  }
  recorded_event letter(std::string source, std::string project_ref, std::string_view kind, std::string_view named = "null") {
    return said(stream_id::dead_letters(), std::move(source), "dead_letter.added", project_ref,
                fmt::format(R"({{"kind":"{}","event_type":"stock.check_ok","project_ref":"{}","named_project_id":{},"payload":{{}}}})", kind, project_ref, named));
  }
  outcome take(const recorded_event& e) {
    const auto verdict = audit.take(e, settings);
    why = verdict.why;
    return verdict.what;
  }

  routing_audit audit{0};
  finding_settings settings{{"project.created"}, std::chrono::hours(24 * 180)};
  std::string why;
  const project_id p{make_uuid_v7(1)}, q{make_uuid_v7(2)};

private:
  std::uint64_t last_ = 0;
  std::map<std::string, std::uint64_t> versions_;
};

TEST_F(routing_test, what_belongs_where_it_stands_is_the_same) {
  EXPECT_EQ(take(said(p, "crm", "project.created", "X")), outcome::same);
  EXPECT_EQ(take(said(p, "erp", "order.confirmed", "X", R"({"order_ref":"O-1"})")), outcome::same);
  EXPECT_EQ(take(said(p, "oms", "stock.check_ok", "O-1")), outcome::same);
  EXPECT_EQ(take(letter("oms", "nobody", "unattached")), outcome::same);
  EXPECT_EQ(take(said(q, "crm", "project.created", "Y", R"({"customer_id":"C"})")), outcome::same);
  EXPECT_EQ(take(said(q, "wfm", "stock.check_ok", "unheard", R"({"customer_id":"C"})")), outcome::same);
}

TEST_F(routing_test, what_belongs_to_another_project_differs) {
  take(said(p, "crm", "project.created", "X"));
  take(said(q, "crm", "project.created", "Y"));
  EXPECT_EQ(take(said(q, "erp", "stock.check_ok", "X")), outcome::differs);
  EXPECT_THAT(why, HasSubstr(p.to_string()));
  EXPECT_EQ(take(said(q, "erp", "stock.check_ok", "unheard")), outcome::differs);
  EXPECT_THAT(why, HasSubstr("no project is known as 'unheard'"));
}

TEST_F(routing_test, a_letter_that_somebody_should_have_had_differs) {
  take(said(p, "crm", "project.created", "X"));
  EXPECT_EQ(take(letter("erp", "X", "unattached")), outcome::differs);
  EXPECT_EQ(take(letter("erp", "nobody", "ambiguous")), outcome::differs);
  EXPECT_EQ(take(letter("erp", "X", "unattached", fmt::format("\"{}\"", q.to_string()))), outcome::same) << "an unknown id wins over a known reference";
}

TEST_F(routing_test, a_project_that_nothing_opens_differs) {
  EXPECT_EQ(take(said(p, "erp", "stock.check_ok", "X")), outcome::differs);
  EXPECT_EQ(take(said(q, "crm", "project.created", "X")), outcome::differs) << "X is known by now";
}

TEST_F(routing_test, whoever_names_the_project_by_its_id_is_heard) {
  take(said(p, "crm", "project.created", "X"));
  auto named = said(p, "erp", "stock.check_ok", "unheard");
  named.found_at = {};
  EXPECT_EQ(take(named), outcome::same);
  auto opened = said(q, "erp", "stock.check_ok", "Z");
  opened.found_at = {};
  EXPECT_EQ(take(opened), outcome::differs) << "there was no such project";
}

TEST_F(routing_test, what_was_overtaken_on_its_way_stands_where_it_belonged) {
  take(said(p, "crm", "project.created", "X"));
  take(said(q, "crm", "project.created", "Y"));
  take(said(p, "erp", "order.confirmed", "X", R"({"order_ref":"O-1"})"));
  take(said(q, "erp", "order.confirmed", "Y", R"({"order_ref":"O-1"})"));
  auto shipment = said(p, "tms", "shipment.dispatched", "O-1");
  EXPECT_EQ(take(shipment), outcome::differs);
  // It came before the second order of this name, and was stored behind it.
  shipment = said(p, "oms", "shipment.dispatched", "O-1");
  shipment.found_at.value = 4;
  EXPECT_EQ(take(shipment), outcome::same);
  EXPECT_EQ(take(letter("wms", "O-1", "ambiguous")), outcome::same);
}

TEST_F(routing_test, what_the_log_learnt_while_it_was_looked_for_may_have_counted) {
  take(said(p, "crm", "project.created", "X"));
  auto meanwhile = said(p, "crm", "stock.check_ok", "X");
  meanwhile.found_at = {};
  (void)take(meanwhile);
  take(said(p, "erp", "order.confirmed", "X", R"({"order_ref":"O-1"})"));
  auto shipment = said(p, "tms", "shipment.dispatched", "O-1");
  shipment.found_at.value = 3;
  EXPECT_EQ(take(shipment), outcome::same);
  auto lost = letter("oms", "O-1", "unattached");
  lost.found_at.value = 3;
  EXPECT_EQ(take(lost), outcome::same) << "nobody knew it then";
  lost = letter("wms", "O-1", "unattached");
  EXPECT_EQ(take(lost), outcome::differs);
}

TEST_F(routing_test, a_customer_is_known_as_of_then) {
  take(said(p, "crm", "project.created", "X", R"({"customer_id":"C"})"));
  take(said(q, "crm", "project.created", "Y", R"({"customer_id":"C"})"));
  EXPECT_EQ(take(said(p, "wfm", "stock.check_ok", "unheard", R"({"customer_id":"C"})")), outcome::differs);
  auto earlier = said(p, "tms", "stock.check_ok", "unheard of", R"({"customer_id":"C"})");
  earlier.found_at.value = 2;
  EXPECT_EQ(take(earlier), outcome::same);
}

TEST(rederiving, a_moved_event_is_found) {
  recording r(project_clock::mode::event);
  r.ingest_demo();
  const auto report = rederive(r.log(), {});
  EXPECT_TRUE(report.ok()) << to_json(report);
  EXPECT_GT(report.routed, 1000u);
  EXPECT_EQ(report.other_finding, 0u);
  // A letter whose reference was known all the time.
  const auto known = first(r.log(), "project.created").project_ref;
  auto doctored = copy_of(r.log(), [](recorded_event&) { return true; });
  event letter = first(r.log(), "project.created");
  letter.id = {make_uuid_v7(1)};
  letter.type = "dead_letter.added";
  letter.source_ref = "doctored";
  letter.found_at.value = doctored->head().last.value + 1;
  letter.data = fmt::format(R"({{"kind":"unattached","event_type":"stock.check_ok","project_ref":"{}","payload":{{}}}})", known);
  eventstore::append_request request;
  request.appends.push_back({stream_id::dead_letters(), {}, {std::move(letter)}});
  std::vector<eventstore::append_request> group;
  group.push_back(std::move(request));
  (void)doctored->append(std::move(group));
  const auto found = rederive(*doctored, {});
  EXPECT_EQ(found.differences_total, 1u);
  ASSERT_FALSE(found.differences.empty());
  EXPECT_THAT(found.differences[0].what, HasSubstr("stands where it does not belong: it belongs to project"));
}

}  // namespace
}  // namespace plo::replay::test
