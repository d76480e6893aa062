#include "actors/project/entity.hpp"

#include <algorithm>

#include "actors/core/clock.hpp"
#include "actors/project/dead_letters.hpp"
#include "domain/project/agenda.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/record/vault.hpp"

namespace plo::actors {

namespace {

std::optional<instant> next_due(const project_state& state, const rules::rule_set& rules, const domain_settings& settings) {
  const auto agenda = agenda_of(state, rules, settings);
  return agenda.empty() ? std::nullopt : std::optional(agenda.front().due);
}

/// What the door of the project refuses: a time that no clock of this trade shows, or what would make the project too large.
std::optional<ingest_error> out_of_bounds(const project_state& state, const event& e, const ingest_limits& limits) {
  if (e.occurred_at < instant{})
    return ingest_error{ingest_error::kind::invalid, "occurred_at lies before 1970", {{"/occurred_at", "must lie between the years 1970 and 9999"}}};
  return exceeds(state, e, limits);
}

/// Tells whoever waits that an input was not taken.
void tell_invalid(const project_input& input, const std::string& reason, const std::vector<field_error>& errors) {
  ingest_reply reply;
  reply.what = ingest_reply::outcome::invalid;
  reply.reason = reason;
  reply.errors = errors;
  input.reply(std::move(reply));
  command_reply told;
  // Of a dead letter it is not the command that is at fault.
  told.what = input.letter ? command_reply::outcome::refused : command_reply::outcome::invalid;
  told.reason = reason;
  told.errors = errors;
  input.done(std::move(told));
}

/// What an input was found by and the project does not know: whoever was to teach it was refused.
bool is_misrouted(const project_state& state, const project_input& input) {
  return input.known_by && std::none_of(state.refs.begin(), state.refs.end(), [&](const reference& known) {
           return known.kind == input.known_by->kind && known.ref == input.known_by->ref;
         });
}

}  // namespace

project_aggregate::receipt_type project_aggregate::take(project_state& state, const project_id& id,
                                                        project_input& input, const project_context& context,
                                                        eventstore::append_request& request) {
  const auto wall = project_clock::wall_now();
  auto clock = input.clock;
  clock.recorded_at = wall;
  clock.wall = context.clock->running() == project_clock::mode::wall;
  if (clock.wall) clock.before = clock.now = wall;
  const auto rules = context.rules->current();
  // Rules that change while a batch is decided: what the log refuses is decided again as a whole.
  if (request.fences.empty()) request.fences.push_back({stream_id::rules(), rules->version()});

  receipt_type receipt;
  auto& events = request.appends.front().events;
  receipt.offset = events.size();
  if (is_misrouted(state, input)) {
    receipt.is_misrouted = true;
    receipt.next_due = next_due(state, *rules, context.settings);
    return receipt;
  }
  if (input.input) {
    auto& e = *input.input;
    e.recorded_at = wall;
    if (e.kind != event_kind::source && e.occurred_at == instant{}) e.occurred_at = clock.wall ? wall : clock.now;
    if (e.kind == event_kind::operator_) receipt.refusal = refuses(state, e);
    if (!receipt.refusal) receipt.excess = out_of_bounds(state, e, context.limits);
  }
  if (receipt.is_refused() || input.other_rules) {
    const auto next = receipt.next_due = next_due(state, *rules, context.settings);
    // Other rules are kept as an event only where the project must be woken earlier than the read models know.
    if (receipt.is_refused() || !next || (input.armed && *next >= *input.armed)) return receipt;
  }
  if (input.other_rules) clock.before = instant::min();  // what these rules make due was not due before

  auto decided = decide(std::move(state), id, input.input, context.settings, rules.get(), clock);
  state = std::move(decided.next);
  if (input.input) receipt.event = input.input->id;
  receipt.offset += decided.input_at;
  receipt.next_due = decided.next_due;
  for (const auto& raised : decided.raised) receipt.anomalies.push_back(raised.to_string());
  std::move(decided.events.begin(), decided.events.end(), std::back_inserter(events));
  const auto& customer = state.customer_id.value;
  request.subject = customer && !customer->empty() ? eventstore::subject_customer(*customer) : eventstore::subject_project(id);
  if (input.letter) add_attachment(*input.letter, id, *input.input, input.attached_by, request);
  return receipt;
}

void project_aggregate::answer(const project_id& id, const project_input& input, const receipt_type& receipt,
                               position first) {
  if (receipt.is_misrouted) return;  // whoever sends it somewhere else has the debt
  if (receipt.excess) return tell_invalid(input, receipt.excess->detail, receipt.excess->errors);
  if (input.done) {
    command_reply reply;
    reply.what = command_reply::outcome::done;
    reply.pos = {first.value + receipt.offset};
    reply.project = id;
    reply.event = receipt.event;
    if (receipt.refusal) {
      reply.what = receipt.refusal->what == command_refusal::kind::unknown ? command_reply::outcome::unknown
                                                                           : command_reply::outcome::refused;
      reply.reason = receipt.refusal->reason;
    }
    input.done(std::move(reply));
  }
  ingest_reply reply;
  reply.what = ingest_reply::outcome::stored;
  reply.event = receipt.event;
  reply.project = id;
  reply.pos = {first.value + receipt.offset};
  reply.anomalies = receipt.anomalies;
  input.reply(std::move(reply));
}

void project_aggregate::refuse(const project_input& input) {
  input.reply(ingest_reply{});
  input.done(command_reply{});
}

void project_aggregate::reject(const project_input& input, const std::string& reason) { tell_invalid(input, reason, {{"", reason}}); }

project_input project_aggregate::wake(instant due) {
  project_input input;
  input.clock.before = input.clock.now = due;
  return input;
}

}  // namespace plo::actors
