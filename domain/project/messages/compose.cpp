#include "domain/project/messages/compose.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/project/messages/view.hpp"

namespace plo::notifications {

namespace {

namespace mustache = kainjow::mustache;

constexpr std::size_t max_subject = 200;  // characters

/// Fills templates for one part of a mail: the HTML part escapes what is inserted, the plain part does not.
class renderer {
public:
  enum class part { text, html };
  renderer(const view& root, part of) : root_(root), part_(of) {}

  /// `item`, when given, is looked at before the root.
  std::string operator()(const std::string& text, const view* item = nullptr) const {
    mustache::mustache compiled(text);
    if (part_ == part::text) compiled.set_custom_escape([](const std::string& s) { return s; });
    mustache::context<std::string> context(&root_);
    if (item != nullptr) context.push(item);
    return compiled.render(context);
  }

  [[nodiscard]] bool is_html() const { return part_ == part::html; }

private:
  const view& root_;
  part part_;
};

view text_item(const std::string& text) {
  view item;
  item.set("text", text);
  return item;
}

/// What a rule's messages say for this reason: its own text, behind that of the reason.
std::vector<const rule_text*> texts_of(const occasion& told, const message_templates& templates) {
  std::vector<const rule_text*> texts;
  if (told.request.reason == "escalated") texts.push_back(&templates.escalation);
  if (told.request.reason == "reopened") texts.push_back(&templates.reopened);
  const auto own = templates.rules.find(told.request.rule_id);
  texts.push_back(own == templates.rules.end() ? &templates.generic : &own->second);
  return texts;
}

std::string subject_of(view& all, const std::vector<const rule_text*>& texts) {
  const renderer plain(all, renderer::part::text);
  auto subject = one_line(plain(texts.back()->subject), max_subject);
  if (texts.size() > 1) {
    all.set("subject", subject);
    subject = one_line(plain(texts.front()->subject), max_subject);
  }
  all.set("subject", subject);
  return subject;
}

std::vector<std::string> paragraphs_of(const std::vector<const rule_text*>& texts, const renderer& render) {
  std::vector<std::string> paragraphs;
  for (const auto* text : texts) {
    const auto what = render(text->what);
    for (std::size_t from = 0; from < what.size();) {
      const auto end = std::min(what.find("\n\n", from), what.size());
      if (auto paragraph = one_line(std::string_view(what).substr(from, end - from), 10'000); !paragraph.empty())
        paragraphs.push_back(std::move(paragraph));
      from = end + 2;
    }
  }
  return paragraphs;
}

mustache::list todo_of(const std::vector<const rule_text*>& texts, const renderer& render) {
  mustache::list todo;
  for (const auto* text : texts)
    for (const auto& step : text->todo)
      if (auto line = one_line(render(step), 2'000); !line.empty()) todo.push_back(text_item(line));
  return todo;
}

/// The rows of a block's table: cells for HTML, and one line for the plain part, where labels stand with their values.
mustache::list table_of(const detail_block& block, const view& all, const renderer& render, const std::string& colon) {
  mustache::list rows;
  const auto* list = all.get(block.list);
  if (list == nullptr || !list->is_list()) return rows;
  for (const auto& item : list->list_value()) {
    mustache::list cells;
    std::string line;
    for (const auto& column : block.columns) {
      const auto value = one_line(render(column.text, &item), 1'000);
      cells.push_back(text_item(value));
      if (value.empty()) continue;
      if (!line.empty()) line += " · " + column.label + colon;
      line += value;
    }
    view row;
    row.set("cells", cells);
    row.set("line", line);
    rows.push_back(std::move(row));
  }
  return rows;
}

mustache::list blocks_of(const rule_text& text, const message_templates& templates, const view& all, const renderer& render,
                         const std::string& colon) {
  mustache::list blocks;
  auto names = text.details;
  names.emplace_back("project");
  for (const auto& name : names) {
    const auto& block = templates.blocks.at(name);
    mustache::list rows;
    for (const auto& [label, value] : block.rows) {
      auto row = text_item(one_line(render(value), 2'000));
      if (row.get("text")->string_value().empty()) continue;
      row.set("label", label);
      rows.push_back(std::move(row));
    }
    auto table = table_of(block, all, render, colon);
    if (rows.empty() && table.empty()) continue;
    view shown;
    shown.set("title", block.title);
    shown.set("rows", rows);
    shown.set("table", table);
    shown.set("has_table", !table.empty());
    mustache::list columns;
    for (const auto& column : block.columns) columns.push_back(text_item(column.label));
    shown.set("columns", columns);
    const auto* more = all.get(block.list + "_more");
    shown.set("more", more != nullptr ? *more : view(false));
    blocks.push_back(std::move(shown));
  }
  return blocks;
}

/// At most one empty line between two others, none at the ends: sections that came out empty leave their line breaks.
std::string without_blank_runs(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' || (!out.empty() && !out.ends_with("\n\n"))) out.push_back(c);
  while (out.ends_with('\n')) out.pop_back();
  return out + "\n";
}

std::string lay_out(view all, const std::vector<const rule_text*>& texts, const message_templates& templates, renderer::part part) {
  const renderer render(all, part);
  const auto colon = templates.words.at("colon");
  mustache::list paragraphs;
  for (const auto& paragraph : paragraphs_of(texts, render)) paragraphs.push_back(text_item(paragraph));
  auto blocks = blocks_of(*texts.back(), templates, all, render, colon);
  auto todo = todo_of(texts, render);
  all.set("colon", colon);
  all.set("paragraphs", paragraphs);
  all.set("blocks", blocks);
  all.set("has_todo", !todo.empty());
  all.set("todo", todo);
  return part == renderer::part::html ? render(templates.html_layout) : without_blank_runs(render(templates.text_layout));
}

void write_cause(json_writer& json, const occasion& told) {
  json.key("cause").begin_object();
  if (told.found != nullptr && told.found->cause_deadline) json.field("deadline", *told.found->cause_deadline);
  if (const auto* e = told.cause) {
    json.field("event_id", e->id).field("type", e->type).field("occurred_at", e->occurred_at);
    json.field_or_null("source", e->source).field_or_null("source_ref", e->source_ref).field_raw("payload", e->data);
  }
  json.end_object();
}

}  // namespace

mail compose_mail(const occasion& told, const message_settings& settings) {
  const wording words(settings.templates, zone_of(told.project, settings.domain));
  auto all = make_view(told, settings, words);
  const auto texts = texts_of(told, settings.templates);
  mail composed;
  composed.subject = subject_of(all, texts);
  composed.text = lay_out(all, texts, settings.templates, renderer::part::text);
  composed.html = lay_out(std::move(all), texts, settings.templates, renderer::part::html);
  return composed;
}

std::string compose_subject(const occasion& told, const message_settings& settings) {
  const wording words(settings.templates, zone_of(told.project, settings.domain));
  auto all = make_view(told, settings, words);
  return subject_of(all, texts_of(told, settings.templates));
}

std::string compose_ticket(const occasion& told, const message_settings& settings) {
  const wording words(settings.templates, zone_of(told.project, settings.domain));
  auto all = make_view(told, settings, words);
  const auto texts = texts_of(told, settings.templates);
  const auto title = subject_of(all, texts);
  std::string description;
  for (const auto& paragraph : paragraphs_of(texts, renderer(all, renderer::part::text)))
    description += (description.empty() ? "" : "\n\n") + paragraph;

  const auto& request = told.request;
  const auto& project = told.project;
  json_writer json;
  json.begin_object().field("notification_id", request.id).key("ticket").begin_object();
  json.field("target", request.recipient).field_or_null("state", request.ticket_state).field("reason", request.reason);
  json.field("title", title).field("description", description).field("severity", request.severity);
  json.field("rule_id", request.rule_id).field("rule_version", request.rule_version).field("rule_name", request.rule_name);
  json.field("project_id", request.project).field_strings("project_refs", project.project_refs);
  json.field_or_null("customer_id", project.customer_id.value.value_or(""));
  json.field_or_null("store_id", project.store_id.value.value_or(""));
  json.field_or_null("project_type", project.project_type.value.value_or(""));
  json.field("scope", request.scope).field("entity", request.entity).field("anomaly_id", request.anomaly_id);
  json.field("raised_at", told.found != nullptr ? std::optional(told.found->raised_at) : std::nullopt);
  json.field_raw("facts", told.found != nullptr ? told.found->facts : "[]");
  write_cause(json, told);
  return json.field("link", all.get("link")->string_value()).end_object().end_object().str();
}

}  // namespace plo::notifications
