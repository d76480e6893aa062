// A mail as bytes: nothing can add a header, no line is too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/notifications/mime.hpp"

namespace plo::notifications {

namespace {

using ::testing::HasSubstr;

mail_header header() {
  return {"plo@example.org", {"a@example.org", "b@example.org"}, "0195-id", *parse_instant("2025-06-15T14:32:07Z")};
}

std::size_t longest_line(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find("\r\n", from), text.size());
    longest = std::max(longest, end - from);
    from = end + 2;
  }
  return longest;
}

}  // namespace

TEST(mime, a_message_has_both_parts_and_an_id_that_stays) {
  const auto message = mime_message(header(), {"Hello", "text", "<p>html</p>"});
  EXPECT_EQ(message, mime_message(header(), {"Hello", "text", "<p>html</p>"}));
  EXPECT_THAT(message, HasSubstr("Date: Sun, 15 Jun 2025 14:32:07 +0000\r\n"));
  EXPECT_THAT(message, HasSubstr("From: plo@example.org\r\nTo: a@example.org,\r\n b@example.org\r\nSubject: Hello\r\n"));
  EXPECT_THAT(message, HasSubstr("Message-ID: <0195-id@example.org>\r\n"));
  EXPECT_THAT(message, HasSubstr("Content-Type: multipart/alternative;\r\n boundary=\"=_plo_0195-id\"\r\n\r\n--=_plo_0195-id\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ntext\r\n"
                                 "--=_plo_0195-id\r\nContent-Type: text/html; charset=utf-8\r\n"));
  EXPECT_TRUE(message.ends_with("\r\n--=_plo_0195-id--\r\n"));
}

TEST(mime, a_subject_cannot_break_out_of_its_line) {
  const auto message = mime_message(header(), {"a\r\nBcc: x@example.org\r\n\r\nbody", "", ""});
  EXPECT_THAT(message, HasSubstr("Subject: a Bcc: x@example.org body\r\nMessage-ID"));
}

TEST(mime, a_subject_outside_ascii_is_encoded_words_that_keep_characters_whole) {
  EXPECT_EQ(encode_header("Hello"), "Hello");
  EXPECT_EQ(encode_header("é"), "=?UTF-8?B?w6k=?=");
  EXPECT_EQ(encode_header("=?UTF-8?B?w6k=?="), "=?UTF-8?B?PT9VVEYtOD9CP3c2az0/PQ==?=");
  std::string many;
  for (int i = 0; i < 60; ++i) many += "é€";
  const auto words = encode_header(many);
  EXPECT_LE(longest_line("Subject: " + words), 78u);
  EXPECT_THAT(words, HasSubstr("?=\r\n =?UTF-8?B?"));
}

TEST(mime, a_long_subject_is_cut_at_a_character) {
  const auto line = one_line(std::string(100, 'a') + "éé", 101);
  EXPECT_EQ(line, std::string(100, 'a') + "é…");
  EXPECT_EQ(one_line("  a \t\n b\x7f", 10), "a b");
}

TEST(mime, quoted_printable_keeps_lines_short_and_blanks_at_their_ends) {
  EXPECT_EQ(quoted_printable("a=b"), "a=3Db");
  EXPECT_EQ(quoted_printable("é\n"), "=C3=A9\r\n");
  EXPECT_EQ(quoted_printable("-- \nx "), "--=20\r\nx=20");
  EXPECT_EQ(quoted_printable("a\r\nb"), "a\r\nb");
  const auto encoded = quoted_printable(std::string(5000, 'x') + std::string(300, '='));
  EXPECT_LE(longest_line(encoded), 76u);
}

TEST(mime, no_part_can_hold_the_boundary) {
  const auto message = mime_message(header(), {"s", "--=_plo_0195-id--\nnot the end", "x"});
  EXPECT_THAT(message, HasSubstr("--=3D_plo_0195-id--\r\nnot the end"));
}

}  // namespace plo::notifications
