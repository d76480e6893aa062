#include "projections/project/projects.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "eventstore/kv/keys.hpp"
#include "projections/core/index_page.hpp"
#include "projections/project/anomaly_json.hpp"
#include "projections/project/customers.hpp"
#include "projections/project/families.hpp"
#include "projections/project/project_json.hpp"
#include "projections/project/search.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'P' ‖ project → facets ‖ columns ‖ JSON.
constexpr char project_tag = 'P';
constexpr char store_tag = 'S';  // project and position: its store from there on

std::string project_row_key(const uuid& project) {
  std::string key(1, project_tag);
  keys::put_uuid(key, project);
  return key;
}

/// Risks in billionths; no risk sorts below all others.
std::int64_t risk_number(const std::optional<double>& risk) { return risk ? std::llround(*risk * 1e9) : -1; }

struct project_row {
  std::array<std::string_view, project_index::facets> facets;
  std::array<std::int64_t, project_index::columns> columns;
  std::string_view json;
};

std::string encode_project_row(const std::vector<std::string>& facets, const std::vector<std::int64_t>& columns, std::string_view json) {
  std::string row;
  for (const auto& text : facets) keys::put_text(row, text);
  for (const auto number : columns) keys::put_u64(row, static_cast<std::uint64_t>(number));
  return row.append(json);
}

std::string store_row_key(const uuid& id, position since) {
  std::string key(1, store_tag);
  keys::put_uuid(key, id);
  keys::put_u64(key, since.value);
  return key;
}

project_row decode_project_row(std::string_view row) {
  project_row decoded;
  for (auto& text : decoded.facets) text = keys::take_text(row);
  for (auto& number : decoded.columns) {
    number = static_cast<std::int64_t>(keys::get_u64(row));
    row.remove_prefix(8);
  }
  decoded.json = row;
  return decoded;
}

std::int64_t number_of(instant at) { return at.time_since_epoch().count(); }

/// As long as a row's text may be.
std::string facet_text(std::string_view text) { return std::string(text.substr(0, 0xffff)); }

class projects_projection final : public projection {
public:
  projects_projection(const project_fold& projects, facet_index& index) : projects_(projects), index_(index) {}

  std::uint32_t schema_version() const override { return 4; }
  row_family rows() const override { return families::projects; }
  bool is_acted_on() const override { return true; }

  void load(const row_reader& views) override {
    const std::string prefix(1, project_tag);
    views.scan(rows(), prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
      const auto row = decode_project_row(value);
      index_.put(keys::get_uuid(key.substr(1)), row.facets, row.columns);
      return true;
    });
  }

  void apply(event_pointers, const row_reader&, row_batch& batch) override {
    staged_.clear();
    for (const auto& touched : projects_.touched()) {
      const auto& project = *touched.state;
      const auto found = summary_of(project);
      std::vector<std::string> facets(project_index::facets);
      facets[project_index::status] = to_string(project.status);
      facets[project_index::type] = facet_text(project.project_type.value.value_or(""));
      facets[project_index::store] = facet_text(project.store_id.value.value_or(""));
      facets[project_index::severity] = found.worst();
      facets[project_index::assigned_to] = facet_text(project.assigned_to);
      std::vector<std::int64_t> columns(project_index::columns);
      columns[project_index::oldest_anomaly] = number_of(found.oldest.value_or(instant::max()));
      columns[project_index::updated_at] = number_of(project.updated_at);
      columns[project_index::created_at] = number_of(project.created_at);
      columns[project_index::risk] = risk_number(touched.risk);
      json_writer json;
      json.begin_object();
      write_project_item(json, project, touched.last, touched.risk);
      json.end_object();
      batch.put(rows(), project_row_key(project.id.value), encode_project_row(facets, columns, json.view()));
      for (const auto& [since, store] : touched.stores) batch.put(rows(), store_row_key(project.id.value, since), store);
      staged_.put(project.id.value, std::move(facets), std::move(columns));
    }
  }

  void publish() override { staged_.apply_to(index_); }

private:
  const project_fold& projects_;
  facet_index& index_;
  staged_rows staged_;
};

project_index::column column_of(project_order order) {
  switch (order) {
    case project_order::oldest_anomaly: return project_index::oldest_anomaly;
    case project_order::updated_at: return project_index::updated_at;
    case project_order::created_at: return project_index::created_at;
    case project_order::risk: return project_index::risk;
  }
  return project_index::oldest_anomaly;
}

/// Those that are in both, where both are given.
void narrow(std::optional<std::vector<uuid>>& among, std::vector<uuid> ids) {
  std::sort(ids.begin(), ids.end());
  if (among) {
    std::vector<uuid> both;
    std::set_intersection(among->begin(), among->end(), ids.begin(), ids.end(), std::back_inserter(both));
    ids = std::move(both);
  }
  among = std::move(ids);
}

}  // namespace

std::unique_ptr<projection> make_projects(const project_fold& projects, facet_index& index) { return std::make_unique<projects_projection>(projects, index); }

std::string store_of(const row_reader& views, const project_id& id, position at) {
  std::string store;
  views.scan_back(families::projects, store_row_key(id.value, {0}), store_row_key(id.value, {at.value + 1}), [&](std::string_view, std::string_view value) {
    store = value;
    return false;
  });
  return store;
}

std::string project_item(const row_reader& views, const project_id& id) {
  const auto row = views.get(families::projects, project_row_key(id.value));
  return row ? std::string(decode_project_row(*row).json) : std::string();
}

std::vector<list_place> closed_projects(const reading& views, std::string_view status, instant untouched_since,
                                        const std::optional<list_place>& after, std::size_t most) {
  index_query asked;
  asked.facets.push_back({project_index::status, std::string(status)});
  column_condition untouched;
  untouched.column = project_index::updated_at;
  untouched.most = number_of(untouched_since);
  asked.columns.push_back(untouched);
  asked.sort = project_index::updated_at;
  asked.limit = most;
  asked.after = after;
  return views.index<project_index>().select(asked).rows;
}

char cursor_list(project_order order, bool descending) {
  constexpr std::string_view letters = "AUCK";
  const char letter = letters[static_cast<std::size_t>(order)];
  return descending ? letter : static_cast<char>(letter + 32);
}

index_query index_query_of(const reading& views, const project_query& query) {
  index_query asked;
  require_facet(asked, project_index::status, query.status);
  require_facet(asked, project_index::type, query.type);
  require_facet(asked, project_index::store, query.store_id);
  require_facet(asked, project_index::severity, query.severity);
  require_assignee(asked, project_index::assigned_to, query.assigned_to);
  require_period(asked, project_index::created_at, query.from, query.to);
  if (query.risk_min) asked.columns.push_back({project_index::risk, risk_number(query.risk_min)});
  if (!query.customer_id.empty()) narrow(asked.among, projects_of_customer(views.rows(), query.customer_id));
  if (auto found = find_projects_by_text(views.rows(), query.text)) narrow(asked.among, std::move(*found));
  asked.sort = column_of(query.order);
  // "-oldest_anomaly" asks for the longest wait first, which is the smallest time.
  asked.ascending = (query.order == project_order::oldest_anomaly) == query.descending;
  return asked;
}

page list_projects(reading& views, const project_query& query) {
  return read_page(views, views.index<project_index>(), index_query_of(views, query), query.page, [&](json_writer& items, const uuid& id) { items.raw(project_item(views.rows(), {id})); });
}

}  // namespace plo::projections
