#include "projections/projects.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "eventstore/keys.hpp"
#include "projections/anomaly_json.hpp"
#include "projections/project_json.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// Rows: 'P' ‖ project → fields ‖ JSON. Orders: 'A' | 'U' | 'C' ‖ time ‖ project → nothing. 'N' → number of projects.
constexpr char row_tag = 'P';
const std::string count_key = "N";

char tag_of(project_order order) {
  switch (order) {
    case project_order::oldest_anomaly: return 'A';
    case project_order::updated_at: return 'U';
    case project_order::created_at: return 'C';
  }
  return 'A';
}

std::string row_key(const uuid& project) {
  std::string key(1, row_tag);
  keys::put_uuid(key, project);
  return key;
}

/// Everything a query filters and sorts by, in front of a row's JSON.
struct row_fields {
  instant created_at{}, updated_at{};
  instant oldest_anomaly = instant::max();  // none
  std::array<std::string, 7> texts;  // status, type, store_id, customer_id, assigned_to, searchable text, worst severity
};

std::string encode_row(const row_fields& fields, std::string_view json) {
  std::string row;
  keys::put_time(row, fields.created_at);
  keys::put_time(row, fields.updated_at);
  keys::put_time(row, fields.oldest_anomaly);
  for (const auto& text : fields.texts) keys::put_text(row, std::string_view(text).substr(0, 0xffff));
  return row.append(json);
}

struct decoded_row {
  instant created_at, updated_at, oldest_anomaly;
  std::array<std::string_view, 7> texts;
  std::string_view json;
};

decoded_row decode_row(std::string_view row) {
  decoded_row decoded;
  decoded.created_at = keys::get_time(row);
  decoded.updated_at = keys::get_time(row.substr(8));
  decoded.oldest_anomaly = keys::get_time(row.substr(16));
  row.remove_prefix(24);
  for (auto& text : decoded.texts) text = keys::take_text(row);
  decoded.json = row;
  return decoded;
}

std::string order_key(project_order order, instant at, const uuid& project) {
  std::string key(1, tag_of(order));
  keys::put_time(key, at);
  keys::put_uuid(key, project);
  return key;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return lower;
}

constexpr project_order all_orders[] = {project_order::oldest_anomaly, project_order::updated_at,
                                        project_order::created_at};

class projects_projection final : public projection {
public:
  std::string_view name() const override { return "projects"; }
  std::uint32_t schema_version() const override { return 2; }
  eventstore::family rows() const override { return families::projects; }

  void apply(const projection_input& input, const eventstore::kv_reader& views,
             eventstore::kv_batch& batch) override {
    // A step that does not follow the last one means that the last one was not written: what is remembered is not in the rows.
    if (input.events.front()->pos.value != remembered_upto_.value + 1 || remembered_.size() > max_remembered)
      remembered_.clear();
    remembered_upto_ = input.events.back()->pos;

    std::uint64_t added = 0;
    for (const auto& touched : input.projects) {
      const auto* project = touched.state;
      const auto last = touched.last;
      const auto fields = fields_of(*project);
      const auto key = row_key(project->id.value);
      if (const auto before = times_before(views, project->id, key)) {
        for (const auto order : all_orders) {
          if (time_of(*before, order) == time_of(fields, order)) continue;
          batch.remove(rows(), order_key(order, time_of(*before, order), project->id.value));
          batch.put(rows(), order_key(order, time_of(fields, order), project->id.value), {});
        }
      } else {
        ++added;
        for (const auto order : all_orders)
          batch.put(rows(), order_key(order, time_of(fields, order), project->id.value), {});
      }
      json_writer json;
      json.begin_object();
      write_project_item(json, *project, last);
      json.end_object();
      batch.put(rows(), key, encode_row(fields, json.view()));
      remembered_[project->id] = {fields.created_at, fields.updated_at, fields.oldest_anomaly};
    }
    if (added == 0) return;
    const auto count = views.get(rows(), count_key);
    std::string value;
    keys::put_u64(value, (count ? keys::get_u64(*count) : 0) + added);
    batch.put(rows(), count_key, std::move(value));
  }

private:
  struct times {
    instant created_at, updated_at, oldest_anomaly;
  };
  static constexpr std::size_t max_remembered = 100'000;

