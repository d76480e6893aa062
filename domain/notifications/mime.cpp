#include "domain/notifications/mime.hpp"

#include <algorithm>

#include <date/date.h>
#include <fmt/format.h>
#include <sodium.h>

namespace plo::notifications {

namespace {

constexpr std::size_t max_subject = 200;       // characters
constexpr std::size_t max_plain_header = 60;   // bytes; "Subject: " still fits before it
constexpr std::size_t encoded_word_bytes = 42;  // 56 in base64, 68 with =?UTF-8?B?…?=
constexpr std::size_t max_line = 76;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string base64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminator
  return text;
}

std::string domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return std::string(at == std::string_view::npos ? "localhost" : address.substr(at + 1));
}

void add_part(std::string& out, std::string_view boundary, std::string_view type, std::string_view content) {
  fmt::format_to(std::back_inserter(out),
                 "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n", boundary,
                 type, quoted_printable(content));
}

}  // namespace

std::string one_line(std::string_view text, std::size_t most) {
  std::string line;
  std::size_t characters = 0;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
    if (blank && (line.empty() || line.back() == ' ')) continue;
    if (!is_continuation(c) && ++characters > most) return line + "…";
    line.push_back(blank ? ' ' : c);
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string encode_header(std::string_view text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (ascii && text.size() <= max_plain_header && text.find("=?") == std::string_view::npos) return std::string(text);
  std::string words;
  while (!text.empty()) {
    // A character must not be torn apart between two words.
    auto size = std::min(encoded_word_bytes, text.size());
    while (size < text.size() && size > 1 && is_continuation(text[size])) --size;
    fmt::format_to(std::back_inserter(words), "{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", base64(text.substr(0, size)));
    text.remove_prefix(size);
  }
  return words;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    if (column + piece.size() >= max_line) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += "\r\n";
      column = 0;
    } else if (c == '\r') {
      continue;
    } else {
      const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
      const bool plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !ends_line);
      put(plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
  }
  return out;
}

std::string mail_date(instant at) {
  static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<date::days>(at);
  const date::year_month_day ymd(day);
  const date::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} +0000", days[date::weekday(day).c_encoding()],
                     static_cast<unsigned>(ymd.day()), months[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string mime_message(const mail_header& header, const mail& body) {
  // "=_" cannot stand in quoted-printable text, so no part can hold the boundary.
  const auto boundary = fmt::format("=_plo_{}", header.id);
  std::string out = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n",
      mail_date(header.date), header.from, fmt::join(header.to, ",\r\n "), encode_header(one_line(body.subject, max_subject)), header.id,
      domain_of(header.from), boundary);
  add_part(out, boundary, "text/plain", body.text);
  add_part(out, boundary, "text/html", body.html);
  return out += fmt::format("--{}--\r\n", boundary);
}

}  // namespace plo::notifications
