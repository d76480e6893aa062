#include "app/message_templates.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "config/mail_templates.hpp"

namespace plo::app {

namespace {

std::vector<notifications::labelled_text> labelled(const std::vector<config::labelled_text>& from) {
  std::vector<notifications::labelled_text> to;
  for (const auto& [label, text] : from) to.push_back({label, text});
  return to;
}

notifications::rule_text text_of(const config::mail_text& from) { return {from.subject, from.what, from.details, from.todo}; }

}  // namespace

notifications::message_templates load_message_templates(std::string_view language) {
  auto read = config::built_in_mail_templates(language);
  if (!read) throw std::runtime_error(read.error().message());
  notifications::message_templates to;
  to.language = read->language;
  to.text_layout = std::move(read->text_layout);
  to.html_layout = std::move(read->html_layout);
  to.calendar = {read->weekdays, read->months, read->day, read->moment, read->slot, read->decimal_point};
  to.words = std::move(read->words);
  for (const auto& [name, block] : read->blocks)
    to.blocks.emplace(name, notifications::detail_block{block.title, labelled(block.rows), block.list, labelled(block.columns)});
  for (const auto& [id, rule] : read->rules) to.rules.emplace(id, text_of(rule));
  to.generic = text_of(read->generic);
  to.escalation = text_of(read->escalation);
  to.reopened = text_of(read->reopened);
  if (const auto faults = faults_of(to); !faults.empty())
    throw std::runtime_error(fmt::format("mail_templates.{}.toml: {}", to.language, fmt::join(faults, "; ")));
  return to;
}

}  // namespace plo::app
