#include "domain/event/ingest_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"

namespace plo {
namespace {

using kind = ingest_error::kind;
using testing::ElementsAre;
using testing::IsEmpty;

const event_type_map erp_names = {{"ORDER_VALIDATED", "order.confirmed"}, {"Old Delivery", "delivery.completed"}, {"BAD", "Not A Type"}};
const event_type_map no_names;

tl::expected<ingest_event, ingest_error> parse(std::string_view body, std::string_view authenticated = "erp") {
  return parse_ingest_event(body, {authenticated, [](std::string_view source) -> const event_type_map* {
                                     if (source == "erp") return &erp_names;
                                     if (source == "oms") return &no_names;
                                     return nullptr;
                                   }});
}

/// The usual body with some members replaced, added, or (given as nothing) left out.
std::string body_with(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::pair<std::string, std::string>> members = {
      {"source", R"("erp")"}, {"source_ref", R"("r1")"}, {"event_type", R"("order.confirmed")"}, {"project_ref", R"("CMD-1")"},
      {"occurred_at", R"("2025-06-15T14:32:00Z")"}, {"payload", "{}"}};
  for (const auto& [key, value] : changes) {
    auto at = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == key; });
    if (at == members.end()) members.emplace_back(key, value);
    else at->second = value;
  }
  std::string text = "{";
  for (const auto& [key, value] : members) {
    if (value.empty()) continue;
    if (text.size() > 1) text += ",";
    text += "\"" + key + "\":" + value;
  }
  return text + "}";
}

std::vector<std::string> pointers(const tl::expected<ingest_event, ingest_error>& result) {
  std::vector<std::string> found;
  if (result) return {"accepted"};
  if (result.error().what != kind::invalid) return {"not invalid"};
  for (const auto& e : result.error().errors) found.push_back(e.pointer);
  return found;
}

TEST(domain_ingest, takes_a_complete_event) {
  const auto e = parse(R"( { "source": "erp", "source_ref": "DELIVERY-12345", "event_type": "lastmile.partial_delivered",
    "project_ref": "CMD-2025-98765", "occurred_at": "2025-06-15T16:32:00.5+02:00", "order_ref": "O-1", "correlation_id": "c",
    "comment": "two\nlines", "payload": { "lastmile_id" : "L1", "price": 1.50, "order_ref": "O-2", "customer_id": "C" } } )");
  ASSERT_TRUE(e) << e.error().detail;
  EXPECT_EQ(e->source, "erp");
  EXPECT_EQ(e->source_ref, "DELIVERY-12345");
  EXPECT_EQ(e->type, "lastmile.partial_delivered");
  EXPECT_EQ(e->project_ref, "CMD-2025-98765");
  EXPECT_EQ(format_instant(e->occurred_at), "2025-06-15T14:32:00.500Z");
  EXPECT_EQ(e->order_ref, "O-1");
  EXPECT_EQ(e->correlation_id, "c");
  EXPECT_EQ(e->comment, "two\nlines");
  EXPECT_EQ(e->payload, R"({"lastmile_id":"L1","price":1.50,"order_ref":"O-2","customer_id":"C"})");
  EXPECT_EQ(e->payload_order_ref, "O-2");
  EXPECT_EQ(e->lastmile_id, "L1");
  EXPECT_EQ(e->customer_id, "C");
}

TEST(domain_ingest, keeps_numbers_and_escapes_as_written) {
  const auto e = parse(body_with({{"payload", R"({"a": 1.500, "b": 1E+2, "c": 123456789012345678901234567890, "d": "\u00e9\/"})"}}));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->payload, R"({"a":1.500,"b":1E+2,"c":123456789012345678901234567890,"d":"\u00e9\/"})");
}

TEST(domain_ingest, finds_the_payload_wherever_it_stands) {
  const auto e = parse(R"({"payload":{"x":[{"source":"}"}]},"source":"erp","source_ref":"1","event_type":"a.b","project_ref":"p","occurred_at":"2025-06-15T14:32:00Z"})");
  ASSERT_TRUE(e);
  EXPECT_EQ(e->payload, R"({"x":[{"source":"}"}]})");
  const auto escaped = parse(R"({"source":"erp","source_ref":"1","event_type":"a.b","project_ref":"p","occurred_at":"2025-06-15T14:32:00Z","pay\u006coad":{"y":1}})");
  ASSERT_TRUE(escaped);
  EXPECT_EQ(escaped->payload, R"({"y":1})");
}

TEST(domain_ingest, what_is_not_json_is_400) {
  for (const auto* text : {"", "{", "nope", "{\"source\":\"erp\",}", "\xff\xfe"}) {
    const auto e = parse(text);
    ASSERT_FALSE(e) << text;
    EXPECT_EQ(e.error().what, kind::not_json) << text;
  }
}

