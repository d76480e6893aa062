// Orders: confirmation, lines, stock, picking.
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(domain_order, confirmation_creates_the_order_with_all_it_says) {
  const auto p = given({said("order.confirmed", "06-01 10:00",
                             R"({"order_ref":"O1","customer_id":"C","lines":[{"line_id":"L7","sku":"A","label":"Oven","qty":2,"unit_price":199.9,
                             "warehouse":"W","main":true,"installation_required":true},{"sku":"B","qty":0.5}],"delivery_address":{"city": "Lille"},
                             "installation_address":{"city":"Lens"},"installation_required":true,"lead_time_days":21,
                             "promised_delivery_date":"2025-06-20","promised_installation_date":"2025-06-25"})")});
  const auto& o = p.of("O1");
  EXPECT_EQ(o.confirmed_at, at("06-01 10:00"));
  EXPECT_EQ(o.concluded.status, order_status::confirmed);
  EXPECT_EQ(o.customer_id.value, "C");
  EXPECT_EQ(o.delivery_address.value, R"({"city":"Lille"})");
  EXPECT_EQ(o.installation_address.value, R"({"city":"Lens"})");
  EXPECT_EQ(o.installation_required.value, true);
  EXPECT_EQ(o.lead_time_days.value, 21);
  EXPECT_EQ(o.promised_delivery_date.value, day("06-20"));
  EXPECT_EQ(o.promised_installation_date.value, day("06-25"));
  ASSERT_EQ(o.lines.size(), 2u);
  EXPECT_EQ(o.lines[0].line_id, "L7");
  EXPECT_EQ(o.lines[0].label, "Oven");
  EXPECT_EQ(o.lines[0].quantity, 2);
  EXPECT_EQ(o.lines[0].unit_price, 199.9);
  EXPECT_EQ(o.lines[0].warehouse, "W");
  EXPECT_TRUE(o.lines[0].main);
  EXPECT_EQ(o.lines[0].installation_required, true);
  EXPECT_EQ(o.lines[1].line_id, "2") << "by its place";
  EXPECT_EQ(o.lines[1].quantity, 0.5);
}

TEST(domain_order, any_event_that_names_an_unknown_order_creates_it_as_draft) {
  for (const auto* type : {"stock.check_ok", "picking.started", "shipment.dispatched", "order.line_added", "lastmile.scheduled", "quality.issue_raised",
                           "consolidation.order_arrived", "installation.issue", "quote_products.created"}) {
    const auto p = given({said(type, "06-01", R"({"order_ref":"O9"})")});
    EXPECT_EQ(p.of("O9").concluded.status, order_status::draft) << type;
    EXPECT_FALSE(p.of("O9").confirmed_at) << type;
  }
}

TEST(domain_order, the_ingest_bodys_own_order_ref_names_the_order_too) {
  auto e = said("picking.started", "06-01");
  e.order_ref = "O9";
  EXPECT_EQ(given({e})->orders.size(), 1u);
  auto both = said("picking.started", "06-01", R"({"order_ref":"O1"})");
  both.order_ref = "O2";
  EXPECT_EQ(given({both})->orders.front().order_ref, "O1") << "the payload's wins";
}

TEST(domain_order, an_event_without_a_reference_is_about_the_only_order) {
  const auto p = given({confirmed("O1"), said("picking.started", "06-02")});
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::in_progress);
}

TEST(domain_order, an_event_that_could_be_about_two_orders_is_attached_to_none) {
  // It still stands on the timeline.
  const auto p = given({confirmed("O1"), confirmed("O2"), said("picking.started", "06-02")});
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::pending);
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O2"), step_status::pending);
}

TEST(domain_order, a_confirmation_without_a_reference_takes_the_projects) {
  const auto p = given({said("order.confirmed", "06-01", R"({"lines":[]})"), said("order.confirmed", "06-02", R"({"lead_time_days":3})")});
  ASSERT_EQ(p->orders.size(), 1u);
  EXPECT_EQ(p->orders[0].order_ref, "CMD-1");
  EXPECT_EQ(p->orders[0].lead_time_days.value, 3);
}

TEST(domain_order, an_order_is_found_by_plos_own_id_too) {
  auto p = given({confirmed("O1")});
  p.when(said("picking.started", "06-02", R"({"order_ref":")" + p.of("O1").id.to_string() + "\"}"));
  EXPECT_EQ(p->orders.size(), 1u);
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::in_progress);
}

TEST(domain_order, a_repeated_confirmation_updates_by_time_and_repeats_no_lines) {
  const auto first = confirmed("O1", "06-01", R"(,"lead_time_days":1)");
  const auto second = said("order.confirmed", "06-02", R"({"order_ref":"O1","lead_time_days":2,"lines":[{"sku":"A","qty":3}]})");
  for (const auto& p : {given({first, second}), given({second, first})}) {
    EXPECT_EQ(p.of("O1").confirmed_at, at("06-01"));
    EXPECT_EQ(p.of("O1").lead_time_days.value, 2);
    EXPECT_EQ(p.of("O1").promised_delivery_date.value, day("06-20"));
    ASSERT_EQ(p.of("O1").lines.size(), 1u);
    EXPECT_EQ(p.of("O1").lines[0].quantity, 3);
  }
}

