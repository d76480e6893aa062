#include "projections/project/deadlines.hpp"

#include <algorithm>

#include "domain/project/agenda.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'P' ‖ project id → due, empty when there is none; 'C' → the largest occurred_at
constexpr std::string_view clock_key = "C";

std::string row_key(const project_id& id) {
  std::string key(1, 'P');
  keys::put_uuid(key, id.value);
  return key;
}

std::string time_value(instant at) {
  std::string value;
  keys::put_u64(value, static_cast<std::uint64_t>(at.time_since_epoch().count()));
  return value;
}

instant time_of(std::string_view value) { return instant(milliseconds(static_cast<std::int64_t>(keys::get_u64(value)))); }

class deadlines final : public projection {
public:
  deadlines(const project_fold& projects, const eventstore::log& log, domain_settings settings, position checkpoint)
      : projects_(projects), settings_(std::move(settings)) {
    rules::rule_set set;
    log.read_stream(stream_id::rules(), {1}, [&](const recorded_event& e) {
      if (e.pos > checkpoint) return false;
      set.evolve(e);
      return true;
    });
    set.index();
    history_.push_back({checkpoint, std::make_shared<const rules::rule_set>(std::move(set))});
  }

  std::uint32_t schema_version() const override { return 2; }
  row_family rows() const override { return families::deadlines; }
  bool is_acted_on() const override { return true; }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    history_.erase(history_.begin(), history_.end() - 1);
    auto latest = latest_occurrence(views);
    const auto before = latest;
    for (const auto* e : events) {
      if (e->kind == event_kind::source) latest = std::max(latest, e->occurred_at);
      if (e->stream == stream_id::rules()) change_rules(*e);
    }
    if (latest > before) batch.put(rows(), std::string(clock_key), time_value(latest));
    for (const auto& touched : projects_.touched()) {
      const auto agenda = agenda_of(*touched.state, rules_at(touched.last), settings_);
      batch.put(rows(), row_key(touched.state->id), agenda.empty() ? std::string() : time_value(agenda.front().due));
    }
  }

private:
  struct in_force {
    position since;
    rules::rule_set_pointer rules;
  };

  void change_rules(const recorded_event& e) {
    auto next = *history_.back().rules;
    next.evolve(e);
    next.index();
    history_.push_back({e.pos, std::make_shared<const rules::rule_set>(std::move(next))});
  }
  /// The rules that decided an event: so a row does not depend on how events are grouped into steps.
  [[nodiscard]] const rules::rule_set& rules_at(position pos) const {
    const auto later = std::find_if(history_.begin() + 1, history_.end(), [&](const in_force& f) { return f.since > pos; });
    return *std::prev(later)->rules;
  }

  const project_fold& projects_;
  domain_settings settings_;
  std::vector<in_force> history_;  // those of the present step
};

}  // namespace

std::unique_ptr<projection> make_deadlines(const project_fold& projects, const eventstore::log& log, domain_settings settings, position checkpoint) {
  return std::make_unique<deadlines>(projects, log, std::move(settings), checkpoint);
}

void each_deadline(const row_reader& views, const std::function<void(const project_id&, instant)>& visit) {
  views.scan(families::deadlines, "P", "Q", [&](std::string_view key, std::string_view value) {
    if (!value.empty()) visit({keys::get_uuid(key.substr(1))}, time_of(value));
    return true;
  });
}

std::vector<project_id> projects_after(const row_reader& views, const project_id& after, std::size_t most) {
  std::vector<project_id> found;
  auto from = row_key(after);
  from.push_back('\0');
  views.scan(families::deadlines, from, "Q", [&](std::string_view key, std::string_view) {
    found.push_back({keys::get_uuid(key.substr(1))});
    return found.size() < most;
  });
  return found;
}

instant latest_occurrence(const row_reader& views) {
  const auto stored = views.get(families::deadlines, clock_key);
  return stored ? time_of(*stored) : instant{};
}

}  // namespace plo::projections
