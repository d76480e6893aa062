// An event-sourced entity as an actor: load, decide, append, apply, rest. Written once, for every kind of aggregate.
//
// An Aggregate is a struct of types and pure static functions:
//   id_type, state_type, input_type, context_type   context: what lies outside the log and yet decides (settings)
//   initial(id) → state                              before its first event
//   stream(id) → stream_id
//   evolve(state, event, context)                    folds one stored event
//   take(state, id, input, context, request) → receipt
//                                                    decides one input, adds what must be stored to the request, moves the state
//   answer(input, receipt, first position)           tells whoever waits that the input is durable
//   refuse(input)                                    tells whoever waits that it was not stored
//   reject(input, reason)                            the same of one that never will be: what follows from it cannot be kept
// and may have
//   lasts = true                                     nobody makes another one: after a failed append it loads again instead of stopping
//   on_stored(state, context) → function             called once the append is stored, before anything later is
//
// One that stands behind an entity_router has inputs with a `number`, and where deadlines wake it
//   wake(due) → input                                nothing but the passing of time
//   receipts with a `next_due`                       when it must be woken after that input; empty: never
// and may have receipts with `is_misrouted`            it is not for this entity
//
// The shell keeps the order and the one-append-at-a-time rule: inputs that arrive while an append is in flight queue and go as the
// next append together. The state that `take` moves ahead of the commit is seen by nobody: when the commit fails the actor stops,
// and the next one is replayed from the log.
//
// What is written must be what can be read: an input whose events could not be read back, or that the decider throws at, is rejected
// alone. It has moved the state, so the state is loaded again and the other inputs are decided again.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"
#include "actors/core/messages.hpp"
#include "actors/core/metrics.hpp"
#include "base/printable.hpp"
#include "domain/event/readable.hpp"

namespace plo::actors {

/// At most this many inputs go in one append, so that a burst cannot make it unbounded.
inline constexpr std::size_t max_inputs_per_append = 512;

/// What others change meanwhile is decided again so many times in a row; then its senders are told to come back.
inline constexpr int max_decided_again = 3;

template <class Aggregate>
struct entity_state {
  static inline const char* name = "entity";
  typename Aggregate::state_type aggregate{};
  stream_version version;
  bool loaded = false;
  bool appending = false;
  bool outdated = false;  // the stream reads differently now: load again before the next decision
  std::vector<typename Aggregate::input_type> queued;
  std::vector<typename Aggregate::input_type> in_flight;
  std::vector<typename Aggregate::receipt_type> receipts;
  std::vector<bool> has_events;  // of each in flight: whether anything follows from it
  std::size_t events_in_flight = 0;
  int decided_again = 0;        // without success, because others wrote meanwhile
  std::size_t known_good = 0;  // of the queued, decided once already: they go alone, so that nothing is decided more than twice
};

template <class Aggregate>
concept routed_aggregate = requires(const typename Aggregate::input_type& input) { { input.number } -> std::convertible_to<ticket>; };

template <class Aggregate>
concept woken_aggregate = routed_aggregate<Aggregate> && requires(instant due, const typename Aggregate::receipt_type& receipt) {
  { Aggregate::wake(due) } -> std::same_as<typename Aggregate::input_type>;
  { receipt.next_due } -> std::convertible_to<std::optional<instant>>;
};

/// Where entities live: the log they load from and the actors they talk to.
template <class Aggregate>
struct entity_environment {
  eventstore::log* log = nullptr;
  typename Aggregate::context_type context;
  caf::actor committer;
  engine_metrics* metrics = nullptr;
  caf::actor router;                 // of routed aggregates, set by the router
  bool clock_waits_for_decisions = false;  // likewise
};

template <class Aggregate>
class entity_shell {
public:
  using self_pointer = caf::stateful_actor<entity_state<Aggregate>>*;
  using environment_pointer = std::shared_ptr<const entity_environment<Aggregate>>;

  entity_shell(self_pointer self, typename Aggregate::id_type id, environment_pointer environment)
      : self_(self), id_(id), environment_(std::move(environment)) {}

  void enqueue(std::vector<typename Aggregate::input_type> inputs) const {
    auto& state = self_->state;
    for (auto& input : inputs) state.queued.push_back(std::move(input));
    append_next();
  }

  void reload() const {
    auto& state = self_->state;
    if (state.appending) state.outdated = true;
    else unload();
  }

  void on_appended(const append_done& done) const {
    self_->state.appending = false;
    if (is_outdated(done)) return ++self_->state.decided_again <= max_decided_again ? decide_again() : give_up();
    if (!done.stored) return fail(done.refused ? settlement::failed : settlement::unknown);
    self_->state.decided_again = 0;
    settle(done.first);
    append_next();
  }

