// What messages say, as data: one set per language, read from a file (config/mail_templates.*.toml).
//
// Texts are mustache templates over the view that view.hpp describes. A text serves both parts of a mail: the HTML part escapes
// what it inserts, the plain part does not.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace plo::notifications {

struct labelled_text {
  std::string label;
  std::string text;
};

/// A titled block of details: rows of label and value, then a table over a list of the view. A row whose value comes out empty is
/// left out, and so is a block without anything in it.
struct detail_block {
  std::string title;
  std::vector<labelled_text> rows;
  std::string list;
  std::vector<labelled_text> columns;
};

/// What the messages of one rule say.
struct rule_text {
  std::string subject;
  std::string what;                  // what happened; an empty line parts paragraphs
  std::vector<std::string> details;  // names of blocks
  std::vector<std::string> todo;     // what to do next; one that comes out empty is left out
};

/// Names of days and months, and patterns: {weekday} {day} {month} {year} {date} {time} {start} {end}.
struct calendar_words {
  std::vector<std::string> weekdays;  // from Sunday
  std::vector<std::string> months;    // from January
  std::string day, moment, slot;
  std::string decimal_point;
};

struct message_templates {
  std::string language;
  std::string text_layout, html_layout;
  calendar_words calendar;
  std::map<std::string, std::string, std::less<>> words;
  std::map<std::string, detail_block, std::less<>> blocks;
  std::map<std::string, rule_text, std::less<>> rules;
  rule_text generic;     // rules that have no text of their own
  rule_text escalation;  // its subject and paragraph stand in for and before the rule's
  rule_text reopened;    // the same
};

/// What is wrong with a set: texts that are no mustache, details that name no block, missing words. Empty when it can be used.
[[nodiscard]] std::vector<std::string> faults_of(const message_templates& templates);

}  // namespace plo::notifications
