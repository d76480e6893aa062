#include "projections/project/project_detail.hpp"

#include "projections/project/legs.hpp"
#include "projections/project/project_json.hpp"
#include "projections/project/projects.hpp"

namespace plo::projections {

std::optional<folded_project> fold_project(const eventstore::log& log, const project_id& id, const domain_settings& settings,
                                           const known_by& then) {
  folded_project folded;
  folded.state.id = id;
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (!then.knows(e)) return true;  // the wall clock may step back: look at every event
    evolve(folded.state, e, settings);
    folded.last = e.pos;
    folded.latest = std::max(folded.latest, e.occurred_at);
    return true;
  });
  if (!folded.state.exists) return std::nullopt;
  return folded;
}

std::optional<std::string> find_project(const eventstore::log& log, const project_id& id, const detail_context& context, std::optional<instant> at) {
  const auto folded = fold_project(log, id, context.settings, at);
  if (!folded) return std::nullopt;
  auto risk = at ? std::nullopt : explain_risk(context.views, folded->state, context.settings, folded->latest);
  // The probability is the list's, made when the project was last touched; only its reasons are worked out now.
  if (const auto item = json_document::parse(project_item(context.views, id)); risk && item) {
    if (const auto held = json::get_number(item->root(), "risk")) risk->probability = *held;
    else risk.reset();
  }
  json_writer json;
  write_project_detail(json, folded->state, folded->last, context.rules, context.settings, risk, context.tracking_token);
  return json.str();
}

}  // namespace plo::projections
