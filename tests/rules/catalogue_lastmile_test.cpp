// ANO-04 09 19 20 22 30 31: rules about the last mile.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

// The slot of slot() starts on 06-20 at 12:00 UTC and ends at 14:00; the installation of install() starts on 06-25 at 08:00.
const auto partial = [](std::string_view when) { return lastmile("partial_delivered", when); };
const auto moved = [](std::string_view when, std::string_view date = "2025-06-24") { return slot(when, date, "lastmile.rescheduled"); };
const auto completed = [](std::string_view when) { return said("consolidation.complete", when); };

std::vector<firing> firings() {
  return {
      {"ANO-04", {ordered(), install("06-02"), partial("2025-06-23T08:00:00.001Z")}, "critical lastmile L1",
       {"email:coordinator", "email:manager"}, {R"({"path":"params.within","value":"PT48H"})"}},
      {"ANO-09", {ordered(), slot("06-02")}, "warning lastmile L1", {"email:tms_ops"}, {R"({"path":"lastmile.closed_at","value":null})"},
       "06-20 18:00"},
      {"ANO-19", {ordered(), slot("06-02")}, "critical lastmile L1", {"email:coordinator"},
       {R"({"path":"consolidation.complete","value":false})"}, "", "lastmile_scheduled"},
      {"ANO-20", {ordered(), partial("06-20")}, "critical lastmile L1", {"email:manager"},
       {R"({"path":"lastmile.consented_at","value":null})"}},
      {"ANO-22", {ordered(), lastmile("failed", "06-20")}, "critical lastmile L1",
       {"email:coordinator", "email:installation_coordinator", "ticket:crm"}, {}},
      {"ANO-30", {ordered(), slot("06-02"), moved("2025-06-18T12:00:00.001Z")}, "critical lastmile L1", {"email:coordinator", "ticket:crm"},
       {R"("path":"lastmile.previous_slot_start","value":"2025-06-20T12:00:00.000Z")"}},
      {"ANO-31", {ordered(), lastmile("damaged", "06-20")}, "critical lastmile L1", {"email:installation_coordinator", "ticket:sav"}, {}},
  };
}

std::vector<silence> silences() {
  return {
      {"exactly_48_hours", "ANO-04", {ordered(), install("06-02"), partial("06-23 08:00")}},
      {"no_installation", "ANO-04", {ordered(), partial("06-23 09:00")}},
      {"an_installation_without_a_time", "ANO-04", {ordered(), said("installation.scheduled", "06-02"), partial("06-24")}},
      {"a_cancelled_installation", "ANO-04", {ordered(), install("06-02"), installation("cancelled", "06-03"), partial("06-24")}},
      {"a_full_delivery", "ANO-04", {ordered(), install("06-02"), lastmile("delivered", "06-24")}},
      {"delivered", "ANO-09", {ordered(), slot("06-02"), lastmile("delivered", "06-20 17:59")}, "06-30"},
      {"delivered_early", "ANO-09", {ordered(), slot("06-02"), lastmile("delivered", "06-19")}, "06-30"},
      {"partial", "ANO-09", {ordered(), slot("06-02"), partial("06-20 17:59")}, "06-30"},
      {"failed", "ANO-09", {ordered(), slot("06-02"), lastmile("failed", "06-20 17:59")}, "06-30"},
      {"moved_in_time", "ANO-09", {ordered(), slot("06-02"), moved("06-20 17:59")}, "06-24 17:59"},
      {"no_slot_given", "ANO-09", {ordered(), lastmile("scheduled", "06-02")}, "12-30"},
      {"consolidation_complete", "ANO-19", {ordered(), completed("06-02"), slot("06-02")}},
      {"partial_approved", "ANO-19", {ordered(), consent("06-02"), slot("06-02")}},
      {"only_rescheduled", "ANO-19", {ordered(), moved("06-02")}},
      {"approved_before", "ANO-20", {ordered(), consent("06-19"), partial("06-20")}},
      {"a_full_delivery", "ANO-20", {ordered(), lastmile("delivered", "06-20")}},
      {"delivered", "ANO-22", {ordered(), lastmile("delivered", "06-20")}},
      {"exactly_48_hours", "ANO-30", {ordered(), slot("06-02"), moved("06-18 12:00")}},
      {"no_previous_slot", "ANO-30", {ordered(), moved("06-23")}},
      {"scheduled_anew_without_rescheduling", "ANO-30", {ordered(), slot("06-02"), slot("06-20", "2025-06-24")}},
      {"an_installation_issue", "ANO-31", {ordered(), installation("issue", "06-20")}},
  };
}