TEST(domain_order, lines_are_numbered_by_their_place_and_pass_over_given_numbers) {
  const auto p = given({said("order.confirmed", "06-01", R"({"order_ref":"O1","lines":[{"sku":"A"},{"sku":"B","line_id":"2"},{"sku":"C"},{"sku":"D"}]})")});
  std::vector<std::string> ids;
  for (const auto& line : p.of("O1").lines) ids.push_back(line.line_id);
  EXPECT_THAT(ids, ElementsAre("1", "2", "3", "4"));
  const auto q = given({said("order.confirmed", "06-01", R"({"order_ref":"O1","lines":[{"sku":"A"},{"sku":"B","line_id":"3"},{"sku":"C"}]})")});
  EXPECT_EQ(q.of("O1").lines[2].line_id, "4");
}

TEST(domain_order, added_lines_stand_behind_in_the_order_of_their_times) {
  const auto c = said("order.line_added", "06-02", R"({"order_ref":"O1","lines":[{"sku":"C","qty":1}]})");
  const auto d = said("order.line_added", "06-03", R"({"order_ref":"O1","sku":"D","qty":4})");
  for (const auto& p : {given({confirmed("O1"), c, d}), given({d, confirmed("O1"), c}), given({d, c, confirmed("O1")})}) {
    const auto& lines = p.of("O1").lines;
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[1].sku, "C");
    EXPECT_EQ(lines[1].line_id, "2");
    EXPECT_EQ(lines[2].sku, "D");
    EXPECT_EQ(lines[2].quantity, 4);
    EXPECT_EQ(lines[2].line_id, "3");
  }
}

TEST(domain_order, an_added_line_with_a_known_id_replaces_that_line) {
  const auto base = said("order.confirmed", "06-01", R"({"order_ref":"O1","lines":[{"line_id":"a","sku":"A"},{"line_id":"b","sku":"B"}]})");
  const auto change = said("order.line_added", "06-03", R"({"order_ref":"O1","lines":[{"line_id":"a","sku":"A2"}]})");
  const auto older = said("order.line_added", "06-02", R"({"order_ref":"O1","lines":[{"line_id":"a","sku":"A1"}]})");
  for (const auto& p : {given({base, change, older}), given({older, change, base}), given({change, base, older})}) {
    ASSERT_EQ(p.of("O1").lines.size(), 2u);
    EXPECT_EQ(p.of("O1").lines[0].sku, "A2");
    EXPECT_EQ(p.of("O1").lines[1].sku, "B");
  }
}

TEST(domain_order, a_newer_confirmation_states_all_lines_anew) {
  const auto p = given({confirmed("O1"), said("order.line_added", "06-02", R"({"order_ref":"O1","sku":"B"})"),
                        said("order.confirmed", "06-03", R"({"order_ref":"O1","lines":[{"sku":"Z"}]})"),
                        said("order.line_added", "06-02 12:00", R"({"order_ref":"O1","sku":"Late"})")});
  ASSERT_EQ(p.of("O1").lines.size(), 1u);
  EXPECT_EQ(p.of("O1").lines[0].sku, "Z");
}

TEST(domain_order, a_replaced_line_remembers_by_what_and_whether_the_customer_agreed) {
  const auto p = given({confirmed("O1"), said("order.line_replaced", "06-02", R"({"order_ref":"O1","sku":"A","replacement_sku":"A9"})")});
  EXPECT_EQ(p.of("O1").lines[0].replaced_by, "A9");
  EXPECT_EQ(p.of("O1").lines[0].replacement_validated, false);
  const auto q = given({said("order.line_replaced", "06-03", R"({"order_ref":"O1","sku":"A","replacement_sku":"A9","customer_validated":true})"),
                        said("order.line_replaced", "06-02", R"({"order_ref":"O1","sku":"A","replacement_sku":"A8"})"), confirmed("O1")});
  EXPECT_EQ(q.of("O1").lines[0].replaced_by, "A9");
  EXPECT_EQ(q.of("O1").lines[0].replacement_validated, true);
}

TEST(domain_order, stock_is_known_per_line_by_sku) {
  const auto two = said("order.confirmed", "06-01", R"({"order_ref":"O1","lines":[{"sku":"A","qty":2},{"sku":"B","qty":2},{"sku":"C","qty":2}]})");
  const auto status = [](const project& p, std::size_t i) { return p.of("O1").lines[i].stock.value; };
  const auto shortage = said("stock.shortage", "06-02", R"({"order_ref":"O1","skus":["A"]})");
  for (const auto& p : {given({two, shortage}), given({shortage, two})}) {
    EXPECT_EQ(status(p, 0), stock_status::shortage);
    EXPECT_EQ(status(p, 1), std::nullopt);
  }
  const auto p = given({two, shortage, said("stock.check_ok", "06-03", R"({"order_ref":"O1"})")});
  EXPECT_EQ(status(p, 0), stock_status::available);
  EXPECT_EQ(status(p, 1), stock_status::available);
  const auto late = given({two, said("stock.check_ok", "06-03", R"({"order_ref":"O1"})"), shortage});
  EXPECT_EQ(status(late, 0), stock_status::available) << "older news do not overwrite";
  const auto partial = given({two, said("stock.partial", "06-02", R"({"order_ref":"O1","lines":[{"sku":"A","available_qty":0},{"sku":"B","available_qty":1},
                              {"sku":"C","available_qty":2}]})")});
  EXPECT_EQ(status(partial, 0), stock_status::shortage);
  EXPECT_EQ(status(partial, 1), stock_status::backordered);
  EXPECT_EQ(status(partial, 2), stock_status::available);
}