TEST(domain_ingest, json_that_we_do_not_take_is_422) {
  EXPECT_THAT(pointers(parse("[]")), ElementsAre(""));
  EXPECT_THAT(pointers(parse("null")), ElementsAre(""));
  EXPECT_THAT(pointers(parse(body_with({{"payload", "{\"a\":1e999}"}}))), ElementsAre(""));
  EXPECT_THAT(pointers(parse(body_with({{"payload", R"({"a":"\ud800"})"}}))), ElementsAre(""));
  EXPECT_THAT(pointers(parse(body_with({{"payload", "{\"a\":" + std::string(63, '[') + std::string(63, ']') + "}"}}))), ElementsAre(""));
  EXPECT_THAT(pointers(parse(body_with({{"payload", "{\"a\":" + std::string(62, '[') + std::string(62, ']') + "}"}}))), ElementsAre("accepted"));
  EXPECT_THAT(pointers(parse(R"({"source":"erp","source":"erp"})")), ElementsAre("/source"));
  EXPECT_THAT(pointers(parse(R"({"a~/b":1,"x":2,"a~/b":2,"source":"nobody"})")), ElementsAre("/a~0~1b"));
}

TEST(domain_ingest, an_unknown_source_is_401_and_anothers_403) {
  EXPECT_EQ(parse(body_with({{"source", R"("nobody")"}})).error().what, kind::unknown_source);
  EXPECT_EQ(parse(body_with({{"source", R"("oms")"}})).error().what, kind::wrong_source);
  EXPECT_EQ(parse(R"({"source":"oms"})").error().what, kind::wrong_source) << "before the fields are looked at";
  EXPECT_TRUE(parse(body_with({{"source", R"("oms")"}}), "").has_value()) << "an offline import may send for any source";
}

TEST(domain_ingest, names_every_missing_field) {
  EXPECT_THAT(pointers(parse("{}")), ElementsAre("/source", "/source_ref", "/project_ref", "/occurred_at", "/event_type", "/payload"));
  EXPECT_THAT(pointers(parse(R"({"source":"erp"})")), ElementsAre("/source_ref", "/project_ref", "/occurred_at", "/event_type", "/payload"));
}

TEST(domain_ingest, names_every_unknown_field) {
  EXPECT_THAT(pointers(parse(body_with({{"extra", "1"}, {"a/b", "{}"}, {"m~n", "null"}}))), ElementsAre("/extra", "/a~1b", "/m~0n"));
}

TEST(domain_ingest, wants_one_of_project_ref_and_project_id) {
  EXPECT_THAT(pointers(parse(body_with({{"project_ref", ""}}))), ElementsAre("/project_ref"));
  EXPECT_THAT(pointers(parse(body_with({{"project_ref", "null"}}))), ElementsAre("/project_ref"));
  const auto by_id = parse(body_with({{"project_ref", ""}, {"project_id", R"("01890a5d-ac96-774b-bcce-b302099a8057")"}}));
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->project->to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_TRUE(parse(body_with({{"project_id", R"("01890a5d-ac96-774b-bcce-b302099a8057")"}})));
}

