// How large things may become: at the door, and in a project.
#include <fmt/format.h>

#include "domain/event/payload_schema.hpp"
#include "domain/project/limits.hpp"
#include "tests/project/given.hpp"

namespace plo::spec {
namespace {

using ::testing::ElementsAre;

const event_type_map no_names;

/// The pointers of what is wrong with an event of this payload; empty when it is taken.
std::vector<std::string> faults(std::string_view type, std::string_view payload, const ingest_limits& limits = {}, std::string_view more = "") {
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &no_names; };
  scope.limits = limits;
  const auto body = fmt::format(R"({{"source":"erp","source_ref":"r","event_type":"{}","project_ref":"P","occurred_at":"2025-06-15T14:32:00Z"{},"payload":{}}})",
                                type, more, payload);
  const auto e = parse_ingest_event(body, scope);
  std::vector<std::string> pointers;
  if (!e) for (const auto& error : e.error().errors) pointers.push_back(error.pointer);
  if (!e && pointers.empty()) pointers.push_back(e.error().detail);
  return pointers;
}

std::string lines(std::size_t from, std::size_t upto, bool with_ids = true) {
  std::string text = "[";
  for (auto i = from; i < upto; ++i) text += fmt::format(R"({}{{{}"sku":"S{}"}})", i == from ? "" : ",", with_ids ? fmt::format(R"("line_id":"L{}",)", i) : "", i);
  return text + "]";
}

std::string field(std::string_view name, std::string_view text) { return json_writer().begin_object().field(name, text).end_object().str(); }

ingest_limits small() {
  ingest_limits limits;
  limits.lines_per_order = 4;
  limits.orders_per_project = 2;
  limits.legs_per_project = 3;
  limits.tours_per_project = 2;
  limits.visits_per_project = 2;
  limits.text_bytes = 2000;
  return limits;
}

/// The field at fault and the message; empty when it fits.
std::pair<std::string, std::string> excess(const project& p, const event& e) {
  const auto found = exceeds(*p, e, small());
  if (!found) return {};
  return {found->errors.front().pointer, found->detail};
}

}  // namespace

TEST(domain_limits, dates_and_instants_lie_between_1970_and_9999) {
  for (const auto* day : {"0001-01-01", "1969-12-31", "1969-12-31T23:59:59Z", "0000-01-01", "10000-01-01"}) {
    EXPECT_THAT(faults("order.confirmed", field("promised_delivery_date", day)), ElementsAre("/payload/promised_delivery_date")) << day;
    EXPECT_THAT(faults("lastmile.scheduled", field("scheduled_date", day)), ElementsAre("/payload/scheduled_date")) << day;
    EXPECT_THAT(faults("installation.scheduled", field("scheduled_start", day)), ElementsAre("/payload/scheduled_start")) << day;
    EXPECT_THAT(faults("shipment.eta_updated", field("estimated_arrival", day)), ElementsAre("/payload/estimated_arrival")) << day;
  }
  for (const auto* day : {"1970-01-01", "9999-12-31", "1970-01-01T01:00:00+01:00", "9999-12-31T23:59:59.999Z"})
    EXPECT_THAT(faults("order.confirmed", field("promised_delivery_date", day)), ElementsAre()) << day;
}

TEST(domain_limits, texts_have_the_size_of_what_they_are) {
  const std::string long_reference(257, 'x'), long_name(1025, 'x'), long_text(64 * 1024 + 1, 'x');
  for (const auto* name : {"store_id", "project_type", "channel_origin", "customer_id"}) {
    EXPECT_THAT(faults("project.created", field(name, long_reference)), ElementsAre("/payload/" + std::string(name)));
    EXPECT_THAT(faults("project.created", field(name, long_reference.substr(1))), ElementsAre());
  }
  for (const auto* name : {"customer_name", "customer_email"}) {
    EXPECT_THAT(faults("project.created", field(name, long_name)), ElementsAre("/payload/" + std::string(name)));
    EXPECT_THAT(faults("project.created", field(name, long_name.substr(1))), ElementsAre());
  }
  EXPECT_THAT(faults("consolidation.order_arrived", field("station_name", long_name)), ElementsAre("/payload/station_name"));
  EXPECT_THAT(faults("order.confirmed", R"({"lines":[{"label":")" + long_name + R"("}]})"), ElementsAre("/payload/lines/0/label"));
  EXPECT_THAT(faults("lastmile.failed", field("reason", long_text)), ElementsAre("/payload/reason"));
  EXPECT_THAT(faults("lastmile.failed", field("reason", long_text.substr(1))), ElementsAre());
  EXPECT_THAT(faults("lastmile.failed", field("reason", std::string(2001, 'x')), small()), ElementsAre("/payload/reason"));
}

