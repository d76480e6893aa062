// ANO-05 06 07 11 12 13 14 15 32 33: rules about the installation.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

// install() sets the start to 06-25 08:00 UTC.
const auto to_install = [](std::string_view order_ref = "O1") {
  return ordered("06-01 08:00", "2025-06-20", R"("installation_required":true)", order_ref);
};
const auto delivered = [](std::string_view when) { return lastmile("delivered", when); };
const auto kitchen = [] { return said("project.created", "05-01", R"({"project_type":"kitchen"})"); };
const auto report = [](std::string_view when, std::string_view more = R"("customer_signature":{"signed":false,"reason":"absent"})") {
  return installation("report_submitted", when, more);
};
const auto trained = [](std::string_view list) { return install("06-10", "2025-06-25T08:00:00Z", fmt::format(R"("trained_for":{})", list)); };
const std::vector<std::string> issue_told{"email:coordinator", "ticket:crm", "ticket:sav"};

std::vector<firing> firings() {
  return {
      {"ANO-05", {ordered(), install("06-10")}, "critical installation I1", {"email:coordinator"},
       {R"({"path":"project.delivered","value":false})", R"({"path":"consolidation.partial_approved","value":false})"}, "", "installation_scheduled"},
      {"ANO-06", {ordered(), installation("issue", "06-25")}, "critical installation I1", issue_told, {}},
      {"ANO-07", {ordered(), install("06-10")}, "warning installation I1", {"email:coordinator"},
       {R"({"path":"project.orders_without_tour","value":["O1"]})"}, "06-20 08:00"},
      {"ANO-11", {to_install(), consent("06-09"), install("06-10")}, "critical installation I1", {"email:coordinator"},
       {R"("path":"project.orders")"}, "", "installation_scheduled"},
      {"ANO-12", {ordered(), installation("issue", "06-25", R"("severity":"blocking")")}, "critical installation I1", issue_told,
       {R"({"path":"event.payload.severity","value":"blocking"})"}},
      {"ANO-13", {ordered(), install("06-10")}, "critical installation I1", {"email:coordinator"},
       {R"({"path":"installation.started_at","value":null})"}, "06-25 10:00"},
      {"ANO-14", {ordered(), installation("completed", "06-25 12:00")}, "warning installation I1", {"email:technician"},
       {R"({"path":"installation.report_submitted_at","value":null})"}, "06-25 16:00"},
      {"ANO-15", {ordered(), report("06-25 14:00")}, "critical installation I1", {"email:coordinator", "ticket:crm/dispute"},
       {R"({"path":"event.payload.customer_signature.signed","value":false})"}},
      {"ANO-32", {kitchen(), ordered(), trained(R"(["bathroom"])")}, "warning installation I1", {"email:planning"},
       {R"({"path":"project.project_type","value":"kitchen"})", R"({"path":"event.payload.trained_for","value":["bathroom"]})"}},
      {"ANO-33", {ordered(), installation("partial", "06-25")}, "warning installation I1", {"email:coordinator", "ticket:crm"}, {}},
  };
}

std::vector<silence> silences() {
  return {
      {"delivered", "ANO-05", {ordered(), delivered("06-09"), install("06-10")}},
      {"partial_approved", "ANO-05", {ordered(), consent("06-09"), install("06-10")}},
      {"rescheduled", "ANO-05", {ordered(), install("06-10", "2025-06-25T08:00:00Z", "", "installation.rescheduled")}},
      {"partial", "ANO-06", {ordered(), installation("partial", "06-25")}},
      {"a_slot", "ANO-07", {ordered(), install("06-10"), slot("2025-06-20T07:59:59.999Z")}, "12-30"},
      {"a_slot_from_before", "ANO-07", {ordered(), slot("06-02"), install("06-10")}, "12-30"},
      {"cancelled", "ANO-07", {ordered(), install("06-10"), installation("cancelled", "06-19")}, "12-30"},
      {"no_time_given", "ANO-07", {ordered(), said("installation.scheduled", "06-10")}, "12-30"},
      {"nothing_to_install", "ANO-11", {ordered(), install("06-10")}},
      {"delivered", "ANO-11", {to_install(), delivered("06-09"), install("06-10")}},
      {"the_order_cancelled", "ANO-11", {to_install(), about("order.cancelled", "06-09"), install("06-10")}},
      {"only_the_other_order_is_missing", "ANO-11",
       {to_install(), ordered("06-01", "2025-06-20", "", "O2"), lastmile("partial_delivered", "06-09", R"({"missing_order_ids":["O2"]})"), install("06-10")}},
      {"another_severity", "ANO-12", {ordered(), installation("issue", "06-25", R"("severity":"minor")")}},
      {"no_severity", "ANO-12", {ordered(), installation("issue", "06-25")}},
      {"started", "ANO-13", {ordered(), install("06-10"), installation("started", "2025-06-25T09:59:59.999Z")}, "12-30"},
      {"completed_unstarted", "ANO-13", {ordered(), install("06-10"), installation("completed", "2025-06-25T09:59:59.999Z")}, "12-30"},
      {"cancelled", "ANO-13", {ordered(), install("06-10"), installation("cancelled", "06-25")}, "12-30"},
      {"moved", "ANO-13", {ordered(), install("06-10"), install("06-25 09:00", "2025-06-26T08:00:00Z", "", "installation.rescheduled")}, "06-26 09:59"},
      {"report_submitted", "ANO-14", {ordered(), installation("completed", "06-25 12:00"), report("2025-06-25T15:59:59.999Z")}, "12-30"},
      {"report_submitted_before", "ANO-14", {ordered(), report("06-25 11:00"), installation("completed", "06-25 12:00")}, "12-30"},
      {"not_completed", "ANO-14", {ordered(), installation("started", "06-25 12:00")}, "12-30"},
      {"signed", "ANO-15", {ordered(), report("06-25", R"("customer_signature":{"signed":true})")}},
      {"no_signature_told", "ANO-15", {ordered(), report("06-25", "")}},
      {"an_empty_signature", "ANO-15", {ordered(), report("06-25", R"("customer_signature":{})")}},
      {"trained", "ANO-32", {kitchen(), ordered(), trained(R"(["bathroom","kitchen"])")}},
      {"training_not_given", "ANO-32", {kitchen(), ordered(), install("06-10")}},
      {"training_null", "ANO-32", {kitchen(), ordered(), trained("null")}},
      {"type_of_the_project_unknown", "ANO-32", {ordered(), trained(R"(["bathroom"])")}},
      {"completed", "ANO-33", {ordered(), installation("completed", "06-25")}},
  };
}

