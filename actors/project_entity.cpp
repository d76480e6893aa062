#include "actors/project_entity.hpp"

#include <algorithm>

#include "actors/clock.hpp"
#include "actors/dead_letters.hpp"

namespace plo::actors {

namespace {

eventstore::customer_entry entry_of(const project_state& state) {
  return {state.customer_id.value.value_or(""), state.id, state.created_at, is_open(state)};
}

/// What the customer step of the directory must know about the project, when that has changed.
void note_customer(eventstore::customer_entry old_entry, eventstore::customer_entry new_entry,
                   std::vector<eventstore::customer_entry>& entries) {
  if (old_entry == new_entry) return;
  if (!old_entry.customer_id.empty() && old_entry.customer_id != new_entry.customer_id) {
    old_entry.open = false;
    entries.push_back(std::move(old_entry));
  }
  if (!new_entry.customer_id.empty()) entries.push_back(std::move(new_entry));
}

}  // namespace

project_aggregate::receipt_type project_aggregate::take(project_state& state, const project_id& id,
                                                        project_input& input, const domain_settings& context,
                                                        eventstore::append_request& request) {
  input.input.recorded_at = project_clock::wall_now();
  auto customer_before = entry_of(state);
  auto decided = decide(std::move(state), id, input.input, context);
  state = std::move(decided.next);
  note_customer(std::move(customer_before), entry_of(state), request.customers);

  auto& events = request.appends.front().events;
  receipt_type receipt{input.input.id, events.size(), {}};
  std::move(decided.events.begin(), decided.events.end(), std::back_inserter(events));
  request.project = id;
  for (auto& known : input.references)
    if (std::find(request.references.begin(), request.references.end(), known) == request.references.end())
      request.references.push_back(known);
  if (input.letter) add_attachment(*input.letter, id, input.input, request);
  return receipt;
}

void project_aggregate::answer(const project_id& id, const project_input& input, const receipt_type& receipt,
                               position first) {
  ingest_reply reply;
  reply.what = ingest_reply::outcome::stored;
  reply.event = receipt.event;
  reply.project = id;
  reply.pos = {first.value + receipt.offset};
  reply.anomalies = receipt.anomalies;
  input.reply(std::move(reply));
}

void project_aggregate::refuse(const project_input& input) { input.reply(ingest_reply{}); }

inputs_settled project_aggregate::settled(const project_id& id, const std::vector<project_input>& inputs,
                                          bool committed) {
  inputs_settled message{id, {}, committed};
  message.tickets.reserve(inputs.size());
  for (const auto& input : inputs) message.tickets.push_back(input.number);
  return message;
}

}  // namespace plo::actors
