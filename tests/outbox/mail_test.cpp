// What people read: each rule has its own text in both languages, and the details that its readers need are there.
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/outbox/told.hpp"

namespace plo::spec {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A project about which everything is known.
watched rich_project() {
  watched p;
  p.told({
      said("project.created", "05-01 09:00",
           R"({"customer_id":"C-7","customer_name":"Zoé <Martin> & fils","project_type":"kitchen","store_id":"LYON","installation_required":true})"),
      said("order.confirmed", "06-01 08:00",
           R"({"order_ref":"O1","promised_delivery_date":"2025-06-20","lines":[{"sku":"SKU-1","label":"Évier inox","qty":3},{"sku":"SKU-2","label":"Plan <chêne>","qty":1.5}],
               "delivery_address":{"street":"12 rue des Lilas","postal_code":"69003","city":"Lyon","country":"FR"},
               "installation_address":{"street":"4 quai Perrache","postal_code":"69002","city":"Lyon","country":"FR"}})"),
      said("shipment.dispatched", "06-10 08:00", R"({"order_ref":"O1","shipment_id":"S-1","leg_number":1,"carrier":"DHL","carrier_tracking_ref":"TRK","estimated_arrival":"2025-06-18T10:00:00Z"})"),
      said("lastmile.scheduled", "06-11 08:00", R"({"lastmile_id":"L-1","carrier":"Geodis","scheduled_date":"2025-06-20","time_slot":{"start":"08:00","end":"12:00"}})"),
      said("installation.scheduled", "06-11 09:00", R"({"installation_id":"I-1","installer_id":"Poseurs du Rhône","technician_id":"T-9","scheduled_start":"2025-06-23T07:00:00Z","scheduled_end":"2025-06-23T15:00:00Z"})"),
  });
  return p;
}

/// As if a rule had fired now, for whatever rule.
told_message as_if(const watched& p, const std::string& rule_id, const std::string& scope, const std::string& reason = "raised") {
  told_message m;
  m.known.project = *p;
  m.request.id = {make_uuid_v7(1)};
  m.request.project = test_project;
  m.request.rule_id = rule_id;
  m.request.rule_name = "Rule " + rule_id;
  m.request.channel = "email";
  m.request.recipient = "coordinator";
  m.request.reason = reason;
  m.request.severity = "critical";
  m.request.scope = scope;
  m.request.entity = scope == "order" ? "O1" : "";
  return m;
}

class every_rule : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(languages, every_rule, ::testing::Values("fr", "en"), [](const auto& language) { return language.param; });

}  // namespace

TEST(notifications, times_are_told_in_the_zone_of_the_store) {
  const auto m = as_if(rich_project(), "ANO-08", "order");
  const auto told = [&](const domain_settings& settings) {
    return notifications::compose_mail(m.known.of(m.request), {texts_in("en"), "https://plo.example.org/", settings}).text;
  };
  auto settings = paris();
  EXPECT_THAT(told(settings), HasSubstr("08:00"));
  store_map stores;
  stores.emplace("LYON", store{"", zone::find("America/Sao_Paulo"), "", ""});
  settings.stores = std::make_shared<const store_map>(stores);
  // The slot of 08:00 in Paris, where these facts were folded, is 03:00 there.
  EXPECT_THAT(told(settings), HasSubstr("03:00"));
  EXPECT_THAT(told(settings), Not(HasSubstr("08:00")));
}

TEST_P(every_rule, has_a_text_of_its_own) {
  const auto p = rich_project();
  const auto& texts = texts_in(GetParam());
  EXPECT_EQ(texts.rules.size(), built_in_rules().all().size());
  std::vector<std::string> subjects;
  for (const auto& entry : built_in_rules().all()) {
    const auto& rule = *entry.second->rule;
    SCOPED_TRACE(rule.id);
    const auto m = as_if(p, rule.id, std::string(to_string(rule.scope)));
    const auto mail = m.mail(GetParam());
    auto generic = m;
    generic.request.rule_id = "MY-RULE";
    EXPECT_NE(mail.subject, generic.mail(GetParam()).subject);
    subjects.push_back(mail.subject);
    for (const auto& part : {mail.subject, mail.text, mail.html}) {
      EXPECT_THAT(part, Not(HasSubstr("{{")));
      EXPECT_THAT(part, Not(HasSubstr("}}")));
      EXPECT_FALSE(part.empty());
    }
    EXPECT_EQ(mail.subject.find('\n'), std::string::npos);
    // Whom it is about, what to do, and the way in.
    EXPECT_THAT(mail.text, HasSubstr("CMD-1"));
    EXPECT_THAT(mail.text, HasSubstr("LYON"));
    EXPECT_THAT(mail.text, HasSubstr("C-7"));
    EXPECT_THAT(mail.text, HasSubstr("https://plo.example.org/projects/" + test_project.to_string()));
    EXPECT_THAT(mail.html, HasSubstr("href=\"https://plo.example.org/projects/" + test_project.to_string()));
    EXPECT_THAT(mail.text, HasSubstr("\n- "));
    // Only the HTML part is escaped.
    EXPECT_THAT(mail.text, HasSubstr("Zoé <Martin> & fils"));
    EXPECT_THAT(mail.html, HasSubstr("Zoé &lt;Martin&gt; &amp; fils"));
    EXPECT_THAT(mail.html, Not(HasSubstr("<Martin>")));
  }
  std::sort(subjects.begin(), subjects.end());
  EXPECT_EQ(std::unique(subjects.begin(), subjects.end()), subjects.end()) << "no two rules say the same";
}

