// The part of the directory that shows other rules to all projects.
#include <fmt/format.h>

#include "actors/project/directory.hpp"
#include "base/json.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t max_sweeps = 256;    // projects that look at new rules at a time
constexpr std::string_view rules_shown_type = "rules.shown";

/// The version of the rules that every project of the log has seen.
stream_version rules_shown(const eventstore::log& log) {
  stream_version shown;
  log.read_stream(stream_id::clock(), {1}, [&](const recorded_event& e) {
    if (e.type != rules_shown_type) return true;
    const auto data = json_document::parse(e.data);
    if (data) shown.value = static_cast<std::uint64_t>(json::get_number(data->root(), "rules_version").value_or(0));
    return true;
  });
  return shown;
}

}  // namespace

void directory_state::on_rules_published() {
  const auto wanted = environment_.rules->current()->deadlines_version();
  if (wanted == sweeping_for_) return;
  const auto shown = rules_shown(*environment_.log);
  if (shown >= wanted) return;
  sweeping_for_ = wanted;
  swept_ = project_id{};
  sweep();
}

void directory_state::sweep() {
  while (swept_ && sweeps_ < max_sweeps) {
    const auto projects = environment_.projects_after(*swept_, max_sweeps);
    if (projects.empty()) {
      swept_.reset();
      if (sweeps_ == 0) note_rules_shown();
      break;
    }
    for (const auto& project : projects) {
      project_input input;
      input.other_rules = true;
      input.armed = router_->due_of(project);
      event e;
      e.id = {make_uuid_v7(project_clock::wall_now().time_since_epoch().count())};
      e.type = own_type::rules_changed;
      e.kind = event_kind::clock;
      e.data = fmt::format(R"({{"rules_version":{}}})", sweeping_for_.value);
      input.input = std::move(e);
      input.clock.before = input.clock.now = environment_.clock->now();
      flight f;
      f.sweeps = true;
      ++sweeps_;
      send_input(router_->take_ticket(), project, std::move(input), std::move(f));
    }
    swept_ = projects.back();
  }
  router_->flush();
}

/// Once every project has seen the rules, a restart need not show them again.
void directory_state::note_rules_shown() {
  event e;
  e.recorded_at = e.occurred_at = project_clock::wall_now();
  e.id = {make_uuid_v7(e.recorded_at.time_since_epoch().count())};
  e.type = rules_shown_type;
  e.kind = event_kind::clock;
  e.data = fmt::format(R"({{"rules_version":{}}})", sweeping_for_.value);
  eventstore::append_request request;
  request.appends.push_back({stream_id::clock(), {}, {std::move(e)}});
  self_->send(environment_.committer, append_job{std::make_shared<eventstore::append_request>(std::move(request)),
                                                 caf::actor_cast<caf::actor>(self_), 0, {}});
}

}  // namespace plo::actors