  /// What the project's row is sorted by now; empty when it has none.
  std::optional<times> times_before(const eventstore::kv_reader& views, const project_id& id, const std::string& key) {
    if (const auto known = remembered_.find(id); known != remembered_.end()) return known->second;
    const auto row = views.get(rows(), key);
    if (!row) return std::nullopt;
    const auto fields = decode_row(*row);
    return times{fields.created_at, fields.updated_at, fields.oldest_anomaly};
  }

  std::unordered_map<project_id, times> remembered_;
  position remembered_upto_;

  template <class Fields>
  static instant time_of(const Fields& fields, project_order order) {
    switch (order) {
      case project_order::oldest_anomaly: return fields.oldest_anomaly;
      case project_order::updated_at: return fields.updated_at;
      case project_order::created_at: return fields.created_at;
    }
    return {};
  }

  static row_fields fields_of(const project_state& project) {
    row_fields fields;
    fields.created_at = project.created_at;
    fields.updated_at = project.updated_at;
    std::string searchable;
    for (const auto& ref : project.project_refs) searchable += ref + "\n";
    for (const auto& order : project.orders) searchable += order.order_ref + "\n";
    searchable += project.customer_name.value.value_or("") + "\n" + project.customer_id.value.value_or("");
    fields.texts = {std::string(to_string(project.status)),
                    project.project_type.value.value_or(""),
                    project.store_id.value.value_or(""),
                    project.customer_id.value.value_or(""),
                    project.assigned_to,
                    lower_case(searchable),
                    std::string(summary_of(project).worst())};
    fields.oldest_anomaly = summary_of(project).oldest.value_or(instant::max());
    return fields;
  }
};

bool matches(const decoded_row& row, const project_query& query) {
  const std::string* wanted[] = {&query.status, &query.type, &query.store_id, &query.customer_id, &query.assigned_to};
  for (std::size_t i = 0; i < std::size(wanted); ++i)
    if (!wanted[i]->empty() && row.texts[i] != *wanted[i]) return false;
  if (query.from && row.created_at < *query.from) return false;
  if (query.to && row.created_at >= *query.to) return false;
  if (!query.severity.empty() && row.texts[6] != query.severity) return false;
  return query.text.empty() || row.texts[5].find(lower_case(query.text)) != std::string_view::npos;
}

}  // namespace

bool project_query::filters() const {
  return !(status.empty() && type.empty() && store_id.empty() && customer_id.empty() && severity.empty() &&
           assigned_to.empty() && text.empty() && !from && !to);
}

std::unique_ptr<projection> make_projects() { return std::make_unique<projects_projection>(); }

std::string store_of(const eventstore::kv_reader& views, const project_id& id) {
  const auto row = views.get(families::projects, row_key(id.value));
  return row ? std::string(decode_row(*row).texts[2]) : std::string();
}

std::string type_of(const eventstore::kv_reader& views, const project_id& id) {
  const auto row = views.get(families::projects, row_key(id.value));
  return row ? std::string(decode_row(*row).texts[1]) : std::string();
}

char cursor_list(project_order order, bool descending) {
  const char tag = tag_of(order);
  return descending ? tag : static_cast<char>(tag + 32);
}

page list_projects(const eventstore::kv_reader& views, const project_query& query) {
  const std::string tag(1, tag_of(query.order));
  // "-oldest_anomaly" asks for the longest wait first, which is the smallest time.
  const bool forward = (query.order == project_order::oldest_anomaly) == query.descending;
  std::optional<std::uint64_t> total;
  if (!query.filters()) {
    const auto count = views.get(families::projects, count_key);
    total = count ? keys::get_u64(*count) : 0;
  }
  const auto load = [&](std::string_view place, std::string_view) {
    auto row = views.get(families::projects, std::string(1, row_tag).append(place.substr(8)));  // behind the time
    if (row && !total && !matches(decode_row(*row), query)) row.reset();
    return row;
  };
  const auto write = [](json_writer& items, const std::string& row) { items.raw(decode_row(row).json); };
  return scan_page(views, families::projects, tag, forward, total, query.page, load, write);
}

}  // namespace plo::projections
