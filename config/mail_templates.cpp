#include "config/mail_templates.hpp"

#include "config/embedded.hpp"
#include "config/section.hpp"

namespace plo::config {
namespace {

/// `[["label", "text"], …]`
std::vector<labelled_text> read_labelled(section& in, std::string_view key) {
  std::vector<labelled_text> out;
  const auto* list = in.find<toml::array>(key);
  if (!list) return out;
  for (const toml::node& element : *list->as_array()) {
    const auto* pair = element.as_array();
    if (!pair || pair->size() != 2 || !pair->get(0)->is_string() || !pair->get(1)->is_string()) {
      refuse(element.source(), fmt::format("each element of {} must be [label, text]", in.name_of(key)));
    }
    out.push_back({**pair->get(0)->as_string(), **pair->get(1)->as_string()});
  }
  return out;
}

void read_list(section& in, std::string_view key, std::vector<std::string>& out) {
  in.texts(key, [&](const std::string& value) { return out.push_back(value), std::string(); });
}

mail_text read_text(section& in) {
  mail_text out;
  in.text("subject", out.subject);
  in.text("what", out.what);
  read_list(in, "details", out.details);
  read_list(in, "todo", out.todo);
  return out;
}

mail_block read_block(section& in) {
  mail_block out;
  in.text("title", out.title);
  out.rows = read_labelled(in, "rows");
  in.text("list", out.list);
  out.columns = read_labelled(in, "columns");
  return out;
}

mail_templates read_root(const toml::table& table) {
  mail_templates out;
  section root(table, "");
  root.text("language", out.language);
  root.table("calendar", [&](section& in) {
    read_list(in, "weekdays", out.weekdays);
    read_list(in, "months", out.months);
    in.text("day", out.day);
    in.text("moment", out.moment);
    in.text("slot", out.slot);
    in.text("decimal_point", out.decimal_point);
  });
  root.table("layout", [&](section& in) {
    in.text("text", out.text_layout);
    in.text("html", out.html_layout);
  });
  root.table("words", [&](section& in) {
    for (const auto& key : in.keys()) in.text(key, out.words[key]);
  });
  root.table("blocks", [&](section& in) {
    for (const auto& name : in.keys()) in.table(name, [&](section& block) { out.blocks.emplace(name, read_block(block)); });
  });
  root.table("generic", [&](section& in) { out.generic = read_text(in); });
  root.table("escalation", [&](section& in) { out.escalation = read_text(in); });
  root.table("reopened", [&](section& in) { out.reopened = read_text(in); });
  root.table("rules", [&](section& in) {
    for (const auto& id : in.keys()) in.table(id, [&](section& rule) { out.rules.emplace(id, read_text(rule)); });
  });
  root.finish();
  return out;
}

}  // namespace

result<mail_templates> parse_mail_templates(std::string_view toml, const std::string& file) {
  const auto refused = [&](std::uint32_t line, std::string reason) {
    return tl::make_unexpected(config_error{file, line, std::move(reason)});
  };
  try {
    return read_root(toml::parse(toml, file));
  } catch (const toml::parse_error& error) {
    return refused(error.source().begin.line, std::string(error.description()));
  } catch (const refusal& error) {
    return refused(error.line, error.reason);
  }
}

result<mail_templates> built_in_mail_templates(std::string_view language) {
  if (language == "en") return parse_mail_templates(embedded::mail_templates_en, "mail_templates.en.toml");
  return parse_mail_templates(embedded::mail_templates_fr, "mail_templates.fr.toml");
}

}  // namespace plo::config
