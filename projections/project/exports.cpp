#include "projections/core/read_models.hpp"
#include "projections/project/exports.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace plo::projections {

namespace {

constexpr std::size_t csv_chunk_bytes = 64 * 1024;
constexpr std::string_view csv_line_end = "\r\n";

constexpr std::array<std::string_view, 20> project_columns{
    "project_id", "project_refs", "status", "project_type", "channel_origin", "store_id", "customer_id", "health", "assigned_to",
    "promised_delivery_date", "promised_installation_date", "next_action", "next_action_at", "open_anomalies.warning", "open_anomalies.critical",
    "oldest_anomaly_at", "risk", "created_at", "updated_at", "position"};
constexpr std::array<std::string_view, 21> anomaly_columns{
    "anomaly_id", "rule_id", "rule_version", "rule_name", "project_id", "scope", "entity", "severity", "status", "raised_at", "last_triggered_at",
    "occurrences", "escalated", "escalated_at", "acknowledged_at", "acknowledged_by", "snoozed_until", "resolved_at", "resolved_by",
    "late_event_id", "assigned_to"};

/// A member of the row, or of an object in it.
std::optional<json::element> member_at(json::element row, std::string_view path) {
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return json::get(row, path);
  const auto inner = json::get(row, path.substr(0, dot));
  return inner ? json::get(*inner, path.substr(dot + 1)) : std::nullopt;
}

void append_cell(std::string& line, json::element value) {
  if (value.is_string()) return append_csv_text(line, value.get_string().value_unsafe());
  if (!value.is_array()) {
    line.append(simdjson::to_string(value));  // numbers and truth values are our own: no formula
    return;
  }
  std::string joined;
  for (const auto each : simdjson::dom::array(value)) {
    if (!joined.empty()) joined.push_back(' ');
    if (each.is_string()) joined.append(std::string_view(each.get_string().value_unsafe()));
  }
  append_csv_text(line, joined);
}

/// Places come from a heap, so that sorting them all is spread over the export.
template <bool Ascending>
struct comes_later {
  bool operator()(const list_place& a, const list_place& b) const { return Ascending ? b < a : a < b; }
};

template <class Load>
class csv_rows final : public csv_export {
public:
  csv_rows(std::unique_ptr<const row_reader> rows, std::vector<list_place> places, bool ascending,
           std::span<const std::string_view> columns, Load load)
      : rows_(std::move(rows)), places_(std::move(places)), ascending_(ascending), columns_(columns), load_(load) {
    if (ascending_) std::make_heap(places_.begin(), places_.end(), comes_later<true>());
    else std::make_heap(places_.begin(), places_.end(), comes_later<false>());
  }

  position as_of() const override { return checkpoint_of(*rows_); }

  std::string next() override {
    std::string text;
    if (!begun_) {
      for (const auto column : columns_) text.append(text.empty() ? "" : ",").append(column);
      text.append(csv_line_end);
      begun_ = true;
    }
    while (!places_.empty() && text.size() < csv_chunk_bytes) {
      if (ascending_) std::pop_heap(places_.begin(), places_.end(), comes_later<true>());
      else std::pop_heap(places_.begin(), places_.end(), comes_later<false>());
      const auto id = places_.back().id;
      places_.pop_back();
      if (const auto row = json_document::parse(load_(*rows_, id))) append_line(text, row->root());
    }
    return text;
  }

private:
  void append_line(std::string& text, json::element row) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text.push_back(',');
      if (const auto value = member_at(row, columns_[i])) append_cell(text, *value);
    }
    text.append(csv_line_end);
  }

  std::unique_ptr<const row_reader> rows_;
  std::vector<list_place> places_;
  bool ascending_;
  std::span<const std::string_view> columns_;
  Load load_;
  bool begun_ = false;
};

}  // namespace

namespace {

/// How many bytes the blank, invisible or quoting character has with which the text begins; 0 when it begins with another one.
std::size_t blank_at(std::string_view text) {
  constexpr std::string_view others[] = {"\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
                                         "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b",
                                         "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf", "\xc2\x85"};
  if (text.empty()) return 0;
  if (static_cast<unsigned char>(text.front()) <= ' ' || text.front() == '"' || text.front() == '\x7f') return 1;
  for (const auto blank : others)
    if (text.starts_with(blank)) return blank.size();
  return 0;
}

/// Whether a spreadsheet that cuts a line at `;`, as a French one does, or at line ends, could read a formula in the text: a sign that begins
/// one, at the beginning or behind such a cut, blanks and control characters passed over. Full-width signs count: some programs take them.
bool could_be_formula(std::string_view text) {
  constexpr std::string_view full_width[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};  // ＝ ＋ － ＠
  bool at_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (at_start && (c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r')) return true;
    if (at_start)
      for (const auto sign : full_width)
        if (text.substr(i).starts_with(sign)) return true;
    const auto blank = blank_at(text.substr(i));
    at_start = c == ';' || c == '\n' || c == '\r' || (at_start && blank > 0);
    if (blank > 1) i += blank - 1;
  }
  return false;
}

}  // namespace

void append_csv_text(std::string& line, std::string_view text) {
  const bool formula = could_be_formula(text);
  const bool quoted = text.find_first_of(",;\"\r\n") != std::string_view::npos;
  if (quoted) line.push_back('"');
  if (formula) line.push_back('\'');
  for (const char c : text) {
    if (c == '"') line.push_back('"');
    line.push_back(c);
  }
  if (quoted) line.push_back('"');
}

std::unique_ptr<csv_export> export_projects(reading& views, const project_query& query) {
  const auto asked = index_query_of(views, query);
  auto places = views.index<project_index>().all(asked);
  const auto load = [](const row_reader& rows, const uuid& id) { return project_item(rows, {id}); };
  return std::make_unique<csv_rows<decltype(load)>>(views.take_rows(), std::move(places), asked.ascending, project_columns, load);
}

std::unique_ptr<csv_export> export_anomalies(reading& views, const anomaly_query& query) {
  const auto asked = index_query_of(views, query);
  auto places = views.index<anomaly_index>().all(asked);
  const auto load = [](const row_reader& rows, const uuid& id) {
    const auto row = find_anomaly(rows, {id});
    return row ? row->json : std::string();
  };
  return std::make_unique<csv_rows<decltype(load)>>(views.take_rows(), std::move(places), asked.ascending, anomaly_columns, load);
}

}  // namespace plo::projections
