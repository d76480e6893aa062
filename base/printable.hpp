// Texts from outside, made fit for where they are shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plo {

/// The text for a log line: control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and invalid UTF-8
/// are written as escapes (`\x1b`, `\u{202e}`), and what is longer than `most` bytes is cut and ends in `…`. A terminal that shows it
/// does what the text says nothing about.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

/// The text with U+FFFD for each byte that is not part of valid UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text);

}  // namespace plo
