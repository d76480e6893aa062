// Finding the project that a source's event belongs to: the order of steps of the contract, over what is known of projects at that moment.
// Pure, so that the server does it with the log's indexes and the audit with what stood in the log by then.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "domain/event/ids.hpp"
#include "domain/event/ingest_event.hpp"

namespace plo {

/// Raised whenever an event could be sent to another project than before.
inline constexpr std::uint32_t finding_version = 1;

struct finding_settings {
  std::vector<std::string> opens_project;  // types of events
  milliseconds attach_period{};            // a customer's older projects take no event that names the customer alone
  bool operator==(const finding_settings&) const = default;
};

/// How projects are found, as the log keeps it: `{version, opens_project, attach_period_ms}`.
[[nodiscard]] std::string to_json(const finding_settings& settings);
/// From what the log keeps; empty where another version found them, or nobody says.
[[nodiscard]] std::optional<finding_settings> parse_finding_settings(json::element object);

enum class dead_letter_kind { unattached, ambiguous, conflict };
[[nodiscard]] std::string_view to_string(dead_letter_kind kind);  // "unattached" | "ambiguous" | "conflict"

/// Why an event went to the dead letters: `reason` is a sentence for people.
struct dead_letter_cause {
  dead_letter_kind kind = dead_letter_kind::unattached;
  std::string reason;
};

/// A project of a customer.
struct customers_project {
  project_id project;
  instant created_at{};
  bool open = false;
};

/// What is known of projects.
class known_projects {
public:
  virtual ~known_projects() = default;
  /// `pending`: no more than about to be known; whether it will be is not certain.
  using each_knower = std::function<void(reference_kind kind, std::string_view source, const project_id& project, bool pending)>;
  /// Who is known under a text: of which kind it is, to which source, which project it means.
  virtual void each(const std::string& ref, const each_knower& visit) const = 0;
  /// Empty: that is about to change.
  [[nodiscard]] virtual std::optional<std::vector<customers_project>> of_customer(const std::string& customer_id) const = 0;
  [[nodiscard]] virtual bool exists(const project_id& project) const = 0;
};

struct found_project {
  std::optional<project_id> project;       // none: the event opens a new one
  std::optional<reference> known_by = {};  // the reference that led to it, where that is only about to be known
};
struct not_found_yet {};  // the answer depends on what is about to be known
using finding = std::variant<found_project, dead_letter_cause, not_found_yet>;

[[nodiscard]] finding find_project(const ingest_event& e, const finding_settings& settings, const known_projects& known);

}  // namespace plo