TEST_P(every_rule, reads_well_when_next_to_nothing_is_known) {
  watched p;
  p.when(said("project.created", "05-01 09:00"));
  for (const auto& entry : built_in_rules().all()) {
    const auto& rule = *entry.second->rule;
    SCOPED_TRACE(rule.id);
    const auto mail = as_if(p, rule.id, std::string(to_string(rule.scope))).mail(GetParam());
    EXPECT_THAT(mail.text, Not(HasSubstr("{{")));
    EXPECT_THAT(mail.text, Not(HasSubstr("()")));
    EXPECT_THAT(mail.text, Not(HasSubstr("\n\n\n")));
  }
}

TEST_P(every_rule, names_only_what_the_view_knows) {
  // Every name of every template comes out as something in one project or another.
  const auto& texts = texts_in(GetParam());
  std::string all = texts.text_layout + texts.html_layout;
  for (const auto* each : {&texts.generic, &texts.escalation, &texts.reopened}) all += each->subject + each->what;
  for (const auto& [id, rule] : texts.rules) {
    all += rule.subject + rule.what;
    for (const auto& step : rule.todo) all += step;
  }
  for (const auto& [name, block] : texts.blocks) {
    for (const auto& row : block.rows) all += row.text;
    for (const auto& column : block.columns) all += column.text;
  }
  const std::set<std::string> known{
      "about", "anomaly_id", "asked", "available", "by", "critical", "deadline", "label", "link", "notification_id", "occurrences",
      "order_ref", "path", "promised_or_none", "raised_at", "reason", "recipient", "ref", "rule_id", "rule_name", "severity", "sku",
      "state", "status", "subject", "value", "waited", "when",
      // set by the layout
      "blocks", "cells", "colon", "columns", "has_table", "has_todo", "line", "more", "paragraphs", "rows", "table", "text", "title",
      "todo",
      "cause.at", "cause.comment", "cause.complete_day", "cause.eta_day", "cause.said", "cause.severity", "cause.signature_reason",
      "cause.source", "cause.trained_for", "cause.type", "consolidation", "consolidation.arrived_count", "consolidation.estimated",
      "consolidation.missing", "consolidation.required_count", "consolidation.station", "consolidation.status",
      "installation.completed", "installation.installer", "installation.slot", "installation.started", "installation.starts_in",
      "installation.technician", "lastmile.carrier", "lastmile.missing", "lastmile.pod_url", "lastmile.previous_slot", "lastmile.slot",
      "lastmile.tracking", "order.delivery_address", "order.delivery_in", "order.delivery_start", "order.installation_address",
      "order.last_shipment_event", "order.promised", "order.ref", "project.customer", "project.delivery_address",
      "project.installation_address", "project.promised_delivery", "project.promised_installation", "project.refs", "project.store",
      "project.survey_sent", "project.type", "quote.id", "quote.valid_until", "replacement.by", "replacement.sku", "shipment.carrier",
      "shipment.eta", "shipment.id", "shipment.last_event", "shipment.leg", "shipment.station", "shipment.tracking", "survey.scale",
      "survey.score"};
  for (std::size_t at = all.find("{{"); at != std::string::npos; at = all.find("{{", at + 2)) {
    const auto begin = all.find_first_not_of("{#^/&", at);
    const auto name = all.substr(begin, all.find('}', begin) - begin);
    EXPECT_TRUE(known.contains(name)) << name;
  }
}

