// What a payload must look like for the domain to read it: the JSON types and formats of the fields listed for each
// event type in the API. Fields that no list names are nobody's business and pass.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/ingest_event.hpp"

namespace plo {

inline constexpr std::size_t max_reference_size = 256;  // bytes
inline constexpr std::size_t max_name_size = 1024;

/// A body full of mistakes is answered with the first ones only.
inline constexpr std::size_t max_field_errors = 100;

/// True when the text can serve as an id or a reference: not empty, within max_reference_size, no control characters.
[[nodiscard]] bool is_reference(std::string_view text);
/// C0, DEL or C1: what a terminal would obey.
[[nodiscard]] bool has_control_characters(std::string_view text);

/// Appends a key to an RFC 6901 pointer.
[[nodiscard]] std::string pointer_to(std::string_view parent, std::string_view key);

/// Adds an error with a pointer below `/payload` for each field of a catalogued type that cannot be read, or is too large. Null is absent.
void check_payload(event_type type, json::element payload, std::vector<field_error>& errors, const ingest_limits& limits = {});

}  // namespace plo
