// ANO-10 23 24 25 34 35: rules about the project.
#include "tests/rules/catalogue_events.hpp"

namespace plo::spec {

namespace {

const auto created = [](std::string_view payload = "{}") { return said("project.created", "05-01", payload); };
const auto accepted = [](std::string_view when = "06-01 10:00", std::string_view payload = R"({"quote_id":"Q1"})") {
  return said("quote_products.accepted", when, payload);
};
const auto expired = [](std::string_view payload = R"({"quote_id":"Q1"})") { return said("quote_products.expired", "06-10", payload); };
const auto quoted = [](std::string_view lines) {
  return said("quote_products.created", "06-01", fmt::format(R"({{"quote_id":"Q1","lines":{}}})", lines));
};
const auto inspired = [](std::string_view what = "completed") { return said("inspiration." + std::string(what), "06-01 10:00"); };
const auto survey = [](std::string_view payload, std::string_view when = "07-02") { return said("quality.survey_completed", when, payload); };
const auto surveyed = [](std::string_view when = "07-01 10:00") { return said("quality.survey_sent", when); };
const auto install_quote = [](std::string_view when) { return said("quote_installation.created", when); };

std::vector<firing> firings() {
  return {
      {"ANO-10", {created(), accepted()}, "warning project", {"email:sales_coordinator"},
       {R"({"path":"project.quote_installation_created_at","value":null})"}, "06-03 10:00"},
      {"ANO-23", {created(), inspired()}, "warning project", {"ticket:crm"}, {R"({"path":"project.quote_created_at","value":null})"}, "06-15 10:00"},
      {"ANO-24", {created(), expired()}, "warning project", {"email:sales"}, {R"({"path":"project.accepted_quotes","value":[]})"}},
      {"ANO-25", {created(), quoted(R"([{"sku":"A","catalog_status":"available"},{"sku":"B","catalog_status":"discontinued"}])")},
       "warning project", {"email:buyer"}, {R"("path":"event.payload.lines")"}},
      {"ANO-34", {created(), survey(R"({"score":5.9,"scale":10})")}, "critical project", {"email:manager", "ticket:sav"},
       {R"({"path":"event.payload.score","value":5.9})", R"({"path":"params.below","value":0.6})"}},
      {"ANO-35", {created(), surveyed()}, "warning project", {"ticket:crm"}, {R"({"path":"project.survey_completed_at","value":null})"}, "07-06 10:00"},
  };
}

std::vector<silence> silences() {
  return {
      {"quoted", "ANO-10", {created(), accepted(), install_quote("2025-06-03T09:59:59.999Z")}, "12-30"},
      {"quoted_before", "ANO-10", {created(), install_quote("06-01"), accepted()}, "12-30"},
      {"ruled_out", "ANO-10", {created(R"({"installation_required":false})"), accepted()}, "12-30"},
      {"only_sent", "ANO-10", {created(), said("quote_products.sent", "06-01")}, "12-30"},
      {"quoted", "ANO-23", {created(), inspired(), said("quote_products.created", "2025-06-15T09:59:59.999Z")}, "12-30"},
      {"only_started", "ANO-23", {created(), inspired("started")}, "12-30"},
      {"accepted", "ANO-24", {created(), accepted(), expired()}},
      {"some_quote_accepted_and_none_named", "ANO-24", {created(), accepted(), expired("{}")}},
      {"all_available", "ANO-25", {created(), quoted(R"([{"sku":"A","catalog_status":"available"}])")}},
      {"no_status_is_available", "ANO-25", {created(), quoted(R"([{"sku":"A"},{"sku":"B","catalog_status":null}])")}},
      {"no_lines", "ANO-25", {created(), said("quote_products.created", "06-01")}},
      {"no_such_lines", "ANO-25", {created(), quoted("[]")}},
      {"three_of_five", "ANO-34", {created(), survey(R"({"score":3,"scale":5})")}},
      {"six_of_ten", "ANO-34", {created(), survey(R"({"score":6,"scale":10})")}},
      {"three_of_a_missing_scale", "ANO-34", {created(), survey(R"({"score":3})")}},
      {"no_score", "ANO-34", {created(), survey(R"({"scale":5})")}},
      {"completed", "ANO-35", {created(), surveyed(), survey(R"({"score":4})", "2025-07-06T09:59:59.999Z")}, "12-30"},
      {"completed_without_a_score", "ANO-35", {created(), surveyed(), survey("{}", "07-06 09:00")}, "12-30"},
      {"sent_again", "ANO-35", {created(), surveyed(), surveyed("07-06")}, "2025-07-10T23:59:59.999Z"},
  };
}

std::vector<ending> endings() {
  return {
      {"quoted", "ANO-10", {created(), accepted()}, "06-03 10:00", install_quote("06-04")},
      {"had_been_quoted", "ANO-10", {created(), accepted()}, "06-03 10:00", install_quote("06-03"), "late_event"},
      {"quoted_at_that_very_instant", "ANO-10", {created(), accepted()}, "06-03 10:00", install_quote("06-03 10:00"), "late_event"},
      {"ruled_out", "ANO-10", {created(), accepted()}, "06-03 10:00", said("project.created", "06-04", R"({"installation_required":false})")},
      {"quoted", "ANO-23", {created(), inspired()}, "06-15 10:00", said("quote_products.created", "06-16")},
      {"had_been_quoted", "ANO-23", {created(), inspired()}, "06-15 10:00", said("quote_products.created", "06-14"), "late_event"},
      {"completed", "ANO-35", {created(), surveyed()}, "07-06 10:00", survey(R"({"score":4})", "07-07")},
      {"had_been_completed", "ANO-35", {created(), surveyed()}, "07-06 10:00", survey(R"({"score":4})", "07-03"), "late_event"},
      {"sent_again", "ANO-35", {created(), surveyed()}, "07-06 10:00", surveyed("07-07")},
  };
}

}  // namespace

PLO_CATALOGUE_TABLES(project, firings, silences, endings);

TEST(rules_catalogue_project, ANO_10_asks_unless_installation_is_ruled_out) {
  watched wanted, ordered_so;
  wanted.told({created(R"({"installation_required":true})"), accepted()}).at_time("06-03 10:00");
  EXPECT_TRUE(wanted.is_open("ANO-10"));
  ordered_so.told({created(R"({"installation_required":false})"), ordered("06-01", "2025-06-20", R"("installation_required":true)"), accepted()});
  ordered_so.at_time("06-03 10:00");
  EXPECT_TRUE(ordered_so.is_open("ANO-10")) << "an order that needs installing says more than the project";
}

TEST(rules_catalogue_project, ANO_24_looks_at_the_quote_that_expired) {
  watched p;
  p.told({created(), accepted("06-01", R"({"quote_id":"Q2"})"), expired()});
  EXPECT_TRUE(p.is_open("ANO-24"));
}

TEST(rules_catalogue_project, ANO_24_without_a_quote_id_looks_at_the_whole_project) {
  watched p;
  p.told({created(), said("quote_products.sent", "06-01", R"({"quote_id":"Q1"})"), expired("{}")});
  EXPECT_TRUE(p.is_open("ANO-24"));
}

TEST(rules_catalogue_project, ANO_34_takes_a_missing_scale_as_five) {
  for (const char* payload : {R"({"score":2.99})", R"({"score":2.99,"scale":null})", R"({"score":0,"scale":5})"}) {
    watched p;
    p.told({created(), survey(payload)});
    EXPECT_TRUE(p.is_open("ANO-34")) << payload;
  }
}

TEST(rules_catalogue_project, a_good_survey_later_does_not_close_a_bad_one) {
  watched p;
  p.told({created(), survey(R"({"score":1})"), survey(R"({"score":5})", "07-03")});
  EXPECT_TRUE(p.is_open("ANO-34")) << "people close it";
  EXPECT_EQ(p.found("ANO-34")->occurrences, 1u);
}

TEST(rules_catalogue_project, rules_go_on_after_the_project_is_closed) {
  watched p;
  p.told({created(), said("project.closed", "06-30"), surveyed()}).at_time("07-06 10:00");
  EXPECT_TRUE(p.is_open("ANO-35"));
}

}  // namespace plo::spec
