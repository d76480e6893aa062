#include "projections/project/anomalies.hpp"

#include <algorithm>
#include <array>

#include "eventstore/kv/keys.hpp"
#include "projections/core/index_page.hpp"
#include "projections/project/anomaly_json.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// Rows: 'A' ‖ anomaly → project ‖ facets ‖ columns ‖ JSON ‖ facts. 'P' ‖ project ‖ anomaly → nothing.
// 'J' ‖ project → store ‖ type, which the rows of its anomalies hold. 'F' ‖ rule → it has fired.

std::string anomaly_row_key(const uuid& id) {
  std::string key(1, 'A');
  keys::put_uuid(key, id);
  return key;
}

std::string anomalies_of(const project_id& project) {
  std::string key(1, 'P');
  keys::put_uuid(key, project.value);
  return key;
}

std::string place_key(const project_id& project) {
  std::string key(1, 'J');
  keys::put_uuid(key, project.value);
  return key;
}

std::string fired_key(std::string_view rule_id) { return std::string(1, 'F').append(rule_id); }

struct stored_anomaly {
  project_id project;
  std::array<std::string_view, anomaly_index::facets> facets;
  std::array<std::int64_t, anomaly_index::columns> columns{};
  std::string_view json, facts;
};

std::string encode_anomaly(const stored_anomaly& a) {
  std::string row;
  keys::put_uuid(row, a.project.value);
  for (const auto text : a.facets) keys::put_text(row, text);
  for (const auto number : a.columns) keys::put_u64(row, static_cast<std::uint64_t>(number));
  keys::put_u64(row, a.json.size());
  return row.append(a.json).append(a.facts);
}

stored_anomaly decode_anomaly(std::string_view row) {
  stored_anomaly a;
  a.project = {keys::get_uuid(row)};
  row.remove_prefix(16);
  for (auto& text : a.facets) text = keys::take_text(row);
  const auto number = [&row] {
    const auto n = keys::get_u64(row);
    row.remove_prefix(8);
    return n;
  };
  for (auto& column : a.columns) column = static_cast<std::int64_t>(number());
  const auto size = number();
  a.json = row.substr(0, size);
  a.facts = row.substr(size);
  return a;
}

/// The worst first, then the longest wait: warnings lie behind all times a critical one can have.
std::int64_t severity_and_age(event_severity severity, instant raised_at) {
  constexpr std::int64_t behind_all = 1ll << 60;
  return raised_at.time_since_epoch().count() + (severity == event_severity::critical ? 0 : behind_all);
}

class anomalies_projection final : public projection {
public:
  anomalies_projection(const project_fold& projects, facet_index& index) : projects_(projects), index_(index) {}

  std::uint32_t schema_version() const override { return 3; }
  row_family rows() const override { return families::anomalies; }

  void load(const row_reader& views) override {
    views.scan(rows(), "A", "B", [&](std::string_view key, std::string_view value) {
      const auto a = decode_anomaly(value);
      index_.put(keys::get_uuid(key.substr(1)), a.facets, a.columns);
      return true;
    });
  }

  void apply(event_pointers, const row_reader& views, row_batch& batch) override {
    staged_.clear();
    for (const auto& touched : projects_.touched()) {
      const auto& project = *touched.state;
      const auto store = std::string_view(project.store_id.value ? *project.store_id.value : no_text).substr(0, 0xffff);
      const auto type = std::string_view(project.project_type.value ? *project.project_type.value : no_text).substr(0, 0xffff);
      std::string place;
      keys::put_text(place, store);
      keys::put_text(place, type);
      const auto before = views.get(rows(), place_key(project.id));
      if (before && *before != place) move_others(touched, store, type, views, batch);
      for (const auto& a : touched.anomalies) write_row(project.id, a, store, type, views, batch);
      const bool has_anomalies = before || !touched.anomalies.empty();
      if (has_anomalies && (!before || *before != place)) batch.put(rows(), place_key(project.id), std::move(place));
    }
  }

