#include "projections/anomalies.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "eventstore/keys.hpp"
#include "projections/anomaly_json.hpp"
#include "projections/projects.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// Rows: 'A' ‖ anomaly → fields ‖ JSON ‖ facts.
// Orders: 'S' ‖ status ‖ severity ‖ raised_at ‖ anomaly and 'R' ‖ status ‖ raised_at ‖ anomaly → nothing; status '*' is all.
// 'N' ‖ status → how many. 'F' ‖ rule → it has fired.
constexpr char any_status = '*';

char letter_of(anomaly_status status) {
  switch (status) {
    case anomaly_status::open: return 'o';
    case anomaly_status::acknowledged: return 'a';
    case anomaly_status::snoozed: return 's';
    case anomaly_status::resolved: return 'r';
  }
  return 'r';
}

std::string row_key(const anomaly_id& id) {
  std::string key(1, 'A');
  keys::put_uuid(key, id.value);
  return key;
}

/// What a query filters and sorts by, in front of a row's JSON.
struct row_fields {
  project_id project;
  char status = 'o';
  char severity = '1';  // '0' critical, '1' warning: the worst first
  instant raised_at{};
  std::string_view rule_id, assigned_to, json, facts;
};

std::string encode_row(const row_fields& f) {
  std::string row;
  keys::put_uuid(row, f.project.value);
  row.push_back(f.status);
  row.push_back(f.severity);
  keys::put_time(row, f.raised_at);
  keys::put_text(row, f.rule_id);
  keys::put_text(row, f.assigned_to);
  keys::put_u64(row, f.json.size());
  return row.append(f.json).append(f.facts);
}

row_fields decode_row(std::string_view row) {
  row_fields f;
  f.project = {keys::get_uuid(row)};
  f.status = row[16];
  f.severity = row[17];
  f.raised_at = keys::get_time(row.substr(18));
  row.remove_prefix(26);
  f.rule_id = keys::take_text(row);
  f.assigned_to = keys::take_text(row);
  const auto size = keys::get_u64(row);
  f.json = row.substr(8, size);
  f.facts = row.substr(8 + size);
  return f;
}

std::string order_prefix(anomaly_order order, char status) { return {order == anomaly_order::severity ? 'S' : 'R', status}; }

std::string order_key(anomaly_order order, char status, const row_fields& f, const anomaly_id& id) {
  auto key = order_prefix(order, status);
  if (order == anomaly_order::severity) key.push_back(f.severity);
  keys::put_time(key, f.raised_at);
  keys::put_uuid(key, id.value);
  return key;
}

std::string count_key(char status) { return {'N', status}; }
std::string fired_key(std::string_view rule_id) { return std::string(1, 'F').append(rule_id); }

std::uint64_t count_of(const eventstore::kv_reader& views, char status) {
  const auto stored = views.get(families::anomalies, count_key(status));
  return stored ? keys::get_u64(*stored) : 0;
}

class anomalies_projection final : public projection {
public:
  std::string_view name() const override { return "anomalies"; }
  std::uint32_t schema_version() const override { return 1; }
  eventstore::family rows() const override { return families::anomalies; }

  void apply(const projection_input& input, const eventstore::kv_reader& views, eventstore::kv_batch& batch) override {
    std::map<char, std::int64_t> change;
    for (const auto& touched : input.projects)
      for (const auto& a : touched.anomalies) write_row(touched.state->id, a, views, batch, change);
    for (const auto& [status, by] : change) {
      if (by == 0) continue;
      std::string value;
      keys::put_u64(value, count_of(views, status) + static_cast<std::uint64_t>(by));
      batch.put(rows(), count_key(status), std::move(value));
    }
  }

private:
  void write_row(const project_id& project, const anomaly& a, const eventstore::kv_reader& views, eventstore::kv_batch& batch,
                 std::map<char, std::int64_t>& change) const {
    json_writer json;
    write_anomaly(json, a, project);
    row_fields f;
    f.project = project;
    f.status = letter_of(a.status);
    f.severity = a.severity == event_severity::critical ? '0' : '1';
    f.raised_at = a.raised_at;
    f.rule_id = a.rule_id;
    f.assigned_to = std::string_view(a.assigned_to).substr(0, 0xffff);
    f.json = json.view();
    f.facts = a.facts;
    const auto key = row_key(a.id);
    if (const auto before = views.get(rows(), key)) {
      const auto old = decode_row(*before);
      --change[old.status];
      --change[any_status];
      for (const auto order : {anomaly_order::severity, anomaly_order::raised_at})
        for (const char status : {old.status, any_status}) batch.remove(rows(), order_key(order, status, old, a.id));
    } else {
      batch.put(rows(), fired_key(a.rule_id), {});
    }
    ++change[f.status];
    ++change[any_status];
    for (const auto order : {anomaly_order::severity, anomaly_order::raised_at})
      for (const char status : {f.status, any_status}) batch.put(rows(), order_key(order, status, f, a.id), {});
    batch.put(rows(), key, encode_row(f));
  }
};

bool filters(const anomaly_query& q) {
  return !(q.severity.empty() && q.rule_id.empty() && q.store_id.empty() && q.type.empty() && q.assigned_to.empty() && !q.project &&
           !q.from && !q.to);
}

bool matches(const eventstore::kv_reader& views, const row_fields& f, const anomaly_query& q) {
  if (!q.severity.empty() && (q.severity == "critical") != (f.severity == '0')) return false;
  if (!q.rule_id.empty() && f.rule_id != q.rule_id) return false;
  if (!q.assigned_to.empty() && f.assigned_to != q.assigned_to) return false;
  if (q.project && f.project != *q.project) return false;
  if ((q.from && f.raised_at < *q.from) || (q.to && f.raised_at >= *q.to)) return false;
  // These are the project's, and may change while the anomaly stands.
  if (!q.store_id.empty() && store_of(views, f.project) != q.store_id) return false;
  return q.type.empty() || type_of(views, f.project) == q.type;
}

}  // namespace

std::unique_ptr<projection> make_anomalies() { return std::make_unique<anomalies_projection>(); }

char cursor_list(anomaly_order order, bool descending) {
  if (order == anomaly_order::severity) return descending ? 's' : 'S';
  return descending ? 'r' : 'R';
}

page list_anomalies(const eventstore::kv_reader& views, const anomaly_query& query) {
  const char status = query.status ? letter_of(*query.status) : any_status;
  // Severities are kept with the worst first, times with the oldest first.
  const bool forward = (query.order == anomaly_order::severity) == query.descending;
  std::optional<std::uint64_t> total;
  if (!filters(query)) total = count_of(views, status);
  const auto load = [&](std::string_view place, std::string_view) {
    auto row = views.get(families::anomalies, row_key({keys::get_uuid(place.substr(place.size() - 16))}));
    if (row && !total && !matches(views, decode_row(*row), query)) row.reset();
    return row;
  };
  const auto write = [](json_writer& items, const std::string& row) { items.raw(decode_row(row).json); };
  return scan_page(views, families::anomalies, order_prefix(query.order, status), forward, total, query.page, load, write);
}

std::optional<anomaly_row> find_anomaly(const eventstore::kv_reader& views, const anomaly_id& id) {
  const auto row = views.get(families::anomalies, row_key(id));
  if (!row) return std::nullopt;
  const auto f = decode_row(*row);
  return anomaly_row{f.project, std::string(f.json), std::string(f.facts)};
}

bool has_fired(const eventstore::kv_reader& views, std::string_view rule_id) {
  return views.get(families::anomalies, fired_key(rule_id)).has_value();
}

}  // namespace plo::projections
