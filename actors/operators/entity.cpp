#include "actors/operators/entity.hpp"

#include "base/json.hpp"

namespace plo::actors {

namespace {

/// The answer to the command without its position: the account as it is then, or what is left to say of it.
std::string told_of(const operators::account_book& accounts, const operators::user_id& id, const operators::account_command& command) {
  const auto* found = accounts.find(id);
  using verb = operators::account_command::verb;
  if (found != nullptr && (command.what == verb::add || command.what == verb::change)) return to_json(*found);
  return json_writer().begin_object().field("user_id", id).end_object().str();
}

}  // namespace

accounts_aggregate::receipt_type accounts_aggregate::take(operators::account_book& state, const id_type&, account_input& input,
                                                          const context_type&, eventstore::append_request& request) {
  auto like = event_now(event_kind::operator_);
  like.operator_id = input.by.operator_id;
  like.comment = input.comment;
  auto& events = request.appends.front().events;
  receipt_type receipt;
  receipt.offset = events.size();
  receipt.user = input.command->user;
  auto decided = operators::decide(state, *input.command, like);
  if (!decided) {
    receipt.refusal = decided.error();
    return receipt;
  }
  receipt.events = decided->size();
  for (const auto& e : *decided) state.evolve(e);
  if (input.command->what == operators::account_command::verb::add) receipt.user = state.find_email(*input.command->email)->id;
  input.by.answer = told_of(state, receipt.user, *input.command);
  if (!decided->empty()) put_stamp(decided->back(), input.by);
  std::move(decided->begin(), decided->end(), std::back_inserter(events));
  return receipt;
}

std::function<void()> accounts_aggregate::on_stored(const operators::account_book& state, const context_type& accounts) {
  auto next = std::make_shared<const operators::account_book>(state);
  return [accounts, next] { accounts->publish(next); };
}

void accounts_aggregate::answer(const id_type&, const account_input& input, const receipt_type& receipt, position first) {
  account_reply reply;
  reply.what = receipt.refusal ? account_reply::outcome::refused : account_reply::outcome::done;
  reply.refusal = receipt.refusal;
  reply.user = receipt.user;
  reply.told = input.by.answer;
  reply.pos = receipt.last_position(first);
  input.done(std::move(reply));
}

void accounts_aggregate::refuse(const account_input& input) { input.done(account_reply{}); }

void accounts_aggregate::reject(const account_input& input, const std::string& reason) {
  account_reply reply;
  reply.what = account_reply::outcome::invalid;
  reply.reason = reason;
  input.done(std::move(reply));
}

operators::account_book load_accounts(const eventstore::log& log) {
  return fold_stream<operators::account_book>(log, stream_id::operators());
}

}  // namespace plo::actors
