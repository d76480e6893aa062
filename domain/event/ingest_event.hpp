// What a source posts: the ingest body, checked and typed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.hpp"
#include "domain/event/ids.hpp"

namespace plo {

/// A field at fault: where (RFC 6901) and what is wrong with it.
struct field_error {
  std::string pointer;
  std::string message;
  bool operator==(const field_error&) const = default;
};

/// Names under which other systems know a project or a part of it.
enum class reference_kind : std::uint8_t { project = 1, order = 2, shipment = 3, lastmile = 4, installation = 5 };

[[nodiscard]] std::string_view to_string(reference_kind kind);  // "project" | "order" | "shipment" | "lastmile" | "installation"

struct reference {
  reference_kind kind = reference_kind::project;
  std::string source;
  std::string ref;
  auto operator<=>(const reference&) const = default;
};

/// A posted event that passed all checks.
struct ingest_event {
  std::string source;
  std::string source_ref;
  std::string type;  // after the source's map and the older names of the catalogue
  std::string project_ref;
  std::optional<project_id> project;
  std::string order_ref;       // top level
  std::string correlation_id;
  std::string comment;
  instant occurred_at{};
  std::string payload;  // minified JSON object

  // What the directory needs of the payload; empty when absent.
  std::string payload_order_ref, shipment_id, lastmile_id, installation_id, customer_id;

  bool operator==(const ingest_event&) const = default;
};

/// How large things may become (RULES.md, "Bounds").
struct ingest_limits {
  std::size_t lines_per_order = 2'000;  // and articles that one stock message names, or that are known of an order
  std::size_t orders_per_project = 500;
  std::size_t legs_per_project = 1'000;
  std::size_t tours_per_project = 200;
  std::size_t visits_per_project = 200;
  std::size_t text_bytes = 64 * 1024;   // of any text that the domain reads
  bool operator==(const ingest_limits&) const = default;
};

/// Why a body was refused, in the order in which checks are made.
struct ingest_error {
  enum class kind {
    not_json,        // 400 (422 in a batch)
    unknown_source,  // 401: no such source is configured
    wrong_source,    // 403: the key belongs to another source
    invalid,         // 422: `errors` say where
  };
  kind what = kind::invalid;
  std::string detail;
  std::vector<field_error> errors;
};

/// The source's own event names → PLO event types.
using event_type_map = std::map<std::string, std::string, std::less<>>;

/// What the caller knows about the sender.
struct ingest_scope {
  std::string_view authenticated_source;  // the source whose key was shown; empty: any (offline import)
  /// The source's own event names → PLO event types; null for a source that is not configured.
  std::function<const event_type_map*(std::string_view source)> map_of;
  /// Nothing may have occurred later than this; none: the clock follows the events, wherever they go.
  std::optional<instant> latest = {};
  ingest_limits limits = {};
};

/// Reads one ingest body. Nothing of the text is kept by reference. Limits: source_ref, project_ref, order_ref, correlation_id,
/// ids in the payload: 256 bytes; names 1,024; comment 10,000 bytes; event_type 100 bytes; no control characters in any of them but names
/// and the comment; those of `scope` for what grows.
[[nodiscard]] tl::expected<ingest_event, ingest_error> parse_ingest_event(
    std::string_view body, const ingest_scope& scope);

/// The references that an accepted event teaches about its project: its project_ref, its order reference(s), and the shipment,
/// last-mile and installation ids of the payload, each under the event's source. Without duplicates.
[[nodiscard]] std::vector<reference> references_of(const ingest_event& e);

class json_document;
struct event;
/// A source's event as it was posted, as far as finding its project goes: without payload, comment and `source_ref`. `project`:
/// where it was named by its id. `data`: its data, parsed; null: it is no JSON.
[[nodiscard]] ingest_event posted_as(const event& e, const std::optional<project_id>& project, const json_document* data);
/// The references that an event in a project's stream has taught, as the log keeps them: those of the source event it was, or those that
/// an operator gave by hand (source `manual`). Without duplicates; none for what PLO added itself.
[[nodiscard]] std::vector<reference> references_taught_by(const event& e);
/// The same of an event whose data is parsed already; null: it is no JSON.
[[nodiscard]] std::vector<reference> references_taught_by(const event& e, const json_document* data);
/// Whether it can have taught any, to be asked before its data is parsed.
[[nodiscard]] bool may_teach_references(const event& e);

}  // namespace plo
