#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;

event planned(std::string_view what, std::string_view when, std::string_view start = "2025-06-25T08:00:00+02:00", std::string_view end = "2025-06-25T12:00:00+02:00") {
  return said("installation." + std::string(what), when, R"({"installation_id":"I1","installer_id":"X","technician_id":"T","scheduled_start":")" +
                                                             std::string(start) + R"(","scheduled_end":")" + std::string(end) + "\"}");
}

TEST(domain_installation, scheduling_sets_who_and_when) {
  const auto p = given({planned("scheduled", "06-10")});
  const auto& i = *current_installation(*p);
  EXPECT_EQ(i.installation_id, "I1");
  EXPECT_EQ(i.status.value, installation_status::scheduled);
  EXPECT_EQ(i.installer_id.value, "X");
  EXPECT_EQ(i.technician_id.value, "T");
  EXPECT_EQ(i.scheduled_start.value, at("06-25 06:00"));
  EXPECT_EQ(i.scheduled_end.value, at("06-25 10:00"));
  EXPECT_EQ(i.first_scheduled_at, at("06-10"));
}

TEST(domain_installation, a_day_as_start_is_its_start_in_the_zone) {
  EXPECT_EQ(current_installation(*given({planned("scheduled", "06-10", "2025-06-25")}))->scheduled_start.value, at("06-24 22:00"));
}

TEST(domain_installation, rescheduling_counts_by_time) {
  const auto first = planned("scheduled", "06-10");
  const auto second = planned("rescheduled", "06-12", "2025-06-27T06:00:00Z");
  for (const auto& p : {given({first, second}), given({second, first})}) {
    EXPECT_EQ(current_installation(*p)->scheduled_start.value, at("06-27 06:00"));
    EXPECT_EQ(current_installation(*p)->first_scheduled_at, at("06-10"));
  }
}

TEST(domain_installation, each_type_moves_it_on) {
  auto p = given({planned("scheduled", "06-10")});
  const auto status = [&] { return current_installation(*p)->status.value; };
  p.when(said("installation.started", "06-25 06:00"));
  EXPECT_EQ(status(), installation_status::in_progress);
  EXPECT_EQ(current_installation(*p)->started_at, at("06-25 06:00"));
  p.when(said("installation.issue", "06-25 07:00", R"({"severity":"blocking"})"));
  EXPECT_EQ(status(), installation_status::in_progress);
  p.when(said("installation.partial", "06-25 08:00", R"({"missing_products":["A"]})"));
  EXPECT_EQ(status(), installation_status::partial);
  p.when(said("installation.completed", "06-26 08:00"));
  EXPECT_EQ(status(), installation_status::completed);
  EXPECT_EQ(current_installation(*p)->completed_at, at("06-26 08:00"));
  p.when(said("installation.report_submitted", "06-26 09:00", R"({"customer_signature":{"signed":true}})"));
  EXPECT_EQ(status(), installation_status::completed);
  EXPECT_EQ(current_installation(*p)->report_submitted_at, at("06-26 09:00"));
  p.when(said("installation.closed", "06-27"));
  EXPECT_EQ(status(), installation_status::closed);
  EXPECT_EQ(time_of(current_installation(*p)->closed), at("06-27"));
}

TEST(domain_installation, news_out_of_order_end_in_the_same_state) {
  const auto start = said("installation.started", "06-25 06:00");
  const auto done = said("installation.completed", "06-25 10:00");
  const auto closed = said("installation.closed", "06-26");
  const auto p = given({closed, done, start, planned("scheduled", "06-10")});
  EXPECT_EQ(current_installation(*p)->status.value, installation_status::closed);
  EXPECT_EQ(current_installation(*p)->started_at, at("06-25 06:00"));
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::completed);
}

TEST(domain_installation, steps_follow_the_work) {
  auto p = given({planned("scheduled", "06-10")});
  EXPECT_EQ(p.step_of(step_type::installation_scheduled).completed_at, at("06-10"));
  EXPECT_EQ(p.step_of(step_type::installation_execution).expected_at, at("06-25 06:00"));
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::pending);
  p.when(said("installation.started", "06-25 06:00"));
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::in_progress);
  p.when(said("installation.issue", "06-25 07:00"));
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::anomaly);
  p.when(said("installation.completed", "06-25 10:00"));
  EXPECT_EQ(p.step_of(step_type::installation_execution).completed_at, at("06-25 10:00"));
  EXPECT_EQ(p.status_of(step_type::installation_report), step_status::pending);
  p.when(said("installation.report_submitted", "06-25 11:00"));
  EXPECT_EQ(p.status_of(step_type::installation_report), step_status::completed);
  p.when(said("installation.closed", "06-26"));
  EXPECT_EQ(p.step_of(step_type::installation_closed).completed_at, at("06-26"));
}

TEST(domain_installation, a_partial_installation_stays_in_progress) {
  const auto p = given({planned("scheduled", "06-10"), said("installation.started", "06-25 06:00"), said("installation.partial", "06-25 09:00")});
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::in_progress);
}

TEST(domain_installation, a_cancelled_installation_skips_its_steps_until_it_is_scheduled_again) {
  auto p = given({planned("scheduled", "06-10"), said("installation.cancelled", "06-12")});
  EXPECT_EQ(current_installation(*p)->status.value, installation_status::cancelled);
  for (const auto type : {step_type::installation_scheduled, step_type::installation_execution, step_type::installation_report, step_type::installation_closed}) {
    EXPECT_EQ(p.status_of(type), step_status::skipped);
  }
  p.when(planned("rescheduled", "06-14"));
  EXPECT_EQ(current_installation(*p)->status.value, installation_status::scheduled);
  EXPECT_EQ(p.status_of(step_type::installation_scheduled), step_status::completed);
  EXPECT_EQ(p.status_of(step_type::installation_execution), step_status::pending);
}

TEST(domain_installation, is_expected_on_the_promised_day_until_it_is_scheduled) {
  const auto p = given({confirmed("O1", "06-01", R"(,"promised_installation_date":"2025-06-24")"), said("installation.issue", "06-02")});
  EXPECT_EQ(p.step_of(step_type::installation_scheduled).expected_at, at("06-23 22:00"));
}

}  // namespace
}  // namespace plo
