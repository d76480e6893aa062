// All rules as they stand at one place of the log: a fold of the `rules` stream, immutable once made.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/event/event.hpp"
#include "domain/rules/rule.hpp"

namespace plo::rules {

/// A rule with its place in history.
struct rule_entry {
  rule_pointer rule;
  std::uint32_t version = 0;  // 1, 2, 3 …: counts every change, overrides included
  std::vector<rule_override> overrides;
  bool from_file = false;  // its definition came from a rule file, not from a person
  instant changed_at{};
  std::string changed_by;  // operator id
};

/// A rule as it holds for one project: each property from the most specific override that gives it.
class effective_rule {
public:
  effective_rule(const rule_entry& entry, std::string_view store_id, std::string_view project_type);

  [[nodiscard]] const rule_entry& entry() const { return *entry_; }
  [[nodiscard]] const rule& definition() const { return *entry_->rule; }
  [[nodiscard]] bool active() const;
  [[nodiscard]] event_severity severity() const;
  [[nodiscard]] const std::vector<action>& actions() const;
  [[nodiscard]] value param(std::string_view name) const;
  /// All parameters as one object.
  [[nodiscard]] value params(arena& memory) const;

private:
  const rule_entry* entry_;
  std::array<const rule_override*, 3> chain_{};  // store and type, store, type
};

/// Own types of the `rules` stream. Data: `{rule, origin}`, `{rule_id}`, `{rule_id, overrides}`; origin is "file" or "operator".
namespace rule_event {
inline constexpr std::string_view defined = "rule.defined";
inline constexpr std::string_view changed = "rule.changed";
inline constexpr std::string_view activated = "rule.activated";
inline constexpr std::string_view deactivated = "rule.deactivated";
inline constexpr std::string_view deleted = "rule.deleted";
inline constexpr std::string_view overridden = "rule.overridden";
}  // namespace rule_event

class rule_set {
public:
  using entry_pointer = std::shared_ptr<const rule_entry>;

  /// The stream version that the set stands at; 0: no rules yet.
  [[nodiscard]] stream_version version() const { return version_; }
  /// The version since which the rules with deadlines are as they are.
  [[nodiscard]] stream_version deadlines_version() const { return deadlines_version_; }
  [[nodiscard]] const std::map<std::string, entry_pointer, std::less<>>& all() const { return entries_; }
  [[nodiscard]] const rule_entry* find(std::string_view id) const;
  /// Whether the id was in use once, deleted rules included.
  [[nodiscard]] bool was_used(std::string_view id) const { return versions_.contains(id); }
  /// Rules that an event of this type wakes, by id; overrides may still make them inactive.
  [[nodiscard]] const std::vector<const rule_entry*>& on(std::string_view type) const;
  /// Rules with a deadline, by id.
  [[nodiscard]] const std::vector<const rule_entry*>& with_deadline() const { return with_deadline_; }

  /// Folds an event of the stream. Total: what it does not understand changes nothing but the version.
  void evolve(const event& e);
  /// Call once after folding: what `on` and `with_deadline` answer from.
  void index();

private:
  stream_version version_;
  stream_version deadlines_version_;
  std::map<std::string, entry_pointer, std::less<>> entries_;
  std::map<std::string, std::uint32_t, std::less<>> versions_;  // the last one of every id that was used
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::vector<const rule_entry*>, text_hash, std::equal_to<>> on_;
  std::vector<const rule_entry*> with_deadline_;
};

/// A rule's definition with what is known about it beside.
[[nodiscard]] std::string to_json(const rule_entry& entry);
/// What is left to say of a rule that was deleted: `{rule_id}`.
[[nodiscard]] std::string gone_json(std::string_view rule_id);

using rule_set_pointer = std::shared_ptr<const rule_set>;

/// A change of the rules that somebody asks for.
struct rule_command {
  enum class verb : std::uint8_t { define, change, remove, override_, load_file };
  verb what = verb::define;
  std::string rule_id;                   // change, remove, override_
  rule_pointer rule;                     // define, change
  std::vector<rule_override> overrides;  // override_: all that hold from now on
  std::vector<rule_pointer> file;        // load_file
  bool has_fired = false;                // remove: an anomaly of it is on record
};

/// The one rule that a command is about; of a file, none.
[[nodiscard]] std::string_view concerned_by(const rule_command& command);

/// Why a command cannot be carried out.
enum class rule_refusal : std::uint8_t { unknown_rule, id_in_use, has_fired, too_many };

struct rule_decision {
  std::vector<event> events;  // empty: nothing to change
};

/// Pure. `template_event` carries id, times, kind and operator of the events that are made. A file never overwrites what a person
/// changed, nor brings back what a person deleted.
[[nodiscard]] tl::expected<rule_decision, rule_refusal> decide(const rule_set& rules, const rule_command& command,
                                                               const event& template_event);

}  // namespace plo::rules
