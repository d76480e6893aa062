// The rules as an aggregate for entity.hpp: one entity, one stream.
#pragma once

#include "actors/core/entity.hpp"
#include "actors/core/single_entity.hpp"
#include "actors/rules/messages.hpp"
#include "actors/rules/rule_book.hpp"
#include "domain/rules/rule_set.hpp"

namespace plo::actors {

struct rules_context {
  rule_book* book = nullptr;
  std::function<void()> published;  // called behind each publication, by the committer
};

struct rules_aggregate {
  static constexpr bool lasts = true;
  struct id_type {};
  using state_type = rules::rule_set;
  using input_type = rule_input;
  using context_type = rules_context;

  struct receipt_type : appended_span {
    std::optional<rules::rule_refusal> refusal;
  };

  static rules::rule_set initial(const id_type&) { return {}; }
  static stream_id stream(const id_type&) { return stream_id::rules(); }
  static void evolve(rules::rule_set& state, const event& e, const context_type&) { state.evolve(e); }
  static receipt_type take(rules::rule_set& state, const id_type&, rule_input& input, const context_type& context,
                           eventstore::append_request& request);
  /// Publishes the rules as they are after the append.
  static std::function<void()> on_stored(const rules::rule_set& state, const context_type& context);
  static void answer(const id_type&, const rule_input& input, const receipt_type& receipt, position first);
  static void refuse(const rule_input& input);
  static void reject(const rule_input& input, const std::string& reason);
};

/// The rules of a log, as they stand at its head.
[[nodiscard]] rules::rule_set load_rules(const eventstore::log& log);

}  // namespace plo::actors