TEST(domain_order, a_cancelled_order_is_cancelled) {
  const auto p = given({confirmed("O1"), said("order.cancelled", "06-02", R"({"order_ref":"O1"})")});
  EXPECT_EQ(p.of("O1").concluded.status, order_status::cancelled);
  EXPECT_EQ(p.of("O1").cancelled_at, at("06-02"));
  EXPECT_EQ(p.status_of(step_type::order_confirmed, "O1"), step_status::completed);
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::skipped);
  EXPECT_THAT(p->consolidation->concluded.orders_required, IsEmpty());
}

TEST(domain_order, cancellation_and_confirmation_count_by_their_times) {
  const auto cancel = said("order.cancelled", "06-02", R"({"order_ref":"O1"})");
  EXPECT_EQ(given({cancel, confirmed("O1")}).of("O1").concluded.status, order_status::cancelled);
  const auto again = given({confirmed("O1"), cancel, confirmed("O1", "06-03")});
  EXPECT_EQ(again.of("O1").concluded.status, order_status::confirmed);
  EXPECT_EQ(again.of("O1").confirmed_at, at("06-03")) << "the present confirmation";
}

TEST(domain_order, status_follows_the_goods) {
  auto p = given({said("picking.started", "06-02", R"({"order_ref":"O1"})")});
  EXPECT_EQ(p.of("O1").concluded.status, order_status::draft);
  p.when(confirmed("O1"));
  EXPECT_EQ(p.of("O1").concluded.status, order_status::in_fulfillment);
  p.when(said("lastmile.delivered", "06-10"));
  EXPECT_EQ(p.of("O1").concluded.status, order_status::closed) << "nothing else is required, so the project closes";
  p.when(said("project.reopened", "06-11"));
  EXPECT_EQ(p.of("O1").concluded.status, order_status::delivered);
}

TEST(domain_order, is_installed_once_its_installation_is_completed) {
  const auto p = given({confirmed("O1", "06-01", R"(,"installation_required":true)"), said("lastmile.delivered", "06-10"),
                        said("installation.completed", "06-12")});
  EXPECT_EQ(p.of("O1").concluded.status, order_status::installed);
}

TEST(domain_order, stock_check_step) {
  auto p = given({confirmed("O1")});
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::pending);
  p.when(said("stock.shortage", "06-02", R"({"order_ref":"O1","skus":["A"]})"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::anomaly);
  p.when(said("stock.check_ok", "06-03", R"({"order_ref":"O1"})"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::completed);
  EXPECT_EQ(p.step_of(step_type::stock_check, "O1").started_at, at("06-02"));
  EXPECT_EQ(p.step_of(step_type::stock_check, "O1").completed_at, at("06-03"));
  p.when(said("stock.partial", "06-02 12:00", R"({"order_ref":"O1"})"));
  EXPECT_EQ(p.status_of(step_type::stock_check, "O1"), step_status::completed);
  EXPECT_THAT(p.derived(), ElementsAre("event.not_applied")) << "late news that change nothing";
}

TEST(domain_order, picking_step) {
  auto p = given({confirmed("O1"), said("picking.started", "06-02", R"({"order_ref":"O1"})")});
  EXPECT_EQ(p.step_of(step_type::picking_preparation, "O1").started_at, at("06-02"));
  p.when(said("picking.discrepancy", "06-03", R"({"order_ref":"O1","lines":[{"sku":"A"}]})"));
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::anomaly);
  p.when(said("picking.completed", "06-04", R"({"order_ref":"O1"})"));
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::completed);
  p.when(said("picking.discrepancy", "06-05", R"({"order_ref":"O1"})"));
  EXPECT_EQ(p.status_of(step_type::picking_preparation, "O1"), step_status::anomaly);
}

TEST(domain_order, data_that_cannot_be_read_changes_nothing_but_the_counters) {
  auto p = given({confirmed("O1")});
  const auto before = *p;
  for (const auto* data : {"[]", "7", "{\"order_ref\":7,\"lines\":9,\"lead_time_days\":\"x\",\"promised_delivery_date\":true}"}) {
    auto e = said("order.line_added", "06-02", data);
    p.when(e);
    auto after = *p;
    after.events = before.events;
    after.newest = before.newest;
    after.orders[0].seen = before.orders[0].seen;
    EXPECT_EQ(after, before) << data;
  }
}

}  // namespace
}  // namespace plo