  /// Runs one of the above. Whatever goes wrong in it concerns this entity alone: its inputs are refused.
  template <class Step>
  void guarded(Step step) const try {
    step();
  } catch (const std::exception& failure) {
    spdlog::error("{}: {}", Aggregate::stream(id_).name, printable(failure.what()));
    fail(settlement::unknown);
  } catch (...) {
    spdlog::error("{}: an exception of an unknown kind", Aggregate::stream(id_).name);
    fail(settlement::unknown);
  }

private:
  void unload() const {
    auto& state = self_->state;
    state.aggregate = Aggregate::initial(id_);
    state.loaded = state.outdated = false;
  }

  void settle(position first) const {
    auto& state = self_->state;
    state.version.value += state.events_in_flight;
    for (std::size_t i = 0; i < state.in_flight.size(); ++i)
      Aggregate::answer(id_, state.in_flight[i], state.receipts[i], first);
    if constexpr (routed_aggregate<Aggregate>) {
      inputs_settled<typename Aggregate::id_type> settled{id_, {}};
      for (std::size_t i = 0; i < state.in_flight.size(); ++i)
        settled.inputs.push_back({state.in_flight[i].number, settlement_of(i)});
      settled.next_due = next_due();
      self_->send(environment_->router, std::move(settled));
    }
    forget_in_flight();
    if (state.outdated) unload();
  }

  [[nodiscard]] settlement settlement_of(std::size_t i) const {
    const auto& state = self_->state;
    if constexpr (requires { state.receipts[i].is_misrouted; })
      if (state.receipts[i].is_misrouted) return settlement::misrouted;
    return state.has_events[i] ? settlement::stored : settlement::nothing_stored;
  }

  void forget_in_flight() const {
    auto& state = self_->state;
    state.in_flight.clear();
    state.receipts.clear();
    state.has_events.clear();
  }

  /// After the last input that is in flight.
  [[nodiscard]] std::optional<instant> next_due() const {
    if constexpr (woken_aggregate<Aggregate>)
      if (!self_->state.receipts.empty()) return self_->state.receipts.back().next_due;
    return std::nullopt;
  }

  /// Puts what is being decided back to where it came from.
  void put_back() const {
    auto& state = self_->state;
    state.queued.insert(state.queued.begin(), std::make_move_iterator(state.in_flight.begin()),
                        std::make_move_iterator(state.in_flight.end()));
    forget_in_flight();
    state.loaded = false;
  }

  /// Somebody else wrote the stream, or what the decision relied on: deciding once more may help.
  static bool is_outdated(const append_done& done) {
    return done.refused == eventstore::append_error::version_conflict || done.refused == eventstore::append_error::stale_read;
  }

  /// Nothing was stored, so the log still says where this entity stands.
  void decide_again() const {
    put_back();
    append_next();
  }

  void give_up() const {
    spdlog::error("{}: append refused: what it was decided on was changed by somebody else each time", Aggregate::stream(id_).name);
    ++environment_->metrics->append_failures;
    fail(settlement::failed);
  }

  void load() const {
    auto& state = self_->state;
    state.aggregate = Aggregate::initial(id_);
    state.version = {};
    state.loaded = true;
    if (environment_->log->version_of(Aggregate::stream(id_)).value == 0) return;
    environment_->log->read_stream(Aggregate::stream(id_), {1}, [&](const recorded_event& e) {
      Aggregate::evolve(state.aggregate, e, environment_->context);
      state.version = e.version;
      return true;
    });
    ++environment_->metrics->projects_replayed;
  }

  void append_next() const {
    auto& state = self_->state;
    while (!state.appending && !state.queued.empty()) {
      auto request = std::make_shared<eventstore::append_request>();
      if (!state.loaded) load();
      if (!decide_queued(*request)) continue;
      state.events_in_flight = request->appends.front().events.size();
      if (state.events_in_flight == 0) {
        tell_decided();
        settle(environment_->log->head().last);
        continue;
      }
      state.appending = true;
      append_job job{std::move(request), self_, 0, {}};
      if constexpr (requires { Aggregate::on_stored(state.aggregate, environment_->context); })
        job.on_stored = Aggregate::on_stored(state.aggregate, environment_->context);
      self_->send(environment_->committer, std::move(job));
      // Only now: what the router lets another entity decide next must reach the committer behind this, or the log's order is not the clock's.
      tell_decided();
    }
  }

