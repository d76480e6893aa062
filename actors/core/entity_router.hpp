// Sends inputs to the entities of one kind and knows what is on its way to them: the pool of those that are live, a ticket for every input
// until it is settled, and the deadlines at which an entity must be woken.
//
// It is owned by one actor, through which everything passes that concerns these entities; that actor hands on the messages `inputs_settled`,
// `inputs_decided` and `clock_tick`. On the wall clock entities are woken when they are due. On the event clock time stands still until
// somebody moves it: the owner asks to wake what is due before it hands on what comes next, and waits while anything is being decided,
// because only then is it known what is due.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/core/clock.hpp"
#include "actors/core/deadline_queue.hpp"
#include "actors/core/entity.hpp"
#include "actors/core/entity_pool.hpp"
#include "actors/core/lifeline.hpp"
#include "base/printable.hpp"

namespace plo::actors {

/// Entities woken at a time: the others wait in the queue of deadlines.
inline constexpr std::size_t max_wakes = 1'000;
/// A timer is never set further ahead than this, so that a step of the wall clock is noticed.
inline constexpr std::chrono::seconds longest_sleep{30};
/// A deadline that was not stored is tried again, but not at once.
inline constexpr std::chrono::seconds retry_of_failed{1};
/// A decision that fails today fails in a second, too: somebody has to look at it.
inline constexpr std::chrono::seconds retry_of_rejected{60};

template <class Aggregate>
class entity_router {
public:
  using id_type = typename Aggregate::id_type;
  using input_type = typename Aggregate::input_type;
  /// Told once of every ticket that `send` was given.
  using landed = std::function<void(ticket, settlement)>;

  entity_router(caf::event_based_actor* self, entity_environment<Aggregate> entities, const project_clock& clock, std::size_t max_live,
                landed told)
      : self_(self), clock_(clock), metrics_(entities.metrics), landed_(std::move(told)), pool_(max_live, spawner(self, std::move(entities), clock)) {}

  /// A name for an input, or for whatever else its owner has on its way.
  [[nodiscard]] ticket take_ticket() { return next_ticket_++; }

  /// Goes with the next `flush`, together with whatever else is for this entity.
  void send(ticket number, const id_type& id, input_type input) { send(number, id, std::move(input), std::nullopt); }

  /// Sends what has gathered.
  void flush() {
    for (auto& out : outgoing_) self_->send(out.actor, entity_inputs<input_type>{std::move(out.inputs)});
    outgoing_.clear();
    outgoing_index_.clear();
  }

  /// Whether inputs are on their way to it.
  [[nodiscard]] bool is_busy(const id_type& id) const { return pool_.is_busy(id); }
  [[nodiscard]] bool is_idle() const { return on_their_way_.empty(); }
  [[nodiscard]] std::size_t live() const { return pool_.size(); }
  [[nodiscard]] std::size_t armed() const { return deadlines_.size(); }
  /// Whether the clock has to wait.
  [[nodiscard]] bool is_deciding() const { return !undecided_.empty(); }

  /// Its stream reads differently from now on.
  void reload(const id_type& id) {
    if (const auto actor = pool_.live(id)) self_->send(actor, reload_entity{});
  }

  void arm(const id_type& id, std::optional<instant> due) { deadlines_.arm(id, due); }
  [[nodiscard]] std::optional<instant> due_of(const id_type& id) const { return deadlines_.due_of(id); }

  /// Wakes the entities whose deadlines are due at `limit`: on the event clock those of the first instant only. False: none.
  bool wake_due(instant limit) requires woken_aggregate<Aggregate> {
    std::optional<instant> first;
    while (wakes_ < max_wakes) {
      const auto next = deadlines_.next();
      if (!next || *next > limit || (on_event_clock() && first && *next > *first)) break;
      const auto [due, id] = *deadlines_.pop_due(*next);
      first = due;
      ++wakes_;
      send(take_ticket(), id, Aggregate::wake(due), due);
    }
    if (first) flush();
    return first.has_value();
  }

  /// On the wall clock: wakes what is due, and has itself called when the next one is.
  void follow_wall_clock() requires woken_aggregate<Aggregate> {
    const auto now = project_clock::wall_now();
    (void)wake_due(now);
    const auto next = deadlines_.next();
    if (!next || wakes_ >= max_wakes) return;
    const auto wake = std::clamp(*next, now, now + longest_sleep);
    if (alarm_ && *alarm_ > now && *alarm_ <= wake) return;
    alarm_ = wake;
    self_->delayed_send(self_, wake - now, clock_tick{});
  }
  void on_tick() { alarm_.reset(); }

