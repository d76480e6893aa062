#include "projections/core/view_arrangement.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plo::projections {

namespace {

class arranger {
public:
  arranger(const held_views& held, const view_plan& plan, const eventstore::log& log) : held_(held), modules_(plan.make({log, {}, none_})) {
    made_.layout = {{{std::string(meta_name)}}, false};
  }

  view_arrangement arrange(position head) {
    made_.live_progress = held_.status;
    if (held_.status.checkpoint <= head)
      for (const auto& module : modules_) arrange(module);
    const bool any_follows = std::any_of(made_.live.begin(), made_.live.end(), [](const set_view& view) { return view.follows; });
    if (!any_follows) return anew();
    place_building();
    leave_the_rest();
    return std::move(made_);
  }

private:
  struct to_build {
    row_family rows;
    std::uint32_t schema;
  };

  [[nodiscard]] bool is_held(const std::string& family) const {
    return std::find(held_.families.begin(), held_.families.end(), family) != held_.families.end();
  }

  /// The rows that answer for a projection.
  [[nodiscard]] const view_record* record_of(const projection& p) const {
    for (const auto& record : held_.status.views)
      if (record.view == p.name() && !record.is_building && is_held(record.family)) return &record;
    return nullptr;
  }

  [[nodiscard]] bool goes_on(const projection& p) const {
    const auto* record = record_of(p);
    return record != nullptr && record->schema == p.schema_version() && !record->is_parked() && record->progress == held_.status;
  }

  void arrange(const view_module& module) {
    const bool all_anew = module.shared && !goes_on(*module.shared);
    bool any_anew = all_anew;
    for (const auto& p : module.projections) {
      if (!all_anew && goes_on(*p)) {
        keep(*p, true);
        continue;
      }
      build(*p);
      any_anew = true;
      if (const auto* old = record_of(*p); old != nullptr && p->reads_schema(old->schema)) keep(*p, false);
    }
    if (!module.shared) return;
    if (!all_anew) keep(*module.shared, true);
    else if (const auto* old = record_of(*module.shared); old != nullptr && module.shared->reads_schema(old->schema)) keep(*module.shared, false);
    if (any_anew) build(*module.shared);
  }

  void keep(const projection& p, bool follows) {
    const auto* record = record_of(p);
    made_.live.push_back({*record, place(record->family, p.rows()), follows});
  }

  void build(const projection& p) { to_build_.push_back({p.rows(), p.schema_version()}); }

  void place_building() {
    const auto resumed = held_building();
    if (!resumed.empty()) made_.building_progress = resumed.front().progress;
    for (const auto& wanted : to_build_) {
      const auto known = std::find_if(resumed.begin(), resumed.end(), [&](const view_record& r) { return r.view == wanted.rows.name; });
      auto record = known != resumed.end() ? *known : new_record(wanted, true);
      const auto where = place(record.family, wanted.rows);
      made_.building.push_back({std::move(record), where, true});
    }
  }

  /// What was being built, if it is what is to be built now.
  [[nodiscard]] std::vector<view_record> held_building() const {
    std::vector<view_record> held;
    for (const auto& record : held_.status.views)
      if (record.is_building) held.push_back(record);
    if (held.empty() || held.size() != to_build_.size()) return {};
    for (const auto& record : held) {
      const bool is_wanted = std::any_of(to_build_.begin(), to_build_.end(),
                                         [&](const to_build& b) { return b.rows.name == record.view && b.schema == record.schema; });
      if (!is_wanted || !is_held(record.family) || record.is_parked() || record.progress != held.front().progress) return {};
    }
    if (held.front().progress.checkpoint > held_.status.checkpoint) return {};
    return held;
  }

  /// The family is named for the schema, with a number where the store has one of that name.
  [[nodiscard]] view_record new_record(const to_build& wanted, bool is_building) const {
    view_record record;
    record.view = wanted.rows.name;
    record.schema = wanted.schema;
    record.is_building = is_building;
    record.family = fmt::format("{}@{}", record.view, record.schema);
    for (int number = 2; is_building && is_held(record.family); ++number) record.family = fmt::format("{}@{}.{}", record.view, record.schema, number);
    return record;
  }

  eventstore::family place(const std::string& family, const row_family& rows) {
    made_.layout.families.push_back({family, rows.point_lookups, rows.write_buffer});
    return static_cast<eventstore::family>(made_.layout.families.size() - 1);
  }

  /// Every family that is there must be opened before it can go.
  void leave_the_rest() {
    const auto is_placed = [this](const std::string& name) {
      return std::any_of(made_.layout.families.begin(), made_.layout.families.end(), [&](const auto& f) { return f.name == name; });
    };
    for (const auto& record : held_.status.views)
      if (!is_placed(record.family)) made_.forgotten.push_back(record.family);
    for (const auto& name : held_.families)
      if (!is_placed(name)) made_.unwanted.push_back(place(name, {name}));
  }

  /// All projections on an empty store.
  view_arrangement anew() {
    made_ = {};
    made_.layout = {{{std::string(meta_name)}}, false};
    made_.starts_anew = true;
    each_projection(modules_, [this](const projection& p) {
      auto record = new_record({p.rows(), p.schema_version()}, false);
      const auto where = place(record.family, p.rows());
      made_.live.push_back({std::move(record), where, true});
    });
    return std::move(made_);
  }

  const held_views& held_;
  list_indexes none_;
  std::vector<view_module> modules_;
  std::vector<to_build> to_build_;
  view_arrangement made_;
};

}  // namespace

held_views look_into(const std::filesystem::path& dir) {
  held_views held;
  held.families = eventstore::families_at(dir);
  if (held.families.empty()) return held;
  held.status = read_views_status(*eventstore::open_rocksdb_store(dir, {{{std::string(meta_name)}}, false}, eventstore::open_mode::read_only));
  return held;
}

view_arrangement arrange(const held_views& held, const view_plan& plan, const eventstore::log& log) {
  return arranger(held, plan, log).arrange(log.head().last);
}

opened_views open_views(const std::filesystem::path& data_dir) {
  const auto dir = data_dir / "views";
  opened_views opened;
  opened.families = eventstore::families_at(dir);
  if (opened.families.empty()) throw eventstore::store_error(fmt::format("there is no store at {}", dir.string()));
  std::stable_partition(opened.families.begin(), opened.families.end(), [](const std::string& name) { return name == meta_name; });
  eventstore::store_layout layout{{}, false};
  for (const auto& name : opened.families) layout.families.push_back({name});
  opened.store = eventstore::open_rocksdb_store(dir, layout, eventstore::open_mode::read_only);
  return opened;
}

}  // namespace plo::projections
