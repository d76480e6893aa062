#include "domain/project/finding.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plo {

namespace {

/// The projects that know a text, each once.
struct knowing {
  std::vector<project_id> projects;
  std::optional<reference> pending;  // how one of them is only about to be known
};

/// Without `kind` and `source`: whatever it is and whoever calls it so.
knowing who_knows(const known_projects& known, const std::string& ref, std::optional<reference_kind> kind, std::optional<std::string_view> source) {
  knowing result;
  known.each(ref, [&](reference_kind of_kind, std::string_view of_source, const project_id& project, bool pending) {
    if ((kind && *kind != of_kind) || (source && *source != of_source)) return;
    if (std::find(result.projects.begin(), result.projects.end(), project) != result.projects.end()) return;
    result.projects.push_back(project);
    if (pending) result.pending = reference{of_kind, std::string(of_source), ref};
  });
  return result;
}

/// As the sender calls it first, then as anybody does, whatever it names. Empty when nobody knows the reference.
std::optional<finding> by_reference(const known_projects& all, reference_kind kind, const std::string& ref, const std::string& source) {
  if (ref.empty()) return std::nullopt;
  auto known = who_knows(all, ref, kind, source);
  // What a payload names is of its own kind first; a project_ref may be anything that is known.
  if (known.projects.empty() && kind != reference_kind::project) known = who_knows(all, ref, kind, std::nullopt);
  if (known.projects.empty()) known = who_knows(all, ref, std::nullopt, std::nullopt);
  if (known.projects.empty()) return std::nullopt;
  if (known.projects.size() == 1) return found_project{known.projects.front(), std::move(known.pending)};
  // Whether it is several has yet to come out.
  if (known.pending) return not_found_yet{};
  return dead_letter_cause{dead_letter_kind::ambiguous, fmt::format("{} projects know the {} '{}'", known.projects.size(),
                                                                    kind == reference_kind::project ? "reference" : to_string(kind), ref)};
}

}  // namespace

std::string_view to_string(dead_letter_kind kind) {
  switch (kind) {
    case dead_letter_kind::unattached: return "unattached";
    case dead_letter_kind::ambiguous: return "ambiguous";
    case dead_letter_kind::conflict: return "conflict";
  }
  return "?";
}

std::string to_json(const finding_settings& settings) {
  json_writer json;
  json.begin_object().field("version", finding_version).key("opens_project").begin_array();
  for (const auto& type : settings.opens_project) json.value(type);
  json.end_array().field("attach_period_ms", settings.attach_period.count()).end_object();
  return json.str();
}

std::optional<finding_settings> parse_finding_settings(json::element object) {
  if (json::get_number(object, "version").value_or(0) != finding_version) return std::nullopt;
  finding_settings settings;
  settings.attach_period = milliseconds(static_cast<std::int64_t>(json::get_number(object, "attach_period_ms").value_or(0)));
  if (const auto types = json::get(object, "opens_project"); types && types->is_array())
    for (const auto type : types->get_array())
      if (type.is_string()) settings.opens_project.emplace_back(type.get_string().value());
  return settings;
}

finding find_project(const ingest_event& e, const finding_settings& settings, const known_projects& known) {
  if (e.project) {
    if (known.exists(*e.project)) return found_project{*e.project};
    return dead_letter_cause{dead_letter_kind::unattached, fmt::format("no project has the id {}", e.project->to_string())};
  }
  if (auto found = by_reference(known, reference_kind::project, e.project_ref, e.source)) return *found;
  if (e.type == "project.created") return found_project{};

  const std::pair<reference_kind, const std::string&> payload_references[] = {
      {reference_kind::order, e.order_ref},       {reference_kind::order, e.payload_order_ref},
      {reference_kind::shipment, e.shipment_id},  {reference_kind::lastmile, e.lastmile_id},
      {reference_kind::installation, e.installation_id},
  };
  for (const auto& [kind, ref] : payload_references)
    if (auto found = by_reference(known, kind, ref, e.source)) return *found;

  std::size_t open = 0;
  std::optional<project_id> last;
  if (!e.customer_id.empty()) {
    const auto theirs = known.of_customer(e.customer_id);
    if (!theirs) return not_found_yet{};
    for (const auto& p : *theirs) {
      if (!p.open || p.created_at < e.occurred_at - settings.attach_period) continue;
      ++open;
      last = p.project;
    }
  }
  if (open == 1) return found_project{last};
  if (std::find(settings.opens_project.begin(), settings.opens_project.end(), e.type) != settings.opens_project.end()) return found_project{};
  if (open > 1)
    return dead_letter_cause{dead_letter_kind::ambiguous, fmt::format("customer '{}' has several open projects, and none is known as '{}'",
                                                                      e.customer_id, e.project_ref)};
  return dead_letter_cause{dead_letter_kind::unattached, fmt::format("no project is known as '{}'", e.project_ref)};
}

}  // namespace plo