TEST(notification_mail, a_shortage_shows_articles_quantities_addresses_and_dates) {
  auto p = rich_project();
  p.when(said("stock.shortage", "06-18 12:00", R"({"order_ref":"O1","lines":[{"sku":"SKU-1","available_qty":1}]})"));
  const auto m = message(p, "ANO-01", "buyer");
  const auto fr = m.mail("fr");
  EXPECT_EQ(fr.subject, "Rupture de stock : commande O1, livraison vendredi 20 juin 2025, 08:00 – 12:00");
  EXPECT_THAT(fr.text, HasSubstr("\nArticles en rupture\n  - SKU-1 · Libellé : Évier inox · Demandé : 3 · Disponible : 1\n\nLivraison\n  Commande : O1\n"));
  EXPECT_THAT(fr.text, HasSubstr("commence dans 1 j 18 h"));
  EXPECT_THAT(fr.text, HasSubstr("Adresse de livraison : 12 rue des Lilas, 69003 Lyon, FR"));
  EXPECT_THAT(fr.text, HasSubstr("Adresse de pose : 4 quai Perrache, 69002 Lyon, FR"));
  EXPECT_THAT(fr.text, HasSubstr("Date promise : vendredi 20 juin 2025"));
  const auto en = m.mail("en");
  EXPECT_EQ(en.subject, "Out of stock: order O1, delivery Friday 20 June 2025, 08:00 – 12:00");
  EXPECT_THAT(en.text, HasSubstr("  - SKU-1 · Label: Évier inox · Asked: 3 · Available: 1\n"));
  EXPECT_THAT(en.html, HasSubstr(">SKU-1</td>"));
  EXPECT_THAT(en.html, HasSubstr("Delivery address</td>"));
}

TEST(notification_mail, a_picking_discrepancy_shows_what_was_expected_and_what_was_found) {
  auto p = rich_project();
  p.told({said("order.confirmed", "06-01 09:00", R"({"order_ref":"O2","promised_delivery_date":"2025-06-20","lines":[{"sku":"SKU-3","label":"Four","qty":2}]})"),
          said("picking.discrepancy", "06-12 09:00", R"({"order_ref":"O2","lines":[{"sku":"SKU-3","picked_qty":1,"reason":"casse"}]})")});
  const auto fr = message(p, "ANO-02", "warehouse").mail("fr");
  EXPECT_THAT(fr.subject, HasSubstr("commande O2"));
  EXPECT_THAT(fr.text, HasSubstr("  - SKU-3 · Libellé : Four · Attendu : 2 · Trouvé : 1 · Motif : casse\n"));
}

TEST(notification_mail, an_installation_issue_shows_products_addresses_and_dates) {
  auto p = rich_project();
  p.when(said("installation.issue", "06-23 10:00",
              R"({"installation_id":"I-1","severity":"blocking","description":"porte <fendue>","missing_products":["SKU-2",{"sku":"P-9","qty":4,"label":"Poignée"}]})"));
  const auto fr = message(p, "ANO-06", "coordinator").mail("fr");
  EXPECT_EQ(fr.subject, "Problème pendant la pose : pose du projet CMD-1");
  EXPECT_THAT(fr.text, HasSubstr("« porte <fendue> »"));
  EXPECT_THAT(fr.html, HasSubstr("« porte &lt;fendue&gt; »"));
  EXPECT_THAT(fr.text, HasSubstr("  - P-9 · Libellé : Poignée · Quantité : 4\n"));
  EXPECT_THAT(fr.text, HasSubstr("  - SKU-2 · Libellé : Plan <chêne> · Quantité : 1,5\n"));
  EXPECT_THAT(fr.text, HasSubstr("Adresse de pose : 4 quai Perrache, 69002 Lyon, FR"));
  EXPECT_THAT(fr.text, HasSubstr("Pose prévue : lundi 23 juin 2025, 09:00 – 17:00"));
  EXPECT_THAT(fr.text, HasSubstr("Installateur : Poseurs du Rhône"));
  EXPECT_THAT(fr.text, HasSubstr("Gravité : bloquant"));
}

TEST(notification_mail, a_deadline_is_told_without_an_event) {
  auto p = rich_project();
  p.at_time("06-17 00:00");
  const auto m = message(p, "ANO-17", "coordinator");
  EXPECT_FALSE(m.known.cause);
  EXPECT_THAT(m.mail("en").text, HasSubstr("The delivery is promised for Friday 20 June 2025"));
  const auto ticket = nlohmann::json::parse(message(p, "ANO-17", "crm").ticket("en"));
  EXPECT_EQ(ticket["ticket"]["cause"]["deadline"], "2025-06-16T22:00:00.000Z");
  EXPECT_EQ(ticket["ticket"]["state"], "to_validate");
}

