// A mail as SMTP carries it (RFC 5322, MIME). Pure: the same mail gives the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace plo::notifications {

/// What a reader sees. All UTF-8, lines ended by \n.
struct mail {
  std::string subject;
  std::string text;
  std::string html;
};

struct mail_header {
  std::string from;             // addresses as the configuration checked them
  std::vector<std::string> to;
  std::string id;               // unique for ever; the same each time the mail is sent: Message-ID is <id@domain of from>
  instant date{};
};

/// The whole message, lines ended by CRLF and none longer than 78: headers, then text and HTML as multipart/alternative,
/// quoted-printable. No text of the mail can add a header.
[[nodiscard]] std::string mime_message(const mail_header& header, const mail& body);

/// One line without control characters, cut after `most` characters (with an ellipsis).
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most);

/// As a header's value: plain when it is short ASCII, else folded RFC 2047 encoded-words.
[[nodiscard]] std::string encode_header(std::string_view text);

[[nodiscard]] std::string quoted_printable(std::string_view text);

/// `Sun, 15 Jun 2025 14:32:00 +0000`
[[nodiscard]] std::string mail_date(instant at);

}  // namespace plo::notifications
