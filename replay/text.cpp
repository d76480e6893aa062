#include "replay/text.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace plo::replay {

namespace {

using document = nlohmann::ordered_json;

constexpr std::size_t examples = 20;       // of each list of a trial
constexpr std::size_t longest_value = 90;  // of what a line shows of a value

/// A value in a line: texts without quotes, nothing for null, long ones cut.
std::string shown(const document& value) {
  if (value.is_null()) return "-";
  auto text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.size() <= longest_value) return text;
  auto end = longest_value;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string shown(const document& object, const char* name) { return object.contains(name) ? shown(object[name]) : "-"; }

/// Characters, as far as columns are concerned.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class table {
public:
  explicit table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  [[nodiscard]] std::string str(std::string_view indent = "") const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string text;
    for (const auto& row : rows_) {
      std::string line(indent);
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
  }

private:
  std::vector<std::vector<std::string>> rows_;
};

/// A table of objects: each column a member's name.
table table_of(const document& list, const std::vector<const char*>& columns) {
  table t(std::vector<std::string>(columns.begin(), columns.end()));
  for (const auto& item : list) {
    std::vector<std::string> row;
    for (const auto* column : columns) row.push_back(shown(item, column));
    t.add(std::move(row));
  }
  return t;
}

std::string section(std::string_view title, const table& t) { return t.empty() ? "" : fmt::format("\n{}\n{}", title, t.str("  ")); }

/// The members of an object that are no lists and no objects, a line each.
std::string fields(const document& object, std::string_view indent = "") {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items())
    if (!value.is_structured()) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : object.items())
    if (!value.is_structured() && !value.is_null()) text += fmt::format("{}{:<{}}  {}\n", indent, name, width, shown(value));
  return text;
}

std::string part(std::string_view title, const document& object) {
  return object.is_object() ? fmt::format("\n{}\n{}", title, fields(object, "  ")) : "";
}

std::string joined(const document& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + shown(item);
  return text;
}

}  // namespace

std::string state_text(std::string_view json) {
  const auto p = document::parse(json);
  std::string text = fields(p) + "project_refs: " + joined(p["project_refs"]) + "\n";
  text += section("orders", table_of(p["orders"], {"order_ref", "status", "promised_delivery_date", "latest_eta", "in_transit", "arrived", "delivered"}));
  text += part("consolidation", p["consolidation"]) + part("lastmile", p["lastmile"]) + part("installation", p["installation"]);
  auto steps = document::array();
  for (const auto& s : p["steps"])
    if (s["status"] != "pending") steps.push_back(s);
  text += section("steps that are not pending", table_of(steps, {"step_type", "order_ref", "status", "started_at", "completed_at"}));
  text += section("open anomalies", table_of(p["anomalies"], {"anomaly_id", "rule_id", "severity", "status", "entity", "raised_at"}));
  text += section("next deadlines", table_of(p["deadlines"], {"rule_id", "entity", "due_at"}));
  return text + section("references", table_of(p["refs"], {"source", "kind", "ref"}));
}

std::string timeline_text(std::string_view json) {
  const auto all = document::parse(json);
  table t({"position", "occurred_at", "type", "kind", "source", "order_ref", "severity", "caused"});
  for (const auto& e : all["items"])
    t.add({shown(e["position"]), shown(e["occurred_at"]), shown(e["type"]), shown(e["kind"]), shown(e["source"]), shown(e["order_ref"]),
           shown(e["severity"]), joined(e["caused"])});
  return t.str() + fmt::format("{} events\n", shown(all["total"]));
}

std::string difference_text(std::string_view json) {
  const auto d = document::parse(json);
  const auto end = [](const document& position) { return position.is_null() ? std::string("nothing") : "position " + shown(position); };
  std::string text = fmt::format("from {} to {}: {} changes\n", end(d["from"]), end(d["to"]), d["changes"].size());
  for (const auto& c : d["changes"]) text += fmt::format("{}: {} → {}\n", c["path"].get<std::string>().empty() ? "/" : shown(c["path"]), shown(c["old"]), shown(c["new"]));
  return text;
}

std::string explanation_text(std::string_view json) {
  const auto a = document::parse(json);
  const auto& why = a["explanation"];
  std::string text = fields(a);
  text += fmt::format("\nrule {} version {}: {}\n", shown(a["rule_id"]), shown(a["rule_version"]), shown(a["rule_name"]));
  if (!why["when"].is_null()) text += fmt::format("  when {}\n", why["when"].dump());
  if (!why["deadline"].is_null()) text += fmt::format("  the deadline was {}\n", shown(why["deadline"]));
  text += section("what its condition read", table_of(why["facts"], {"path", "value"}));
  table chain({"position", "occurred_at", "recorded_at", "type", "kind", "source"});
  for (const auto& e : a["chain"])
    chain.add({shown(e["position"]), shown(e["occurred_at"]), shown(e["recorded_at"]), shown(e["type"]), shown(e["kind"]), shown(e["source"])});
  text += section("what led to it", chain);
  text += section("who was told", table_of(a["notifications"], {"requested_at", "channel", "recipient", "reason", "status", "sent_at", "sent_to", "error"}));
  return text + section("what people did", table_of(a["operators"], {"at", "type", "operator_id", "comment"}));
}