struct wrong_member {
  const char* name;
  const char* value;
};
class wrong_field : public testing::TestWithParam<wrong_member> {};
TEST_P(wrong_field, is_named) {
  const auto [name, value] = GetParam();
  EXPECT_THAT(pointers(parse(body_with({{name, value}}))), ElementsAre(std::string("/") + name));
}
const std::string long_text = "\"" + std::string(257, 'x') + "\"";
const std::string long_comment = "\"" + std::string(10'001, 'x') + "\"";
const std::string long_type = "\"a." + std::string(99, 'x') + "\"";
INSTANTIATE_TEST_SUITE_P(
    domain_ingest, wrong_field,
    testing::Values(wrong_member{"source", "1"}, wrong_member{"source", "null"}, wrong_member{"source_ref", "1"}, wrong_member{"source_ref", "\"\""},
                    wrong_member{"source_ref", "null"}, wrong_member{"source_ref", R"("a\nb")"}, wrong_member{"source_ref", R"("a\u0000b")"},
                    wrong_member{"source_ref", long_text.c_str()}, wrong_member{"event_type", "[]"}, wrong_member{"event_type", "\"\""},
                    wrong_member{"event_type", "\"orderconfirmed\""}, wrong_member{"event_type", "\"Order.confirmed\""},
                    wrong_member{"event_type", "\"order.confirmed.twice\""}, wrong_member{"event_type", "\"order.\""},
                    wrong_member{"event_type", "\".confirmed\""}, wrong_member{"event_type", "\"order.confirmed2\""},
                    wrong_member{"event_type", "\"BAD\""}, wrong_member{"event_type", long_type.c_str()},
                    wrong_member{"project_ref", "{}"}, wrong_member{"project_ref", "\"\""}, wrong_member{"project_ref", long_text.c_str()},
                    wrong_member{"project_id", "\"x\""}, wrong_member{"project_id", "7"}, wrong_member{"project_id", "\"\""},
                    wrong_member{"order_ref", "1"}, wrong_member{"order_ref", "\"\""}, wrong_member{"order_ref", R"("a\tb")"},
                    wrong_member{"correlation_id", "true"}, wrong_member{"correlation_id", long_text.c_str()},
                    wrong_member{"comment", "1"}, wrong_member{"comment", long_comment.c_str()},
                    wrong_member{"occurred_at", "1750000000"}, wrong_member{"occurred_at", "\"\""}, wrong_member{"occurred_at", "\"yesterday\""},
                    wrong_member{"occurred_at", "\"2025-06-15\""}, wrong_member{"occurred_at", "\"2025-06-15T14:32:00\""},
                    wrong_member{"occurred_at", "\"1969-12-31T23:59:59Z\""}, wrong_member{"occurred_at", "\"9999-12-31T23:59:59-01:00\""},
                    wrong_member{"payload", "[]"}, wrong_member{"payload", "null"}, wrong_member{"payload", "\"{}\""}));

TEST(domain_ingest, null_stands_for_an_absent_optional_field) {
  EXPECT_TRUE(parse(body_with({{"project_id", "null"}, {"order_ref", "null"}, {"correlation_id", "null"}, {"comment", "null"}})));
}

TEST(domain_ingest, maps_a_sources_own_names) {
  EXPECT_EQ(parse(body_with({{"event_type", "\"ORDER_VALIDATED\""}}))->type, "order.confirmed");
  EXPECT_EQ(parse(body_with({{"event_type", "\"Old Delivery\""}}))->type, "lastmile.delivered") << "the map first, then the older names";
}

TEST(domain_ingest, accepts_older_names) {
  for (const auto& [older, present] : {std::pair{"delivery.scheduled", "lastmile.scheduled"}, {"delivery.completed", "lastmile.delivered"},
                                       {"delivery.partial", "lastmile.partial_delivered"}}) {
    EXPECT_EQ(parse(body_with({{"event_type", std::string("\"") + older + "\""}}))->type, present);
  }
  EXPECT_EQ(parse(body_with({{"event_type", "\"delivery.other\""}}))->type, "delivery.other");
}

TEST(domain_ingest, a_type_outside_the_catalogue_goes_unchecked) {
  const auto e = parse(body_with({{"event_type", "\"crane.ordered\""}, {"payload", R"({"order_ref":5,"shipment_id":"S","customer_id":"a\nb","lines":7})"}}));
  ASSERT_TRUE(e);
  EXPECT_EQ(e->payload_order_ref, "");
  EXPECT_EQ(e->shipment_id, "S");
  EXPECT_EQ(e->customer_id, "");
}

struct payload_case {
  const char* type;
  const char* payload;
  std::vector<std::string> at_fault;
};
class payload_of : public testing::TestWithParam<payload_case> {};
TEST_P(payload_of, is_checked) {
  const auto& [type, payload, at_fault] = GetParam();
  const auto result = parse(body_with({{"event_type", std::string("\"") + type + "\""}, {"payload", payload}}));
  if (at_fault.empty()) EXPECT_TRUE(result) << testing::PrintToString(pointers(result));
  else EXPECT_THAT(pointers(result), testing::ElementsAreArray(at_fault));
}
INSTANTIATE_TEST_SUITE_P(
    domain_ingest, payload_of,
    testing::Values(
        payload_case{"project.created", R"({"customer_id":"c","installation_required":true,"promised_installation_date":"2025-07-01","metadata":[1]})", {}},
        payload_case{"project.created", R"({"customer_id":1,"project_type":2,"installation_required":"yes","promised_installation_date":"soon"})",
                     {"/payload/customer_id", "/payload/project_type", "/payload/installation_required", "/payload/promised_installation_date"}},
        payload_case{"project.created", R"({"customer_id":null,"installation_required":null,"promised_installation_date":null})", {}},
        payload_case{"order.confirmed", R"({"lines":[{"sku":"A","qty":0},{"sku":1,"qty":-1},7],"lead_time_days":1.5,"delivery_address":"Paris"})",
                     {"/payload/lines/1/sku", "/payload/lines/1/qty", "/payload/lines/2", "/payload/delivery_address", "/payload/lead_time_days"}},
        payload_case{"order.confirmed", R"({"lines":{}})", {"/payload/lines"}},
        payload_case{"order.confirmed", R"({"lead_time_days":5.0,"promised_delivery_date":"2025-06-15T14:32:00Z","lines":[{"qty":1.5,"line_id":"7"}]})", {}},
        payload_case{"order.confirmed", R"({"promised_delivery_date":"2025-02-30"})", {"/payload/promised_delivery_date"}},
        payload_case{"order.line_added", R"({"sku":"A","qty":"2"})", {"/payload/qty"}},
        payload_case{"order.line_replaced", R"({"sku":"A","replacement_sku":"B","customer_validated":1})", {"/payload/customer_validated"}},
        payload_case{"order.cancelled", R"({"order_ref":1})", {"/payload/order_ref"}},
        payload_case{"stock.shortage", R"({"skus":["A",1],"lines":[{"sku":"A","available_qty":-1}]})", {"/payload/skus/1", "/payload/lines/0/available_qty"}},
        payload_case{"picking.discrepancy", R"({"lines":"A"})", {"/payload/lines"}},
        payload_case{"shipment.dispatched", R"({"shipment_id":"S","leg_number":1,"last_leg":true,"estimated_arrival":null,"actual_arrival":"2025-06-15"})", {}},
        payload_case{"shipment.eta_updated", R"({"shipment_id":7,"leg_number":"1","last_leg":"no","estimated_arrival":"tomorrow","actual_arrival":5})",
                     {"/payload/shipment_id", "/payload/leg_number", "/payload/last_leg", "/payload/estimated_arrival", "/payload/actual_arrival"}},
        payload_case{"consolidation.partial_approved", R"({"customer":"yes","installer":1,"estimated_complete_date":"x"})",
                     {"/payload/estimated_complete_date", "/payload/customer", "/payload/installer"}},
        payload_case{"lastmile.scheduled", R"({"scheduled_date":"2025-06-15","time_slot":{"start":"08:00","end":"24:00"},"missing_order_ids":[]})", {}},
        payload_case{"lastmile.scheduled", R"({"scheduled_date":"15/06","time_slot":{"start":"8h","end":5},"missing_order_ids":[1],"pod_url":1})",
                     {"/payload/scheduled_date", "/payload/time_slot/start", "/payload/time_slot/end", "/payload/missing_order_ids/0", "/payload/pod_url"}},
        payload_case{"lastmile.scheduled", R"({"time_slot":"morning"})", {"/payload/time_slot"}},
        payload_case{"installation.scheduled", R"({"scheduled_start":"2025-06-15","trained_for":["kitchen"],"customer_signature":{"signed":false}})", {}},
        payload_case{"installation.issue", R"({"severity":1,"trained_for":"kitchen","missing_products":{},"customer_signature":{"signed":"no"}})",
                     {"/payload/trained_for", "/payload/severity", "/payload/missing_products", "/payload/customer_signature/signed"}},
        payload_case{"quality.survey_completed", R"({"score":"5","scale":null})", {"/payload/score"}},
        payload_case{"quote_products.created", R"({"quote_id":1,"valid_until":"x","lines":[{"catalog_status":1}]})",
                     {"/payload/quote_id", "/payload/valid_until", "/payload/lines/0/catalog_status"}},
        payload_case{"quality.survey_sent", R"({"score":"anything"})", {}}));

TEST(domain_ingest, answers_a_body_full_of_mistakes_with_the_first_hundred) {
  std::string lines = "[";
  for (int i = 0; i < 1000; ++i) lines += i ? ",1" : "1";
  EXPECT_EQ(pointers(parse(body_with({{"payload", "{\"lines\":" + lines + "]}"}}))).size(), 100u);
}

TEST(domain_ingest, references_are_what_the_event_teaches) {
  const auto e = parse(body_with({{"order_ref", "\"O1\""}, {"payload", R"({"order_ref":"O1","shipment_id":"S","lastmile_id":"L","installation_id":"I"})"}}));
  ASSERT_TRUE(e);
  EXPECT_THAT(references_of(*e), ElementsAre(reference{reference_kind::project, "erp", "CMD-1"}, reference{reference_kind::order, "erp", "O1"},
                                             reference{reference_kind::shipment, "erp", "S"}, reference{reference_kind::lastmile, "erp", "L"},
                                             reference{reference_kind::installation, "erp", "I"}));
  EXPECT_THAT(references_of(ingest_event{}), IsEmpty());
}

TEST(domain_catalogue, knows_its_types) {
  for (const auto& entry : catalogue()) {
    EXPECT_EQ(find_type(entry.name), &entry);
    EXPECT_TRUE(is_well_formed_type(entry.name));
    EXPECT_EQ(canonical_type(entry.name), entry.name);
  }
  EXPECT_EQ(catalogue().size(), 53u);
  EXPECT_FALSE(is_known_type("steps.changed"));
  EXPECT_FALSE(is_known_type(""));
  EXPECT_EQ(find_type("stock.shortage")->step, step_type::stock_check);
}

}  // namespace
}  // namespace plo
