#include "actors/rules/entity.hpp"

namespace plo::actors {

rules_aggregate::receipt_type rules_aggregate::take(rules::rule_set& state, const id_type&, rule_input& input,
                                                    const context_type&, eventstore::append_request& request) {
  auto like = event_now(event_kind::operator_);
  like.operator_id = input.by.operator_id;
  auto decided = rules::decide(state, *input.command, like);
  auto& events = request.appends.front().events;
  receipt_type receipt;
  receipt.offset = events.size();
  if (!decided) {
    receipt.refusal = decided.error();
    return receipt;
  }
  receipt.events = decided->events.size();
  for (const auto& e : decided->events) state.evolve(e);
  if (!decided->events.empty() && !input.by.key.empty()) {
    const auto* entry = state.find(rules::concerned_by(*input.command));
    input.by.answer = entry ? to_json(*entry) : rules::gone_json(input.command->rule_id);
  }
  if (!decided->events.empty()) put_stamp(decided->events.back(), input.by);
  std::move(decided->events.begin(), decided->events.end(), std::back_inserter(events));
  return receipt;
}

std::function<void()> rules_aggregate::on_stored(const rules::rule_set& state, const context_type& context) {
  auto published = std::make_shared<rules::rule_set>(state);
  published->index();
  return [context, published] {
    context.book->publish(published);
    context.published();
  };
}

void rules_aggregate::answer(const id_type&, const rule_input& input, const receipt_type& receipt, position first) {
  rule_reply reply;
  reply.what = receipt.refusal ? rule_reply::outcome::refused : rule_reply::outcome::done;
  reply.refusal = receipt.refusal;
  reply.pos = receipt.last_position(first);
  input.done(std::move(reply));
}

void rules_aggregate::refuse(const rule_input& input) { input.done(rule_reply{}); }

void rules_aggregate::reject(const rule_input& input, const std::string& reason) {
  rule_reply reply;
  reply.what = rule_reply::outcome::invalid;
  reply.reason = reason;
  input.done(std::move(reply));
}

rules::rule_set load_rules(const eventstore::log& log) {
  auto set = fold_stream<rules::rule_set>(log, stream_id::rules());
  set.index();
  return set;
}

}  // namespace plo::actors