std::vector<ending> endings() {
  return {
      {"delivered", "ANO-05", {ordered(), install("06-10")}, "", delivered("06-20")},
      {"partial_approved", "ANO-05", {ordered(), install("06-10")}, "", consent("06-11")},
      {"a_slot", "ANO-07", {ordered(), install("06-10")}, "06-20 08:00", slot("06-20 09:00")},
      {"a_slot_had_been_set", "ANO-07", {ordered(), install("06-10")}, "06-20 08:00", slot("06-20 07:00"), "late_event"},
      {"installed_later", "ANO-07", {ordered(), install("06-10")}, "06-20 08:00", install("06-20 09:00", "2025-06-26T08:00:00Z", "", "installation.rescheduled")},
      {"cancelled", "ANO-07", {ordered(), install("06-10")}, "06-20 08:00", installation("cancelled", "06-20 09:00")},
      {"delivered", "ANO-11", {to_install(), consent("06-09"), install("06-10")}, "", delivered("06-20")},
      {"the_order_cancelled", "ANO-11", {to_install(), consent("06-09"), install("06-10")}, "", about("order.cancelled", "06-20")},
      {"started", "ANO-13", {ordered(), install("06-10")}, "06-25 10:00", installation("started", "06-25 10:30")},
      {"had_started", "ANO-13", {ordered(), install("06-10")}, "06-25 10:00", installation("started", "06-25 08:30"), "late_event"},
      {"cancelled", "ANO-13", {ordered(), install("06-10")}, "06-25 10:00", installation("cancelled", "06-25 10:30")},
      {"report_submitted", "ANO-14", {ordered(), installation("completed", "06-25 12:00")}, "06-25 16:00", report("06-26")},
      {"report_had_been_submitted", "ANO-14", {ordered(), installation("completed", "06-25 12:00")}, "06-25 16:00", report("06-25 13:00"), "late_event"},
      {"completed", "ANO-33", {ordered(), installation("partial", "06-25")}, "", installation("completed", "06-26")},
  };
}

}  // namespace

PLO_CATALOGUE_TABLES(installation, firings, silences, endings);

TEST(rules_catalogue_installation, a_blocking_issue_is_both_ANO_06_and_ANO_12) {
  watched p;
  p.told({ordered(), installation("issue", "06-19", R"("severity":"blocking")")});
  EXPECT_TRUE(p.is_open("ANO-06"));
  EXPECT_TRUE(p.is_open("ANO-12"));
}

TEST(rules_catalogue_installation, nobody_is_trained_when_the_list_is_empty) {
  watched p;
  p.told({kitchen(), ordered(), trained("[]")});
  EXPECT_TRUE(p.is_open("ANO-32"));
}

TEST(rules_catalogue_installation, a_partial_delivery_that_nobody_approved_is_not_a_delivery) {
  watched p;
  p.told({ordered(), lastmile("partial_delivered", "06-09"), install("06-10")});
  EXPECT_TRUE(p.is_open("ANO-05"));
}

TEST(rules_catalogue_installation, ANO_11_waits_for_the_last_order) {
  watched p;
  p.told({to_install("O1"), to_install("O2"), install("06-10"), lastmile("partial_delivered", "06-20", R"({"missing_order_ids":["O2"]})")});
  EXPECT_TRUE(p.is_open("ANO-11"));
  p.when(delivered("06-21"));
  EXPECT_FALSE(p.is_open("ANO-11"));
}

TEST(rules_catalogue_installation, five_days_before_an_instant_are_120_hours) {
  // The night to 2025-10-26 has 25 hours.
  watched p;
  p.told({ordered("10-01", "2025-12-01"), install("10-02", "2025-10-28T09:00:00+01:00")}).at_time("2025-10-23T07:59:59.999Z");
  EXPECT_FALSE(p.is_open("ANO-07"));
  p.at_time("10-23 08:00");
  EXPECT_TRUE(p.is_open("ANO-07"));
}

TEST(rules_catalogue_installation, completed_again_the_report_is_due_later) {
  watched p;
  p.told({ordered(), installation("completed", "06-25 12:00"), installation("completed", "06-25 15:00")}).at_time("06-25 18:59");
  EXPECT_FALSE(p.is_open("ANO-14"));
  p.at_time("06-25 19:00");
  EXPECT_TRUE(p.is_open("ANO-14"));
}

TEST(rules_catalogue_installation, scheduled_anew_after_a_cancellation_the_deadlines_run_again) {
  watched p;
  p.told({ordered(), install("06-10"), installation("cancelled", "06-11"), install("06-12")}).at_time("06-20 08:00");
  EXPECT_TRUE(p.is_open("ANO-07"));
}

}  // namespace plo::spec
