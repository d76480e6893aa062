#include "actors/project/directory.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/printable.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/index/sources.hpp"

namespace plo::actors {

namespace {

event event_of(const ingest_event& e) {
  event input;
  input.id = {make_uuid_v7(project_clock::wall_now().time_since_epoch().count())};
  input.type = e.type;
  input.kind = event_kind::source;
  input.source = e.source;
  input.source_ref = e.source_ref;
  input.occurred_at = e.occurred_at;
  input.correlation_id = e.correlation_id;
  input.project_ref = e.project_ref;
  input.order_ref = e.order_ref;
  input.comment = e.comment;
  input.data = e.payload;
  return input;
}

}  // namespace

std::string directory_state::key_of(const ingest_event& e) {
  std::string key;
  key.reserve(e.source.size() + 1 + e.source_ref.size());
  return key.append(e.source).append(1, '\0').append(e.source_ref);
}

void directory_state::init(caf::event_based_actor* self, directory_environment environment) {
  self_ = self;
  environment_ = std::move(environment);
  entity_environment<project_aggregate> projects;
  projects.log = environment_.log;
  projects.context = {environment_.domain, environment_.rules, environment_.clock, environment_.limits};
  projects.committer = environment_.committer;
  projects.metrics = environment_.metrics;
  router_.emplace(self, std::move(projects), *environment_.clock, environment_.max_live_projects,
                  [this](ticket number, settlement what) { land(number, what); });
  finder_.emplace(*environment_.log, environment_.finder, [this](const project_id& id) { return router_->is_busy(id); });
  std::set<std::string, std::less<>> waiting;
  eventstore::each_waiting_reference(*environment_.log, [&](std::string_view ref) {
    note_waiting(ref, +1);
    waiting.emplace(ref);
  });
  environment_.each_deadline([this](const project_id& project, instant due) { router_->arm(project, due); });
  on_rules_published();
  // A crash may have come between the event that taught a reference and the letters that waited for it.
  for (const auto& ref : waiting)
    if (!eventstore::find_references(*environment_.log, ref).empty()) drain_letters({reference{reference_kind::project, {}, ref}});
  process();
}

void directory_state::when_idle(completion<bool> then) {
  waiting_for_idle_.push_back(std::move(then));
  process();
}

void directory_state::accept(ingest_request& request) {
  for (auto& item : *request.items) queue_.push_back({std::move(item.event), std::move(item.reply), {}});
  process();
}

void directory_state::process() {
  queue_.insert(queue_.begin(), std::make_move_iterator(misrouted_.begin()), std::make_move_iterator(misrouted_.end()));
  misrouted_.clear();
  for (auto left = commands_.size(); left > 0; --left) {
    const auto request = std::move(commands_.front());
    commands_.pop_front();
    if (!take_command(request)) commands_.push_back(request);
  }
  for (;;) {
    if (on_event_clock()) {
      if (router_->is_deciding()) break;  // taken up again when they are decided
      auto limit = environment_.clock->now();
      if (!queue_.empty()) limit = std::max(limit, queue_.front().event.occurred_at - milliseconds(1));
      if (router_->wake_due(limit)) continue;
    }
    if (queue_.empty()) break;
    // Routing may put letters at the front of the queue: take the event out first.
    auto item = std::move(queue_.front());
    queue_.pop_front();
    if (!item.clock) item.clock = reading_for(item.event.occurred_at);
    environment_.clock->observe(item.event.occurred_at);
    const auto flying = flights_.size();
    if (!route(item)) {
      queue_.push_front(std::move(item));
      break;  // taken up again when something lands
    }
    if (flights_.size() == flying) {  // it is settled
      if (const auto repeats = std::move(item.repeats))
        queue_.insert(queue_.begin(), std::make_move_iterator(repeats->begin()), std::make_move_iterator(repeats->end()));
      if (item.drained) drained_one(item.letter->project_ref);
    }
    if (on_event_clock()) router_->flush();
  }
  if (!on_event_clock()) router_->follow_wall_clock();
  router_->flush();
  if (queue_.empty() && commands_.empty() && flights_.empty() && router_->is_idle() && drains_.empty() && !swept_)
    for (const auto& then : std::exchange(waiting_for_idle_, {})) then(true);
  environment_.metrics->directory_queue = queue_.size();
  environment_.metrics->live_projects = router_->live();
  environment_.metrics->deadlines_armed = router_->armed();
}

clock_reading directory_state::reading_for(instant occurred_at) const {
  const auto now = environment_.clock->now();
  clock_reading reading;
  // A deadline at the very instant of the event passes behind it.
  reading.before = std::max(now, occurred_at - milliseconds(1));
  reading.now = std::max(now, occurred_at);
  return reading;
}

void directory_state::send_input(ticket number, const project_id& project, project_input input, flight f) {
  f.to_project = true;
  flights_.emplace(number, std::move(f));
  router_->send(number, project, std::move(input));
}

void directory_state::append(ticket number, eventstore::append_request request, flight f) {
  flights_.emplace(number, std::move(f));
  self_->send(environment_.committer, append_job{std::make_shared<eventstore::append_request>(std::move(request)),
                                                 caf::actor_cast<caf::actor>(self_), number, {}});
}

bool directory_state::route(work& item) {
  if (const auto flying = parked_.find(key_of(item.event)); flying != parked_.end()) {
    // A letter that is on its way already needs no second one, but whoever attaches it by hand wants to know.
    if (item.letter && !item.attached_by) return true;
    if (!flying->second) flying->second = std::make_shared<std::deque<work>>();
    flying->second->push_back(std::move(item));
    return true;
  }
  try {
    if (item.letter) {
      const auto entry = eventstore::find_dead_letter(*environment_.log, item.letter->id);
      if (!entry || entry->status != eventstore::dead_letter_status::waiting) {
        item.done(command_reply{command_reply::outcome::refused, {}, "the dead letter is not waiting any more"});
        return true;
      }
    } else if (const auto pos = eventstore::find_source_event(*environment_.log, item.event.source, item.event.source_ref)) {
      if (const auto first = environment_.log->at(*pos)) answer_repeat(item, *first);
      return true;
    }
    const position looked_at{environment_.log->head().last.value + 1};
    auto verdict = finder_->find(item.event);
    if (std::holds_alternative<not_found_yet>(verdict)) return false;
    // Events that share a reference which nobody was taught would else lead each other to the same project for ever.
    if (const auto* where = std::get_if<project_finder::found>(&verdict); where && item.misrouted && where->known_by) return false;
    if (const auto* cause = std::get_if<dead_letter_cause>(&verdict)) {
      if (!item.letter) keep_as_dead_letter(item, *cause, looked_at);
      item.done(command_reply{command_reply::outcome::refused, {}, cause->reason});
    } else {
      dispatch(item, std::get<project_finder::found>(verdict), looked_at);
    }
  } catch (const eventstore::store_error& failure) {
    spdlog::error("cannot route {} {}: {}", item.event.source, printable(item.event.source_ref), failure.what());
    item.reply(ingest_reply{});
    item.done(command_reply{});
  }
  return true;
}

void directory_state::answer_repeat(work& item, const recorded_event& first) {
  ingest_reply reply;
  const bool is_letter = !first.stream.project().has_value();
  dead_letter_details details;
  if (is_letter) {
    details = details_of(first);
    reply.what = ingest_reply::outcome::dead_letter;
    reply.letter = {first.id.value};
    reply.reason = details.reason;
  } else {
    reply.what = ingest_reply::outcome::duplicate;
    reply.project = *first.stream.project();
  }
  reply.event = first.id;
  reply.pos = first.pos;
  ++environment_.metrics->duplicates;

  const auto& payload = is_letter ? details.payload : first.data;
  const auto& type = is_letter ? details.event_type : first.type;
  // Where the person was erased, what is left to compare is what was not personal.
  const auto& personal = environment_.log->personal();
  const bool erased = payload.find(erased_json) != std::string::npos;
  reply.conflict = type != item.event.type || !same_json(payload, erased ? personal.mask(item.event.payload) : item.event.payload);
  if (!reply.conflict) return item.reply(std::move(reply));

  const auto digest = payload_digest(item.event.payload);
  if (eventstore::knows_conflict(*environment_.log, item.event.source, item.event.source_ref, digest))
    return item.reply(std::move(reply));
  ++environment_.metrics->conflicts;
  auto request = conflict_request(item.event, first, digest, project_clock::wall_now());
  store_here(std::move(item), std::move(request), std::move(reply), {});
}

void directory_state::dispatch(work& item, const project_finder::found& where, position looked_at) {
  auto references = finder_->new_references(item.event, where);
  const auto number = router_->take_ticket();
  finder_->learn(number, where, references, item.event.customer_id);
  flight f;
  f.key = key_of(item.event);
  f.letter = item.letter;
  f.drained = item.drained;
  parked_[f.key] = std::move(item.repeats);
  if (where.known_by) f.unsure = item;
  // What a letter teaches counts once it is stored: letters that are refused would else drain each other for ever.
  if (!item.letter) drain_letters(references);
  project_input input;
  input.known_by = where.known_by;
  input.input = event_of(item.event);
  if (!item.event.project) input.input->found_at = looked_at;
  input.clock = item.clock.value();
  input.letter = item.letter;
  input.attached_by = std::move(item.attached_by);
  input.reply = std::move(item.reply);
  input.done = std::move(item.done);
  send_input(number, where.project, std::move(input), std::move(f));
}

void directory_state::on_settled(const project_inputs_settled& settled) {
  router_->on_settled(settled);
  if (swept_) sweep();
  process();
}

void directory_state::on_decided(const project_inputs_decided& decided) {
  router_->on_decided(decided);
  process();
}

void directory_state::on_tick() {
  router_->on_tick();
  process();
}

void directory_state::on_appended(const append_done& done) {
  const auto flying = flights_.find(done.number);
  if (flying == flights_.end()) return;
  auto item = std::move(flying->second.stored_here);
  auto answer = std::move(flying->second.answer);
  auto letter = flying->second.letter;
  if (const auto& told = flying->second.told) {
    if (done.stored && letter && flying->second.waited) note_waiting(letter->project_ref, -1);
    command_reply reply;
    if (done.stored) reply = {command_reply::outcome::done, done.first, {}};
    else if (done.refused == eventstore::append_error::unreadable) reply = {command_reply::outcome::invalid, {}, std::string(not_readable)};
    told(std::move(reply));
  }
  if (done.stored)
    for (const auto& project : flying->second.erased) router_->reload(project);
  land(done.number, done.stored ? settlement::stored : done.refused ? settlement::failed : settlement::unknown);
  if (item) answer_stored_here(std::move(*item), std::move(answer), std::move(letter), done);
  process();
}

void directory_state::land(ticket number, settlement what) {
  const auto flying = flights_.find(number);
  if (flying == flights_.end()) return;
  auto f = std::move(flying->second);
  flights_.erase(flying);
  const auto taught = finder_->forget(number, what);
  if (what == settlement::misrouted && f.unsure) {
    auto again = std::move(*f.unsure);
    if (const auto repeats = parked_.find(f.key); repeats != parked_.end()) {
      again.repeats = std::move(repeats->second);
      parked_.erase(repeats);
    }
    again.clock.reset();
    again.misrouted = true;
    misrouted_.push_back(std::move(again));
    return;
  }
  const bool stored = what == settlement::stored;
  if (f.sweeps && --sweeps_ == 0 && !swept_) note_rules_shown();
  if (stored && f.to_project && f.letter) note_waiting(f.letter->project_ref, -1);
  if (stored && (f.drains || (f.to_project && f.letter))) drain_letters(taught);
  if (!f.key.empty()) take_up_repeats(f.key, stored);
  if (f.drained) drained_one(f.letter->project_ref);
}

void directory_state::take_up_repeats(const std::string& key, bool committed) {
  const auto parked = parked_.find(key);
  if (parked == parked_.end()) return;
  auto repeats = std::move(parked->second);
  parked_.erase(parked);
  if (!repeats) return;
  if (committed) {
    queue_.insert(queue_.begin(), std::make_move_iterator(repeats->begin()), std::make_move_iterator(repeats->end()));
    return;
  }
  // The next one is tried, and the others wait for it: all of them at once would queue again and again.
  auto next = std::move(repeats->front());
  repeats->pop_front();
  if (!repeats->empty()) next.repeats = std::move(repeats);
  queue_.push_front(std::move(next));
}

caf::behavior directory(caf::stateful_actor<directory_state>* self, directory_environment environment) {
  die_of_exceptions(self);
  self->state.init(self, std::move(environment));
  return {
      [=](ingest_request& request) { self->state.accept(request); },
      [=](const project_inputs_settled& settled) { self->state.on_settled(settled); },
      [=](const append_done& done) { self->state.on_appended(done); },
      [=](const project_inputs_decided& decided) { self->state.on_decided(decided); },
      [=](const command_request& request) { self->state.command(request); },
      [=](const letter_request& request) { self->state.settle_letter(request); },
      [=](const erase_request& request) { self->state.erase(request); },
      [=](rules_published) { self->state.on_rules_published(); },
      [=](clock_tick) { self->state.on_tick(); },
      [=](const idle_request& request) { self->state.when_idle(request.then); },
  };
}

}  // namespace plo::actors
