// The value formats a configuration file uses beyond TOML's own types.
#pragma once

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace plo::config {

/// Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds (`PT72H`, `P3D`, `PT1.5S`), at most
/// a hundred years. Years and months are refused: they have no fixed length.
[[nodiscard]] tl::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

/// Lower-case hex of SHA-256(text).
[[nodiscard]] std::string sha256_hex(std::string_view text);

/// `^[a-z_]+\.[a-z_]+$`, the form of every event type.
[[nodiscard]] bool is_event_type(std::string_view text);

/// A name that an environment variable may have.
[[nodiscard]] bool is_variable_name(std::string_view text);

/// `local@domain` in printable ASCII, without spaces, quotes, brackets, commas or another `@`: nothing that could break out of a
/// mail header or an SMTP command. At most 254 characters.
[[nodiscard]] bool is_mail_address(std::string_view text);

/// An IP address, or a network as `10.0.0.0/8`.
[[nodiscard]] bool is_network(std::string_view text);

/// Starts with one of the schemes followed by `://` and a host.
[[nodiscard]] bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes);

/// Whether the file is there and can be opened for reading.
[[nodiscard]] bool is_readable(const std::filesystem::path& file);

}  // namespace plo::config
