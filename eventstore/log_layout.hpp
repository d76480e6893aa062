// Where the log keeps what: its families and their keys. For log.cpp, which writes them, and log_check.cpp, which proves them.
#pragma once

#include <string>
#include <string_view>

#include "domain/event/ingest_event.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore::layout {

namespace families {
inline constexpr family events = 0, streams = 1, dedup = 2, refs = 3, dead_letters = 4, meta = 5, keys = 6;
}

/// events: position → record (record_codec.hpp), or where it is archived (archive.hpp).
/// streams: stream ‖ version → position.
/// keys: the keys that personal data is encrypted with (vault.hpp).
[[nodiscard]] const store_layout& log_families();

// meta
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view format_value = "plo-log-1";
inline constexpr std::string_view head_key = "head";  // → position ‖ hash

[[nodiscard]] std::string stream_prefix(std::string_view stream);
[[nodiscard]] std::string stream_key(std::string_view stream, std::uint64_t version);

// dedup: 'E' ‖ source ‖ source_ref → position; 'C' ‖ source ‖ source_ref ‖ digest of a differing payload → position
[[nodiscard]] std::string dedup_key(std::string_view source, std::string_view source_ref);
[[nodiscard]] std::string conflict_key(std::string_view source, std::string_view source_ref, std::string_view digest);

// refs: 'R' ‖ ref ‖ kind ‖ source ‖ project → nothing, with 'K' ‖ ref → nothing, so that an unknown reference costs one look into a
// Bloom filter; and 'C' ‖ customer ‖ project → created_at ‖ open
[[nodiscard]] std::string reference_prefix(std::string_view ref);
[[nodiscard]] std::string reference_known_key(std::string_view ref);
[[nodiscard]] std::string reference_key(const reference& known, const project_id& project);
[[nodiscard]] std::string customer_prefix(std::string_view customer_id);

// dead_letters: 'L' ‖ id → added ‖ status ‖ project_ref, and 'R' ‖ project_ref ‖ added → id while it waits
[[nodiscard]] std::string letter_key(const dead_letter_id& id);
[[nodiscard]] std::string waiting_prefix(std::string_view project_ref);

}  // namespace plo::eventstore::layout