  void on_settled(const inputs_settled<id_type>& settled) {
    if (settled.rest) pool_.forget(settled.id);
    else pool_.checkin(settled.id, settled.inputs.size());
    // On the event clock it is known since the decision, and newer inputs may have been decided since.
    const bool decided = std::any_of(settled.inputs.begin(), settled.inputs.end(), [](const settled_input& i) { return is_decided(i.what); });
    if (decided && !on_event_clock()) deadlines_.arm(settled.id, settled.next_due);
    for (const auto& input : settled.inputs) land(input.number, input.what);
    if (!settled.rest) return;
    // With the entity goes what was still in its mailbox.
    if (const auto lost = tickets_of_.find(settled.id); lost != tickets_of_.end())
      for (const auto number : std::vector<ticket>(lost->second.begin(), lost->second.end())) land(number, *settled.rest);
  }

  void on_decided(const inputs_decided<id_type>& decided) {
    for (const auto number : decided.tickets) undecided_.erase(number);
    deadlines_.arm(decided.id, decided.next_due);
  }

private:
  struct on_its_way {
    id_type id;
    std::optional<instant> due;  // of one that is woken
  };
  struct outgoing {
    caf::actor actor;
    std::shared_ptr<std::vector<input_type>> inputs;
  };

  [[nodiscard]] bool on_event_clock() const { return clock_.running() == project_clock::mode::event; }

  static typename entity_pool<id_type>::spawner spawner(caf::event_based_actor* self, entity_environment<Aggregate> entities,
                                                        const project_clock& clock) {
    entities.router = self;
    entities.clock_waits_for_decisions = clock.running() == project_clock::mode::event;
    auto environment = std::make_shared<const entity_environment<Aggregate>>(std::move(entities));
    return [self, environment](const id_type& id) {
      auto actor = self->home_system().spawn(entity<Aggregate>, id, environment);
      // One that dies cannot say so itself.
      tell_of_death(actor, [router = environment->router, id](const std::string& reason) {
        spdlog::error("{} has died: {}", Aggregate::stream(id).name, printable(reason));
        caf::anon_send(router, inputs_settled<id_type>{id, {}, {}, settlement::unknown});
      });
      return actor;
    };
  }

  void send(ticket number, const id_type& id, input_type input, std::optional<instant> due) {
    input.number = number;
    on_their_way_.emplace(number, on_its_way{id, due});
    tickets_of_[id].insert(number);
    if (on_event_clock()) undecided_.insert(number);
    auto actor = pool_.checkout(id);
    const auto [slot, fresh] = outgoing_index_.emplace(id, outgoing_.size());
    if (fresh) outgoing_.push_back({std::move(actor), std::make_shared<std::vector<input_type>>()});
    outgoing_[slot->second].inputs->push_back(std::move(input));
  }

  void land(ticket number, settlement what) {
    const auto found = on_their_way_.find(number);
    if (found == on_their_way_.end()) return;
    const auto it = std::move(found->second);
    on_their_way_.erase(found);
    undecided_.erase(number);
    if (const auto of = tickets_of_.find(it.id); of != tickets_of_.end()) {
      of->second.erase(number);
      if (of->second.empty()) tickets_of_.erase(of);
    }
    if (!it.due) return landed_(number, what);
    --wakes_;
    if (!is_decided(what)) {
      deadlines_.arm(it.id, clock_.now() + (what == settlement::rejected ? retry_of_rejected : retry_of_failed));
    } else if (what == settlement::stored && !on_event_clock()) {
      const std::chrono::duration<double> late = project_clock::wall_now() - *it.due;
      metrics_->deadline_lateness_seconds.observe(late.count());
    }
  }

  caf::event_based_actor* self_;
  const project_clock& clock_;
  engine_metrics* metrics_;
  landed landed_;
  entity_pool<id_type> pool_;

  ticket next_ticket_ = 1;
  std::unordered_map<ticket, on_its_way> on_their_way_;
  std::unordered_map<id_type, std::unordered_set<ticket>> tickets_of_;
  std::unordered_set<ticket> undecided_;  // on the event clock
  deadline_queue<id_type> deadlines_;
  std::optional<instant> alarm_;  // the tick that is on its way
  std::size_t wakes_ = 0;         // entities woken and not settled

  std::vector<outgoing> outgoing_;
  std::unordered_map<id_type, std::size_t> outgoing_index_;
};

}  // namespace plo::actors
