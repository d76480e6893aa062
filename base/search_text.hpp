// Texts as people compare and search them: without case and accents, cut into words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plo {

/// NFKD without marks, case folded, ligatures written out, control characters as spaces. Empty when the text is not UTF-8.
[[nodiscard]] std::string fold_text(std::string_view text);

/// What names are compared by: the letters and digits of the folded text alone.
[[nodiscard]] std::string plain_name(std::string_view text);

/// What is searched for: the parts between spaces of the folded text, without punctuation around them, each once. At most `most`.
[[nodiscard]] std::vector<std::string> search_terms(std::string_view text, std::size_t most = 10);

/// The same cut into words as texts are, whatever stands between them: for what was found by none of its terms.
[[nodiscard]] std::vector<std::string> search_words(std::string_view text, std::size_t most = 10);

/// What a match with a token means, the best first.
enum class token_rank : std::uint8_t { reference, word };

/// The tokens of an entity: every word, every part between spaces, every reference as a whole; with the best rank of each.
class token_set {
public:
  void add_text(std::string_view text);
  void add_reference(std::string_view reference);

  [[nodiscard]] const std::map<std::string, token_rank, std::less<>>& all() const { return tokens_; }

private:
  void add(std::string_view token, token_rank rank);
  std::map<std::string, token_rank, std::less<>> tokens_;
};

/// Tokens and terms are cut to this many bytes, at a character.
inline constexpr std::size_t max_token_bytes = 64;
/// An entity has at most so many.
inline constexpr std::size_t max_tokens = 2000;

}  // namespace plo