std::string verify_text(std::string_view json) {
  const auto v = document::parse(json);
  std::string text = fmt::format("{} events in {} streams, head {} {}\n", shown(v["events"]), shown(v["streams"]), shown(v["head"]["position"]),
                                 shown(v["head"]["hash"]));
  const bool log_ok = v["faults_total"] == 0 && v["file_faults"].empty();
  if (log_ok) text += "hash chain, positions, versions and indexes: nothing wrong\n";
  for (const auto& h : v["heads"])
    if (log_ok) text += fmt::format("{}: the history up to position {} is unchanged\n", shown(h["name"]), shown(h["position"]));
  for (const auto& fault : v["file_faults"]) text += fmt::format("file: {}\n", fault.get<std::string>());
  for (const auto& fault : v["faults"])
    text += fmt::format("{}: {}\n", fault["position"].is_null() ? "index" : "position " + shown(fault["position"]), fault["what"].get<std::string>());
  if (v["faults_total"] > v["faults"].size()) text += fmt::format("and {} more\n", v["faults_total"].get<std::uint64_t>() - v["faults"].size());
  if (v.contains("views")) {
    const auto& views = v["views"];
    for (const auto& fault : views["faults"]) text += fmt::format("views: {}\n", fault.get<std::string>());
    if (views["faults"].empty())
      text += fmt::format("read models at position {}: {} agree with the log\n", shown(views["checkpoint"]),
                          views["rows_compared"] == true ? "counts, digests and rows" : "counts and digests");
  }
  return text;
}

std::string rederive_text(std::string_view json) {
  const auto r = document::parse(json);
  std::string text = fmt::format("{} events, {} inputs decided again, {} events came out as they are stored\n", shown(r["events"]), shown(r["inputs"]),
                                 shown(r["rederived"]));
  if (r["erased"] != 0) text += fmt::format("{} of them but for personal values that are not there any more\n", shown(r["erased"]));
  if (r["undecidable"] != 0)
    text += fmt::format("{} places differ in projects whose personal values are not there any more: what was decided by them cannot be decided again\n",
                        shown(r["undecidable"]));
  if (r["clock_moves"] != 0) text += fmt::format("{} times the event clock had been moved by a repetition, which is not stored\n", shown(r["clock_moves"]));
  if (r["other_decider"] != 0) text += fmt::format("{} events of projects were decided by another version of the engine and are taken as they stand\n", shown(r["other_decider"]));
  text += fmt::format("{} events of sources stand where they belong\n", shown(r["routed"]));
  if (r["other_finding"] != 0) text += fmt::format("{} events of sources were given to their projects by another version of the engine and are taken where they stand\n", shown(r["other_finding"]));
  for (const auto& d : r["differences"]) {
    text += fmt::format("position {}, project {}: {}\n", shown(d["position"]), shown(d["project_id"]), shown(d["what"]));
    if (!d["expected"].is_null()) text += fmt::format("  follows: {}\n", d["expected"].dump());
    if (!d["stored"].is_null()) text += fmt::format("  stored:  {}\n", d["stored"].dump());
  }
  const auto total = r["differences_total"].get<std::uint64_t>();
  if (total > r["differences"].size()) text += fmt::format("and {} more\n", total - r["differences"].size());
  return text + (total == 0 ? "nothing differs\n" : fmt::format("{} differences\n", total));
}

std::string trial_text(std::string_view json) {
  const auto t = document::parse(json);
  std::string text = fmt::format("{} projects: {} anomalies appear, {} vanish, {} move, {} stay\n\n", shown(t["projects"]), shown(t["raised_total"]),
                                 shown(t["dropped_total"]), shown(t["moved_total"]), shown(t["unchanged"]));
  auto concerned = document::array();
  for (const auto& r : t["rules"])
    if (r["tried"] == true || r["raised"] != 0 || r["dropped"] != 0 || r["moved"] != 0) concerned.push_back(r);
  text += table_of(concerned, {"rule_id", "tried", "raised", "dropped", "moved", "unchanged"}).str();
  const auto list = [&](const char* title, const char* name, auto when) {
    table rows({"rule_id", "project_id", "entity", "severity", "when"});
    for (std::size_t i = 0; i < std::min(t[name].size(), examples); ++i) {
      const auto& f = t[name][i];
      rows.add({shown(f["rule_id"]), shown(f["project_id"]), shown(f["entity"]), shown(f["severity"]), when(f)});
    }
    text += section(title, rows);
  };
  list("appear", "raised", [](const document& f) { return shown(f["raised_at"]); });
  list("vanish", "dropped", [](const document& f) { return shown(f["raised_at"]); });
  list("move", "moved", [](const document& f) { return shown(f["from"]["raised_at"]) + " → " + shown(f["to"]["raised_at"]); });
  return text;
}

}  // namespace plo::replay