  /// Decides what is queued. False when one input was rejected: the others are queued again.
  [[nodiscard]] bool decide_queued(eventstore::append_request& request) const {
    auto& state = self_->state;
    auto taken = std::min(state.queued.size(), max_inputs_per_append);
    if (state.known_good > 0) taken = std::min(taken, state.known_good);
    state.known_good = 0;
    state.in_flight.assign(std::make_move_iterator(state.queued.begin()),
                           std::make_move_iterator(state.queued.begin() + static_cast<std::ptrdiff_t>(taken)));
    state.queued.erase(state.queued.begin(), state.queued.begin() + static_cast<std::ptrdiff_t>(taken));
    request.appends.push_back({Aggregate::stream(id_), state.version, {}});
    for (std::size_t i = 0; i < state.in_flight.size(); ++i) {
      const auto wrong = decide_one(state.in_flight[i], request);
      if (!wrong) continue;
      spdlog::error("{}: an input is rejected: {}", Aggregate::stream(id_).name, printable(*wrong));
      const auto rejected = std::move(state.in_flight[i]);
      state.in_flight.erase(state.in_flight.begin() + static_cast<std::ptrdiff_t>(i));
      put_back();
      state.known_good = i;
      Aggregate::reject(rejected, *wrong);
      if constexpr (routed_aggregate<Aggregate>)
        self_->send(environment_->router, inputs_settled<typename Aggregate::id_type>{id_, {{rejected.number, settlement::rejected}}});
      return false;
    }
    return true;
  }

  /// Why the input cannot be kept; empty when it can. What no input is to blame for is thrown on.
  [[nodiscard]] std::optional<std::string> decide_one(typename Aggregate::input_type& input, eventstore::append_request& request) const try {
    auto& state = self_->state;
    std::vector<std::size_t> before;
    for (const auto& part : request.appends) before.push_back(part.events.size());
    state.receipts.push_back(Aggregate::take(state.aggregate, id_, input, environment_->context, request));
    bool any = false;
    for (std::size_t part = 0; part < request.appends.size(); ++part) {
      const auto& events = request.appends[part].events;
      for (auto at = part < before.size() ? before[part] : 0; at < events.size(); ++at) {
        if (auto why = unreadable(events[at])) return why;
        any = true;
      }
    }
    state.has_events.push_back(any);
    return std::nullopt;
  } catch (const eventstore::store_error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "an exception of an unknown kind";
  }

  void tell_decided() const {
    if constexpr (routed_aggregate<Aggregate>) {
      if (!environment_->clock_waits_for_decisions) return;
      inputs_decided<typename Aggregate::id_type> decided{id_, {}, next_due()};
      for (const auto& input : self_->state.in_flight) decided.tickets.push_back(input.number);
      self_->send(environment_->router, std::move(decided));
    }
  }

  /// Refuses what it has. `of_in_flight`: what that is known to be.
  void fail(settlement of_in_flight) const {
    auto& state = self_->state;
    if constexpr (routed_aggregate<Aggregate>) {
      inputs_settled<typename Aggregate::id_type> settled{id_, {}};
      for (const auto& input : state.in_flight) settled.inputs.push_back({input.number, of_in_flight});
      settled.rest = settlement::failed;
      self_->send(environment_->router, std::move(settled));
    }
    auto refused = std::move(state.in_flight);
    std::move(state.queued.begin(), state.queued.end(), std::back_inserter(refused));
    state.queued.clear();
    forget_in_flight();
    state.known_good = 0;
    state.decided_again = 0;
    for (const auto& input : refused) Aggregate::refuse(input);
    if constexpr (requires { Aggregate::lasts; }) state.loaded = false;
    else self_->quit();
  }

  self_pointer self_;
  typename Aggregate::id_type id_;
  environment_pointer environment_;
};

/// The actor. Inputs sent to it after it failed are refused by the completion they carry.
template <class Aggregate>
caf::behavior entity(caf::stateful_actor<entity_state<Aggregate>>* self, typename Aggregate::id_type id,
                     std::shared_ptr<const entity_environment<Aggregate>> environment) {
  die_of_exceptions(self);
  const entity_shell<Aggregate> shell(self, id, std::move(environment));
  return {
      [shell](entity_inputs<typename Aggregate::input_type>& message) {
        shell.guarded([&] { shell.enqueue(std::move(*message.inputs)); });
      },
      [shell](const append_done& done) { shell.guarded([&] { shell.on_appended(done); }); },
      [shell](reload_entity) { shell.guarded([&] { shell.reload(); }); },
  };
}

}  // namespace plo::actors
