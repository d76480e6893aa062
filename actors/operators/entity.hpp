// The operator accounts as an aggregate for entity.hpp: one entity, one stream.
#pragma once

#include "actors/core/entity.hpp"
#include "actors/core/published.hpp"
#include "actors/core/single_entity.hpp"
#include "actors/operators/messages.hpp"
#include "domain/operators/account_book.hpp"

namespace plo::actors {

/// The accounts as every request finds them.
using account_register = published<operators::account_book>;

struct accounts_aggregate {
  static constexpr bool lasts = true;
  struct id_type {};
  using state_type = operators::account_book;
  using input_type = account_input;
  using context_type = account_register*;

  struct receipt_type : appended_span {
    std::optional<operators::account_refusal> refusal;
    operators::user_id user;
  };

  static operators::account_book initial(const id_type&) { return {}; }
  static stream_id stream(const id_type&) { return stream_id::operators(); }
  static void evolve(operators::account_book& state, const event& e, const context_type&) { state.evolve(e); }
  static receipt_type take(operators::account_book& state, const id_type&, account_input& input, const context_type&,
                           eventstore::append_request& request);
  /// Publishes the accounts as they are after the append.
  static std::function<void()> on_stored(const operators::account_book& state, const context_type& accounts);
  static void answer(const id_type&, const account_input& input, const receipt_type& receipt, position first);
  static void refuse(const account_input& input);
  static void reject(const account_input& input, const std::string& reason);
};

/// The accounts of a log, as they stand at its head.
[[nodiscard]] operators::account_book load_accounts(const eventstore::log& log);

}  // namespace plo::actors
