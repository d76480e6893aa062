#include "replay/project_at.hpp"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "eventstore/index/references.hpp"
#include "projections/project/project_json.hpp"
#include "projections/project/timeline.hpp"

namespace plo::replay {

namespace {

using document = nlohmann::json;

/// Both sides of every value that is not the same, by its path; a part that only one side has counts as one value.
void compare(const document& was, const document& now, const std::string& path, document& changes) {
  if (was == now) return;
  const bool objects = was.is_object() && now.is_object();
  const bool arrays = was.is_array() && now.is_array() && was.size() == now.size();
  if (objects) {
    for (const auto& [name, value] : was.items()) compare(value, now.contains(name) ? now[name] : document(), path + "/" + name, changes);
    for (const auto& [name, value] : now.items())
      if (!was.contains(name)) compare(document(), value, path + "/" + name, changes);
  } else if (arrays) {
    for (std::size_t i = 0; i < was.size(); ++i) compare(was[i], now[i], path + "/" + std::to_string(i), changes);
  } else {
    changes.push_back({{"path", path}, {"old", was}, {"new", now}});
  }
}

}  // namespace

std::vector<project_id> projects_named(const eventstore::log& log, std::string_view text) {
  if (const auto id = project_id::parse(text))
    if (log.version_of(stream_id::of(*id)).value > 0) return {*id};
  std::vector<project_id> found;
  for (const auto& known : eventstore::find_references(log, text)) found.push_back(known.project);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

rules::rule_set rules_at(const eventstore::log& log, const known_by& then) {
  rules::rule_set set;
  log.read_stream(stream_id::rules(), {1}, [&](const recorded_event& e) {
    if (then.knows(e)) set.evolve(e);
    return true;
  });
  set.index();
  return set;
}

std::optional<std::string> state_at(const eventstore::log& log, const project_id& id, const domain_settings& settings, const known_by& then) {
  const auto folded = projections::fold_project(log, id, settings, then);
  if (!folded) return std::nullopt;
  json_writer json;
  projections::write_project_detail(json, folded->state, folded->last, rules_at(log, then), settings, std::nullopt, {});
  return json.str();
}

std::optional<std::string> timeline_at(const eventstore::log& log, const project_id& id, const known_by& then) {
  projections::page_request all;
  all.limit = std::numeric_limits<std::size_t>::max();
  const auto page = projections::list_timeline(log, id, all, then);
  if (!page) return std::nullopt;
  return json_writer().begin_object().field_raw("items", page->items).field("total", page->total).end_object().str();
}

std::optional<std::string> difference_of(const eventstore::log& log, const project_id& id, const domain_settings& settings, const known_by& from,
                                         const known_by& to) {
  const auto before = state_at(log, id, settings, from);
  const auto after = state_at(log, id, settings, to);
  if (!before && !after) return std::nullopt;
  const auto read = [](const std::optional<std::string>& text) { return text ? document::parse(*text) : document(); };
  const auto was = read(before), now = read(after);
  auto changes = document::array();
  compare(was, now, "", changes);
  const auto place = [](const document& of) { return of.is_null() ? document() : of["position"]; };
  return document{{"from", place(was)}, {"to", place(now)}, {"changes", changes}, {"patch", document::diff(was, now)}}.dump();
}

}  // namespace plo::replay