TEST(domain_limits, no_control_characters_in_references) {
  for (const auto* text : {"a\x1b", "a\n", "\x7f", "\xc2\x80", "a\xc2\x9b" "31m"}) {
    EXPECT_TRUE(has_control_characters(text));
    EXPECT_THAT(faults("order.confirmed", field("order_ref", text)), ElementsAre("/payload/order_ref"));
    EXPECT_THAT(faults("order.confirmed", R"({"lines":[)" + field("sku", text) + "]}"), ElementsAre("/payload/lines/0/sku"));
  }
  for (const auto* text : {"é", "\xc2\xa0", "Ã", "a b"}) EXPECT_FALSE(has_control_characters(text)) << text;
}

TEST(domain_limits, one_event_has_as_many_lines_as_an_order) {
  EXPECT_THAT(faults("order.confirmed", R"({"lines":)" + lines(0, 2000) + "}"), ElementsAre());
  EXPECT_THAT(faults("order.confirmed", R"({"lines":)" + lines(0, 2001) + "}"), ElementsAre("/payload/lines"));
  EXPECT_THAT(faults("stock.shortage", R"({"lines":)" + lines(0, 5) + "}", small()), ElementsAre("/payload/lines"));
  EXPECT_THAT(faults("stock.shortage", R"({"skus":["1","2","3","4","5"]})", small()), ElementsAre("/payload/skus"));
  EXPECT_THAT(faults("picking.started", R"({"lines":[1,2,3,4,5]})", small()), ElementsAre("/payload/lines"));
}

TEST(domain_limits, the_event_may_not_lie_far_ahead) {
  ingest_scope scope;
  scope.map_of = [](std::string_view) { return &no_names; };
  constexpr std::string_view body = R"({"source":"erp","source_ref":"r","event_type":"a.b","project_ref":"P","occurred_at":"2025-06-15T14:32:00Z","payload":{}})";
  EXPECT_TRUE(parse_ingest_event(body, scope)) << "nobody says what is ahead";
  scope.latest = at("2025-06-15T14:32:00Z");
  EXPECT_TRUE(parse_ingest_event(body, scope));
  scope.latest = at("2025-06-15T14:31:59.999Z");
  const auto refused = parse_ingest_event(body, scope);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().errors.front().pointer, "/occurred_at");
}

TEST(domain_limits, an_order_has_so_many_lines_however_they_came) {
  project p;
  p.when(said("order.confirmed", "06-01", R"({"order_ref":"O","lines":)" + lines(0, 3) + "}"));
  const auto add = [](std::string_view some, std::string_view when = "06-02") {
    return said("order.line_added", when, fmt::format(R"({{"order_ref":"O","lines":{}}})", some));
  };
  EXPECT_EQ(excess(p, add(lines(3, 4))).first, "");
  EXPECT_EQ(excess(p, add(lines(0, 4))).first, "") << "three of them take the place of what is there";
  EXPECT_EQ(excess(p, add(lines(3, 5))), std::pair(std::string("/payload/lines"), std::string("an order must not have more than 4 lines")));
  EXPECT_EQ(excess(p, add(lines(0, 2, false))).first, "/payload/lines") << "without an id each is another one";
  EXPECT_EQ(excess(p, said("order.line_added", "06-02", R"({"order_ref":"O","sku":"A"})")).first, "");
  p.when(add(lines(3, 4)));
  EXPECT_EQ(excess(p, said("order.line_added", "06-02", R"({"order_ref":"O","sku":"A"})")).first, "/payload/line_id");
  EXPECT_EQ(excess(p, said("order.confirmed", "06-03", R"({"order_ref":"O","lines":)" + lines(10, 14) + "}")).first, "") << "these are all there are";
  EXPECT_EQ(excess(p, said("order.confirmed", "06-01", R"({"order_ref":"O","lines":)" + lines(10, 14) + "}")).first, "/payload/lines") << "one was added later";
}