TEST(notification_mail, an_escalation_says_how_long_nobody_reacted_and_what_it_was_about) {
  auto p = rich_project();
  p.when(said("lastmile.failed", "06-20 10:00", R"({"lastmile_id":"L-1","reason":"client absent"})"));
  const auto due = p.next_due();
  ASSERT_TRUE(p.found("ANO-22"));
  ASSERT_TRUE(p.found("ANO-22")->escalate_at);
  ASSERT_TRUE(due);
  p.at_time(format_instant(*p.found("ANO-22")->escalate_at));
  const auto m = message(p, "ANO-22", "manager");
  EXPECT_EQ(m.request.reason, "escalated");
  const auto en = m.mail("en");
  EXPECT_THAT(en.subject, HasSubstr("Escalated – Delivery failed: delivery of project CMD-1"));
  EXPECT_THAT(en.text, HasSubstr("nobody has acknowledged it for "));
  EXPECT_THAT(en.text, HasSubstr("“client absent”")) << "the event that raised it, not the clock";
}

TEST(notification_mail, an_own_rule_shows_what_it_read) {
  auto p = rich_project();
  p.when(said("stock.shortage", "06-18 12:00", R"({"order_ref":"O1","skus":["SKU-1"]})"));
  auto m = message(p, "ANO-01", "buyer");
  m.request.rule_id = "OWN-1";
  m.request.rule_name = "Ours";
  const auto en = m.mail("en");
  EXPECT_EQ(en.subject, "Ours: order O1");
  EXPECT_THAT(en.text, HasSubstr("  - params.within · Value: PT72H\n"));
}

TEST(notification_mail, a_reopened_anomaly_says_so) {
  const auto m = as_if(rich_project(), "ANO-26", "order", "reopened");
  EXPECT_EQ(m.mail("fr").subject, "De nouveau – Stock insuffisant : commande O1");
}

TEST(notification_mail, what_sources_send_cannot_add_lines_or_grow_without_bound) {
  auto p = rich_project();
  p.when(said("installation.issue", "06-23 10:00",
              R"({"description":"a\r\nBcc: all@example.org\n\n{{link}} {{{x}}}","missing_products":[)" +
                  [] {
                    std::string many = R"("S-0")";
                    for (int i = 1; i < 500; ++i) many += fmt::format(R"(,"S-{}")", i);
                    return many;
                  }() + "]}"));
  const auto mail = message(p, "ANO-06", "coordinator").mail("en");
  EXPECT_THAT(mail.text, HasSubstr("“a Bcc: all@example.org {{link}} {{{x}}}”")) << "told as it was said, on one line";
  EXPECT_THAT(mail.text, HasSubstr("… and 460 more"));
  EXPECT_THAT(mail.text, Not(HasSubstr("S-499")));
}

TEST(notification_ticket, carries_what_the_other_system_needs) {
  auto p = rich_project();
  p.when(said("installation.issue", "06-23 10:00", R"({"installation_id":"I-1","description":"porte fendue"})"));
  const auto m = message(p, "ANO-06", "sav");
  const auto body = nlohmann::json::parse(m.ticket("fr"));
  EXPECT_EQ(body["notification_id"], m.request.id.to_string());
  const auto& ticket = body["ticket"];
  EXPECT_EQ(ticket["target"], "sav");
  EXPECT_EQ(ticket["title"], "Problème pendant la pose : pose du projet CMD-1");
  EXPECT_EQ(ticket["severity"], "critical");
  EXPECT_EQ(ticket["rule_id"], "ANO-06");
  EXPECT_EQ(ticket["project_id"], test_project.to_string());
  EXPECT_EQ(ticket["project_refs"], nlohmann::json({"CMD-1"}));
  EXPECT_EQ(ticket["customer_id"], "C-7");
  EXPECT_EQ(ticket["store_id"], "LYON");
  EXPECT_EQ(ticket["scope"], "installation");
  EXPECT_EQ(ticket["raised_at"], "2025-06-23T10:00:00.000Z");
  EXPECT_TRUE(ticket["facts"].is_array());
  EXPECT_EQ(ticket["cause"]["type"], "installation.issue");
  EXPECT_EQ(ticket["cause"]["payload"]["description"], "porte fendue");
  EXPECT_EQ(ticket["link"], "https://plo.example.org/projects/" + test_project.to_string());
  EXPECT_TRUE(ticket["state"].is_null());
}

TEST(notification_templates, say_what_is_wrong_with_them) {
  auto texts = texts_in("en");
  EXPECT_TRUE(faults_of(texts).empty());
  texts.rules["X"] = {"{{#a}}", "", {"no_such_block"}, {}};
  texts.words.erase("unknown");
  EXPECT_THAT(faults_of(texts), ::testing::UnorderedElementsAre(HasSubstr("rules.X.subject"), HasSubstr("rules.X.what is missing"),
                                                                HasSubstr("no_such_block"), HasSubstr("words.unknown")));
}

}  // namespace plo::spec