std::vector<ending> endings() {
  const std::vector<event> failed{ordered(), slot("06-02"), lastmile("failed", "06-20 13:00")};
  return {
      {"delivered", "ANO-09", {ordered(), slot("06-02")}, "06-20 18:00", lastmile("delivered", "06-20 19:00")},
      {"partial", "ANO-09", {ordered(), slot("06-02")}, "06-20 18:00", partial("06-20 19:00")},
      {"failed", "ANO-09", {ordered(), slot("06-02")}, "06-20 18:00", lastmile("failed", "06-20 19:00")},
      {"had_been_delivered", "ANO-09", {ordered(), slot("06-02")}, "06-20 18:00", lastmile("delivered", "06-20 13:00"), "late_event"},
      {"a_new_slot", "ANO-09", {ordered(), slot("06-02")}, "06-20 18:00", moved("06-20 19:00")},
      {"consolidation_complete", "ANO-19", {ordered(), slot("06-02")}, "", completed("06-03")},
      {"partial_approved", "ANO-19", {ordered(), slot("06-02")}, "", consent("06-03")},
      {"the_last_order_arrived", "ANO-19", {ordered(), slot("06-02")}, "", about("consolidation.order_arrived", "06-03")},
      {"scheduled", "ANO-22", failed, "", slot("06-20 14:00", "2025-06-24")},
      {"rescheduled", "ANO-22", failed, "", moved("06-20 14:00")},
      {"delivered", "ANO-22", failed, "", lastmile("delivered", "06-20 14:00")},
      {"partial", "ANO-22", failed, "", partial("06-20 14:00")},
  };
}

}  // namespace

PLO_CATALOGUE_TABLES(lastmile, firings, silences, endings);

TEST(rules_catalogue_lastmile, less_than_48_hours_includes_what_is_past) {
  watched p;
  p.told({ordered(), install("06-02"), slot("06-02"), partial("06-26"), moved("06-27")});
  EXPECT_TRUE(p.is_open("ANO-04"));
  EXPECT_TRUE(p.is_open("ANO-30"));
}

TEST(rules_catalogue_lastmile, ANO_04_and_ANO_20_escalate_at_once_and_tell_the_manager_once) {
  watched p;
  p.told({ordered(), install("06-02"), partial("06-24")});
  for (const char* id : {"ANO-04", "ANO-20"}) {
    EXPECT_EQ(p.found(id)->escalated_at, at("06-24")) << id;
    const auto told = p.told_whom(id);
    EXPECT_EQ(std::count(told.begin(), told.end(), "email:manager"), 1) << id;
  }
  p.at_time("06-30");
  EXPECT_TRUE(p.told_whom("ANO-04").empty()) << "once per tier";
}

TEST(rules_catalogue_lastmile, one_consent_or_a_later_one_does_not_make_a_partial_delivery_right) {
  watched one, later;
  one.told({ordered(), consent("06-19", true, false), partial("06-20")});
  later.told({ordered(), partial("06-20"), consent("06-21")});
  EXPECT_TRUE(one.is_open("ANO-20"));
  EXPECT_TRUE(later.is_open("ANO-20"));
}

TEST(rules_catalogue_lastmile, a_slot_over_midnight_ends_the_next_day) {
  watched p;
  p.told({ordered(), slot("06-02", "2025-06-20", "lastmile.scheduled", "22:00", "02:00")}).at_time("2025-06-21T03:59:59.999Z");
  EXPECT_FALSE(p.is_open("ANO-09"));
  p.at_time("06-21 04:00");
  EXPECT_TRUE(p.is_open("ANO-09"));
}

TEST(rules_catalogue_lastmile, a_slot_in_the_night_that_lacks_an_hour) {
  // On 2025-03-30 there is no 02:30 in Paris: it is 03:30, 01:30 UTC.
  watched p;
  p.told({ordered("03-01", "2025-04-01"), slot("03-02", "2025-03-30", "lastmile.scheduled", "01:00", "02:30")}).at_time("03-30 05:29");
  EXPECT_FALSE(p.is_open("ANO-09"));
  p.at_time("03-30 05:30");
  EXPECT_TRUE(p.is_open("ANO-09"));
}

TEST(rules_catalogue_lastmile, what_closed_the_former_slot_does_not_close_the_new_one) {
  watched p;
  p.told({ordered(), slot("06-02"), lastmile("failed", "06-20 13:00"), moved("06-20 15:00")}).at_time("06-24 18:00");
  EXPECT_TRUE(p.is_open("ANO-09"));
}

TEST(rules_catalogue_lastmile, a_delivery_without_an_id_is_the_projects_one) {
  watched p;
  p.told({ordered(), said("lastmile.damaged", "06-20")});
  EXPECT_EQ(described(p, "ANO-31"), "critical lastmile lastmile");
}

TEST(rules_catalogue_lastmile, older_names_of_the_types_wake_the_rules_too) {
  watched p;
  p.told({ordered(), said("delivery.partial", "06-20")});
  EXPECT_TRUE(p.is_open("ANO-20"));
}

}  // namespace plo::spec