TEST(domain_limits, a_project_has_so_many_orders_from_whomever) {
  project p;
  p.when(said("order.confirmed", "06-01", R"({"order_ref":"A"})"));
  p.when(said("stock.check_ok", "06-01", R"({"order_ref":"B"})"));
  const std::pair full(std::string("/payload/order_ref"), std::string("a project must not have more than 2 orders"));
  EXPECT_EQ(excess(p, said("order.confirmed", "06-02", R"({"order_ref":"C"})")), full);
  EXPECT_EQ(excess(p, said("consolidation.order_arrived", "06-02", R"({"order_ref":"C"})")), full);
  EXPECT_EQ(excess(p, said("order.confirmed", "06-02", R"({"order_ref":"B"})")).first, "");
  EXPECT_EQ(excess(p, said("foo.bar", "06-02", R"({"order_ref":"C"})")).first, "") << "makes no order";
  EXPECT_EQ(excess(p, did(own_type::order_created, "06-02", R"({"order_ref":"C"})")).first, "/order_ref");
  EXPECT_EQ(excess(p, did(own_type::note_added, "06-02", R"({"comment":"C"})")).first, "");
}

TEST(domain_limits, a_project_has_so_many_legs_tours_visits_and_articles) {
  project p;
  p.when(said("order.confirmed", "06-01", R"({"order_ref":"A"})"));
  for (const auto* id : {"1", "2", "3"}) p.when(said("shipment.dispatched", "06-01", fmt::format(R"({{"order_ref":"A","shipment_id":"{}"}})", id)));
  EXPECT_EQ(excess(p, said("shipment.in_transit", "06-02", R"({"order_ref":"A","shipment_id":"4"})")).first, "/payload/shipment_id");
  EXPECT_EQ(excess(p, said("shipment.in_transit", "06-02", R"({"order_ref":"A","shipment_id":"3"})")).first, "");
  EXPECT_EQ(excess(p, said("shipment.in_transit", "06-02", R"({"order_ref":"A","leg_number":7})")).first, "/payload/leg_number");
  EXPECT_EQ(excess(p, said("foo.bar", "06-02", R"({"shipment_id":"4"})")).first, "/payload/shipment_id") << "every name is kept";
  for (const auto* id : {"1", "2"}) {
    p.when(said("lastmile.scheduled", "06-01", fmt::format(R"({{"lastmile_id":"{}"}})", id)));
    p.when(said("installation.scheduled", "06-01", fmt::format(R"({{"installation_id":"{}"}})", id)));
  }
  EXPECT_EQ(excess(p, said("lastmile.failed", "06-02", R"({"lastmile_id":"3"})")).first, "/payload/lastmile_id");
  EXPECT_EQ(excess(p, said("lastmile.failed", "06-02", R"({"lastmile_id":"2"})")).first, "");
  EXPECT_EQ(excess(p, said("installation.started", "06-02", R"({"installation_id":"3"})")).first, "/payload/installation_id");
  for (const auto* missing : {R"(["A"])", R"(["B"])"})
    p.when(said("lastmile.partial_delivered", "06-03", fmt::format(R"({{"missing_order_ids":{}}})", missing)));
  EXPECT_EQ(excess(p, said("lastmile.partial_delivered", "06-04", R"({"missing_order_ids":["C"]})")).first, "/payload/missing_order_ids");
  EXPECT_EQ(excess(p, said("lastmile.partial_delivered", "06-04", R"({"missing_order_ids":["B"]})")).first, "");
  EXPECT_EQ(excess(p, said("lastmile.delivered", "06-04")).first, "");
  p.when(said("stock.shortage", "06-02", R"({"order_ref":"A","skus":["1","2","3"]})"));
  EXPECT_EQ(excess(p, said("stock.check_ok", "06-03", R"({"order_ref":"A","skus":["3","4"]})")).first, "");
  EXPECT_EQ(excess(p, said("stock.check_ok", "06-03", R"({"order_ref":"A","skus":["4","5"]})")).first, "/payload/skus");
}

TEST(domain_limits, a_project_that_is_too_large_already_goes_on) {
  project p;
  p.when(said("order.confirmed", "06-01", R"({"order_ref":"O","lines":)" + lines(0, 50) + "}"));
  EXPECT_EQ(p->orders.front().lines.size(), 50u) << "a fold enforces nothing";
  EXPECT_EQ(excess(p, said("order.line_added", "06-02", R"({"order_ref":"O","lines":)" + lines(0, 3) + "}")).first, "");
  EXPECT_EQ(excess(p, said("stock.check_ok", "06-02", R"({"order_ref":"O"})")).first, "");
}

}  // namespace plo::spec
