// A rule is data: what it watches, when it holds, what is done about it. Checked when it is defined, compiled once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/vocabulary.hpp"
#include "domain/rules/jsonlogic.hpp"

namespace plo::rules {

inline constexpr std::size_t max_rules = 1'000;
inline constexpr std::size_t max_overrides = 1'000;  // of one rule

/// What is done when an anomaly is raised.
struct action {
  enum class verb : std::uint8_t { notify, ticket, block, escalate };
  verb what = verb::notify;
  std::string to;                 // a role (notify) or a webhook's name (ticket)
  std::string state;              // the state a ticket starts in; empty: the receiver's own
  std::optional<step_type> step;  // that is blocked
  bool operator==(const action&) const = default;
};

/// A span as deadlines add it to their anchor: days are calendar days from a date, 24 hours each from an instant.
struct offset {
  std::int64_t days = 0;
  milliseconds rest{};
  [[nodiscard]] static std::optional<offset> parse(std::string_view duration);
};

struct deadline {
  std::string anchor;                        // a fact: `order.delivery_start`
  std::vector<std::string_view> anchor_path; // the anchor, split; views of `anchor`
  std::string after;                         // ISO 8601 duration, negative: before the anchor
  std::optional<offset> by;                  // the same, read
  std::string offset_param;                  // the parameter that holds `after` instead; empty: none
  bool business = false;                     // whole days are working days of the project's country
};

/// Parameters, as the JSON object they were given as and as facts.
class parameters {
public:
  parameters();
  [[nodiscard]] static parameters of(json::element object);
  [[nodiscard]] const value& get() const { return all_; }
  [[nodiscard]] const std::string& text() const { return text_; }

private:
  std::string text_ = "{}";
  std::shared_ptr<const void> owner_;
  value all_;
};

/// What replaces parts of a rule for some projects.
struct rule_override {
  std::string store_id;      // empty: any
  std::string project_type;  // empty: any
  std::optional<parameters> params;  // of these names; the others stay
  std::optional<event_severity> severity;
  std::optional<bool> active;
  std::optional<std::vector<action>> actions;
};

struct rule {
  std::string id;
  std::string name;
  event_scope scope = event_scope::project;
  std::optional<step_type> step;
  event_severity severity = event_severity::warning;
  std::vector<std::string> on;                 // event types; empty for a deadline rule
  std::optional<rules::deadline> deadline;
  std::optional<expression> when;              // empty: always
  std::optional<expression> resolve_when;
  std::vector<action> actions;
  parameters params;
  bool active = true;
  milliseconds dedup = std::chrono::hours(24);
  std::optional<milliseconds> escalate_after;
  std::string dedup_text = "PT24H", escalate_text;  // as they were given

  bool reads_before = false;    // `when` reads event.before.*
  bool reads_calendar = false;  // business_days in `when` or `resolve_when`
  rule() = default;
  rule(const rule&) = delete;  // `deadline` holds views of itself
  rule& operator=(const rule&) = delete;
};

using rule_pointer = std::shared_ptr<const rule>;
using definition_errors = std::vector<definition_error>;

/// Reads and checks a definition: an object as in RULES.md, `when` and `resolve_when` as JSON values. All that is wrong.
[[nodiscard]] tl::expected<rule_pointer, definition_errors> parse_rule(json::element definition);
[[nodiscard]] tl::expected<std::vector<rule_override>, definition_errors> parse_overrides(json::element list);

/// The whole definition as JSON, the same text for the same rule.
[[nodiscard]] std::string to_json(const rule& r);
[[nodiscard]] std::string to_json(const std::vector<rule_override>& overrides);
void write(json_writer& json, const std::vector<action>& actions);

}  // namespace plo::rules
