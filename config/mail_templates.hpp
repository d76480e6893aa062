// What mails and tickets say: the built-in texts of a language (config/mail_templates.*.toml, carried in the binary).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace plo::config {

struct labelled_text {
  std::string label;
  std::string text;
};

struct mail_block {
  std::string title;
  std::vector<labelled_text> rows;
  std::string list;
  std::vector<labelled_text> columns;
};

struct mail_text {
  std::string subject, what;
  std::vector<std::string> details, todo;
};

struct mail_templates {
  std::string language;
  std::vector<std::string> weekdays, months;  // from Sunday, from January
  std::string day, moment, slot, decimal_point;
  std::string text_layout, html_layout;
  std::map<std::string, std::string, std::less<>> words;
  std::map<std::string, mail_block, std::less<>> blocks;
  std::map<std::string, mail_text, std::less<>> rules;
  mail_text generic, escalation, reopened;
};

/// Strict, as every file: an unknown key or a wrong type is refused. `file` serves for messages.
[[nodiscard]] result<mail_templates> parse_mail_templates(std::string_view toml, const std::string& file);

/// The texts of `fr` or `en`; of any other language the French ones.
[[nodiscard]] result<mail_templates> built_in_mail_templates(std::string_view language);

}  // namespace plo::config