  void publish() override { staged_.apply_to(index_); }

private:
  /// The project moved to another store or type: its anomalies that the step does not write anyway follow it.
  void move_others(const touched_project& touched, std::string_view store, std::string_view type, const row_reader& views,
                   row_batch& batch) {
    const auto prefix = anomalies_of(touched.state->id);
    views.scan(rows(), prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
      const auto id = keys::get_uuid(key.substr(prefix.size()));
      const auto is_written = [&](const anomaly& a) { return a.id.value == id; };
      if (std::any_of(touched.anomalies.begin(), touched.anomalies.end(), is_written)) return true;
      const auto row = views.get(rows(), anomaly_row_key(id));
      if (!row) return true;
      auto moved = decode_anomaly(*row);
      moved.facets[anomaly_index::store] = store;
      moved.facets[anomaly_index::type] = type;
      put(id, moved, batch);
      return true;
    });
  }

  void write_row(const project_id& project, const anomaly& a, std::string_view store, std::string_view type,
                 const row_reader& views, row_batch& batch) {
    json_writer json;
    write_anomaly(json, a, project);
    stored_anomaly row;
    row.project = project;
    row.facets[anomaly_index::status] = to_string(a.status);
    row.facets[anomaly_index::severity] = to_string(a.severity);
    row.facets[anomaly_index::rule] = a.rule_id;
    row.facets[anomaly_index::store] = store;
    row.facets[anomaly_index::type] = type;
    row.facets[anomaly_index::assigned_to] = std::string_view(a.assigned_to).substr(0, 0xffff);
    row.columns[anomaly_index::severity_and_age] = severity_and_age(a.severity, a.raised_at);
    row.columns[anomaly_index::raised_at] = a.raised_at.time_since_epoch().count();
    row.json = json.view();
    row.facts = a.facts;
    if (!views.get(rows(), anomaly_row_key(a.id.value))) {
      auto of_project = anomalies_of(project);
      keys::put_uuid(of_project, a.id.value);
      batch.put(rows(), std::move(of_project), {});
      batch.put(rows(), fired_key(a.rule_id), {});
    }
    put(a.id.value, row, batch);
  }

  void put(const uuid& id, const stored_anomaly& row, row_batch& batch) {
    batch.put(rows(), anomaly_row_key(id), encode_anomaly(row));
    staged_.put(id, {row.facets.begin(), row.facets.end()}, {row.columns.begin(), row.columns.end()});
  }

  inline static const std::string no_text;
  const project_fold& projects_;
  facet_index& index_;
  staged_rows staged_;
};

}  // namespace

std::unique_ptr<projection> make_anomalies(const project_fold& projects, facet_index& index) { return std::make_unique<anomalies_projection>(projects, index); }

char cursor_list(anomaly_order order, bool descending) {
  if (order == anomaly_order::severity) return descending ? 's' : 'S';
  return descending ? 'r' : 'R';
}

index_query index_query_of(const reading& views, const anomaly_query& query) {
  index_query asked;
  if (query.status) asked.facets.push_back({anomaly_index::status, std::string(to_string(*query.status))});
  require_facet(asked, anomaly_index::severity, query.severity);
  require_facet(asked, anomaly_index::rule, query.rule_id);
  require_facet(asked, anomaly_index::store, query.store_id);
  require_facet(asked, anomaly_index::type, query.type);
  require_assignee(asked, anomaly_index::assigned_to, query.assigned_to);
  require_period(asked, anomaly_index::raised_at, query.from, query.to);
  if (query.project) {
    asked.among.emplace();
    const auto prefix = anomalies_of(*query.project);
    views.rows().scan(families::anomalies, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
      asked.among->push_back(keys::get_uuid(key.substr(prefix.size())));
      return true;
    });
  }
  asked.sort = query.order == anomaly_order::severity ? anomaly_index::severity_and_age : anomaly_index::raised_at;
  // The worst comes first in the column already.
  asked.ascending = (query.order == anomaly_order::severity) == query.descending;
  return asked;
}

page list_anomalies(reading& views, const anomaly_query& query) {
  return read_page(views, views.index<anomaly_index>(), index_query_of(views, query), query.page, [&](json_writer& items, const uuid& id) {
    const auto row = views.rows().get(families::anomalies, anomaly_row_key(id));
    if (row) items.raw(decode_anomaly(*row).json);
  });
}

std::optional<anomaly_row> find_anomaly(const row_reader& views, const anomaly_id& id) {
  const auto row = views.get(families::anomalies, anomaly_row_key(id.value));
  if (!row) return std::nullopt;
  const auto a = decode_anomaly(*row);
  return anomaly_row{a.project, std::string(a.json), std::string(a.facts)};
}

bool has_fired(const row_reader& views, std::string_view rule_id) {
  return views.get(families::anomalies, fired_key(rule_id)).has_value();
}

}  // namespace plo::projections
