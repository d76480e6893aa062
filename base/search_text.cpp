#include "base/search_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <utf8proc.h>

namespace plo {

namespace {

bool is_word_character(utf8proc_int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return true;
    default: return false;
  }
}

bool is_space(utf8proc_int32_t c) {
  const auto category = utf8proc_category(c);
  return c == ' ' || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/// The code point at the front, taken off.
utf8proc_int32_t take_character(std::string_view& text) {
  utf8proc_int32_t c = 0;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &c);
  text.remove_prefix(static_cast<std::size_t>(std::max<utf8proc_ssize_t>(size, 1)));
  return size < 0 ? ' ' : c;
}

/// Calls `visit` for the parts of a folded text whose characters all satisfy `belongs`.
template <class Belongs, class Visit>
void each_part(std::string_view text, Belongs belongs, Visit visit) {
  auto rest = text;
  const char* begin = nullptr;
  while (!rest.empty()) {
    const char* here = rest.data();
    if (belongs(take_character(rest))) {
      if (begin == nullptr) begin = here;
    } else if (begin != nullptr) {
      visit(std::string_view(begin, static_cast<std::size_t>(here - begin)));
      begin = nullptr;
    }
  }
  if (begin != nullptr) visit(std::string_view(begin, static_cast<std::size_t>(text.data() + text.size() - begin)));
}

template <class Visit>
void each_between_spaces(std::string_view text, Visit visit) {
  each_part(text, [](utf8proc_int32_t c) { return !is_space(c); }, visit);
}

template <class Visit>
void each_word(std::string_view text, Visit visit) {
  each_part(text, is_word_character, visit);
}

/// From its first word to its last; all of it when it has no word.
std::string_view without_punctuation_around(std::string_view text) {
  const char *begin = nullptr, *end = nullptr;
  each_word(text, [&](std::string_view word) {
    if (begin == nullptr) begin = word.data();
    end = word.data() + word.size();
  });
  return begin == nullptr ? text : std::string_view(begin, static_cast<std::size_t>(end - begin));
}

std::string_view cut(std::string_view token) {
  if (token.size() <= max_token_bytes) return token;
  auto size = max_token_bytes;
  while (size > 0 && (static_cast<unsigned char>(token[size]) & 0xc0) == 0x80) --size;
  return token.substr(0, size);
}

/// Letters that Unicode does not take apart, and signs that phones and word processors put for those of a keyboard, as people type them.
std::string with_plain_letters(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> plain[] = {
      {"\u0153", "oe"}, {"\u00e6", "ae"}, {"\u00f8", "o"}, {"\u0142", "l"}, {"\u0111", "d"},
      {"\u2019", "'"},  {"\u2018", "'"},  {"\u02bc", "'"}, {"\u2032", "'"}, {"\u2010", "-"}, {"\u2012", "-"}, {"\u2013", "-"}, {"\u2212", "-"}};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto found = std::find_if(std::begin(plain), std::end(plain), [&](const auto& p) { return text.starts_with(p.first); });
    if (found == std::end(plain)) {
      out.push_back(text.front());
      text.remove_prefix(1);
    } else {
      out.append(found->second);
      text.remove_prefix(found->first.size());
    }
  }
  return out;
}

}  // namespace

std::string fold_text(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; })) {
    std::string lower(text);
    for (auto& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return lower;
  }
  utf8proc_uint8_t* mapped = nullptr;
  constexpr auto how = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD |
                                                      UTF8PROC_STRIPCC | UTF8PROC_IGNORE);
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &mapped, how);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) return {};
  return with_plain_letters({reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)});
}

std::string plain_name(std::string_view text) {
  auto name = fold_text(text);
  std::erase_if(name, [](char c) { return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (static_cast<unsigned char>(c) & 0x80) == 0; });
  return name;
}

std::vector<std::string> search_terms(std::string_view text, std::size_t most) {
  std::vector<std::string> terms;
  const auto folded = fold_text(text);
  each_between_spaces(folded, [&](std::string_view part) {
    std::string term(cut(without_punctuation_around(part)));
    if (terms.size() < most && std::find(terms.begin(), terms.end(), term) == terms.end()) terms.push_back(std::move(term));
  });
  return terms;
}

std::vector<std::string> search_words(std::string_view text, std::size_t most) {
  std::vector<std::string> words;
  const auto folded = fold_text(text);
  each_word(folded, [&](std::string_view part) {
    std::string word(cut(part));
    if (words.size() < most && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  });
  return words;
}

void token_set::add(std::string_view token, token_rank rank) {
  token = cut(token);
  const auto known = tokens_.find(token);
  if (known != tokens_.end()) known->second = std::min(known->second, rank);
  else if (tokens_.size() < max_tokens && !token.empty()) tokens_.emplace(token, rank);
}

void token_set::add_text(std::string_view text) {
  const auto folded = fold_text(text);
  each_between_spaces(folded, [&](std::string_view part) { add(without_punctuation_around(part), token_rank::word); });
  each_word(folded, [&](std::string_view word) { add(word, token_rank::word); });
}

void token_set::add_reference(std::string_view reference) {
  const auto folded = fold_text(reference);
  add(without_punctuation_around(folded), token_rank::reference);
  add_text(reference);
}

}  // namespace plo
