#include "domain/notifications/templates.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

namespace plo::notifications {

namespace {

/// Words that the code asks for by name, whatever the rule.
constexpr const char* needed_words[] = {"critical",      "warning",             "colon",          "unit_day",
                                        "unit_hour",     "unit_minute",         "unknown",        "nothing",
                                        "delivered",     "arrived_at_station",  "scope_project",  "scope_order",
                                        "scope_consolidation", "scope_lastmile", "scope_installation", "of_project"};

class inspector {
public:
  void text(const std::string& where, const std::string& text) {
    const kainjow::mustache::mustache compiled(text);
    if (!compiled.is_valid()) faults_.push_back(fmt::format("{}: {}", where, compiled.error_message()));
  }
  void need(const std::string& where, bool there) {
    if (!there) faults_.push_back(fmt::format("{} is missing", where));
  }
  void rule(const std::string& where, const rule_text& rule, const message_templates& templates) {
    need(where + ".subject", !rule.subject.empty());
    need(where + ".what", !rule.what.empty());
    text(where + ".subject", rule.subject);
    text(where + ".what", rule.what);
    for (const auto& step : rule.todo) text(where + ".todo", step);
    for (const auto& block : rule.details)
      if (!templates.blocks.contains(block)) faults_.push_back(fmt::format("{}: there is no block {}", where, block));
  }
  std::vector<std::string> faults() && { return std::move(faults_); }

private:
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> faults_of(const message_templates& templates) {
  inspector look;
  look.need("layout.text", !templates.text_layout.empty());
  look.need("layout.html", !templates.html_layout.empty());
  look.text("layout.text", templates.text_layout);
  look.text("layout.html", templates.html_layout);
  look.need("calendar.weekdays", templates.calendar.weekdays.size() == 7);
  look.need("calendar.months", templates.calendar.months.size() == 12);
  for (const char* word : needed_words) look.need(fmt::format("words.{}", word), templates.words.contains(word));
  look.need("blocks.project", templates.blocks.contains("project"));
  for (const auto& [name, block] : templates.blocks) {
    for (const auto& row : block.rows) look.text("blocks." + name, row.text);
    for (const auto& column : block.columns) look.text("blocks." + name, column.text);
  }
  look.rule("generic", templates.generic, templates);
  look.rule("escalation", templates.escalation, templates);
  look.rule("reopened", templates.reopened, templates);
  for (const auto& [id, rule] : templates.rules) look.rule("rules." + id, rule, templates);
  return std::move(look).faults();
}

}  // namespace plo::notifications
