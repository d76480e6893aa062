#include "base/json.hpp"

#include <algorithm>

#include "base/json_scan.hpp"

namespace plo {

namespace {

/// Buffers larger than this are freed after use, so that one large body does not hold memory for ever.
constexpr std::size_t largest_pooled_capacity = 256 * 1024;
constexpr std::size_t pooled_parsers = 8;

/// Parsers by the depth they allow, which is fixed when they are made.
struct parser_pool {
  using parsers = std::vector<std::unique_ptr<simdjson::dom::parser>>;
  parsers of_outside, of_stored;
  ~parser_pool();

  [[nodiscard]] parsers* of(std::size_t deepest) {
    return deepest == max_json_depth ? &of_outside : deepest == max_stored_json_depth ? &of_stored : nullptr;
  }
};

// Outlives the pool, so that a document which is destroyed after it (at thread exit) finds that there is none.
thread_local bool pool_gone = false;
thread_local parser_pool pool;

parser_pool::~parser_pool() {
  pool_gone = true;
}

simdjson::dom::parser* acquire_parser(std::size_t deepest) {
  if (auto* free = pool_gone ? nullptr : pool.of(deepest); free != nullptr && !free->empty()) {
    auto* parser = free->back().release();
    free->pop_back();
    return parser;
  }
  auto parser = std::make_unique<simdjson::dom::parser>();
  // Later growth keeps the depth.
  if (parser->allocate(2048, deepest) != simdjson::SUCCESS) throw std::bad_alloc();
  return parser.release();
}

json_error from_scan(const json_scan& scan, std::size_t deepest, simdjson::error_code fallback) {
  using kind = json_error::kind;
  if (!scan.valid) return {kind::not_json, fmt::format("not JSON: {} (byte {})", scan.error, scan.error_at)};
  if (scan.depth > deepest) return {kind::too_deep, fmt::format("nested deeper than {} levels", deepest)};
  if (scan.number_overflow) return {kind::number_overflow, "a number is beyond the range of a double"};
  if (scan.lone_surrogate) return {kind::lone_surrogate, "a \\u escape is half of a surrogate pair"};
  return {kind::not_json, fmt::format("not readable: {}", simdjson::error_message(fallback))};
}

}  // namespace

void json_document::recycle::operator()(simdjson::dom::parser* parser) const noexcept {
  std::unique_ptr<simdjson::dom::parser> owned(parser);
  // The slow path of parse leaves a parser with another depth.
  auto* free = pool_gone ? nullptr : pool.of(parser->max_depth());
  if (free == nullptr || parser->capacity() > largest_pooled_capacity || free->size() >= pooled_parsers) return;
  free->reserve(pooled_parsers);
  free->push_back(std::move(owned));
}

tl::expected<json_document, json_error> json_document::parse(std::string_view text, std::size_t deepest) {
  json_document document;
  document.parser_.reset(acquire_parser(deepest));
  auto parsed = document.parser_->parse(text.data(), text.size());
  auto error = parsed.get(document.root_);
  if (error == simdjson::SUCCESS) return document;

  const json_scan scan = scan_json(text);
  const bool readable = scan.valid && scan.depth <= deepest && !scan.number_overflow && !scan.lone_surrogate;
  if (!readable) return tl::unexpected(from_scan(scan, deepest, error));
  // Integers over 64 bits are valid: with an exponent they read as doubles. And simdjson counts an empty container at
  // the bottom less than one that holds something, so its limit was one too strict for this text.
  const std::string as_doubles = wrap_tokens(text, scan.big_integers, "", "e0");
  error = document.parser_->allocate(as_doubles.size(), deepest + 1);
  if (error == simdjson::SUCCESS) error = document.parser_->parse(as_doubles).get(document.root_);
  if (error != simdjson::SUCCESS) return tl::unexpected(from_scan(scan, deepest, error));
  return document;
}

namespace json {

std::optional<element> get(element object, std::string_view key) {
  simdjson::dom::object members;
  element found;
  if (object.get_object().get(members) || members.at_key(key).get(found) || found.is_null()) return std::nullopt;
  return found;
}

std::optional<std::string_view> get_string(element object, std::string_view key) {
  const auto found = get(object, key);
  std::string_view text;
  if (!found || found->get_string().get(text)) return std::nullopt;
  return text;
}

std::optional<double> get_number(element object, std::string_view key) {
  const auto found = get(object, key);
  double number = 0;
  if (!found || found->get_double().get(number)) return std::nullopt;
  return number;
}

std::optional<bool> get_bool(element object, std::string_view key) {
  const auto found = get(object, key);
  bool flag = false;
  if (!found || found->get_bool().get(flag)) return std::nullopt;
  return flag;
}

}  // namespace json

std::string minify_json(std::string_view text) {
  std::string minified(text.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(text.data(), text.size(), minified.data(), size)) return std::string(text);
  minified.resize(size);
  return minified;
}

namespace {

/// The closing quote of a string that starts behind `at`; valid JSON, so there is one.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (;;) {
    const auto quote = text.find('"', at + 1);
    if (quote == std::string_view::npos) return text.size();
    std::size_t backslashes = 0;
    while (text[quote - 1 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote;
    at = quote;
  }
}

}  // namespace

std::string_view raw_member(std::string_view object, std::size_t index) {
  std::size_t member = 0;
  std::size_t depth = 0;
  std::size_t start = std::string_view::npos;
  for (std::size_t at = 0; at < object.size(); ++at) {
    switch (object[at]) {
      case '"': at = end_of_string(object, at); break;
      case '{': case '[': ++depth; break;
      case ':':
        if (depth == 1 && member == index) start = at + 1;
        break;
      case '}': case ']':
        if (--depth == 0 && start != std::string_view::npos) return object.substr(start, at - start);
        break;
      case ',':
        if (depth != 1) break;
        if (start != std::string_view::npos) return object.substr(start, at - start);
        ++member;
        break;
      default: break;
    }
  }
  return {};
}

namespace {

using simdjson::dom::element_type;

bool same(json::element a, json::element b);

bool same_numbers(json::element a, json::element b) {
  // Integers compare exactly, anything else as doubles.
  std::int64_t i = 0, j = 0;
  std::uint64_t u = 0, v = 0;
  const bool a_signed = !a.get_int64().get(i), b_signed = !b.get_int64().get(j);
  const bool a_unsigned = !a.get_uint64().get(u), b_unsigned = !b.get_uint64().get(v);
  if ((a_signed || a_unsigned) && (b_signed || b_unsigned)) {
    return (a_signed && b_signed && i == j) || (a_unsigned && b_unsigned && u == v);
  }
  double x = 0, y = 0;
  return !a.get_double().get(x) && !b.get_double().get(y) && x == y;
}

bool same_objects(simdjson::dom::object a, simdjson::dom::object b) {
  using member = std::pair<std::string_view, json::element>;
  std::vector<member> left, right;
  for (const auto field : a) left.emplace_back(field.key, field.value);
  for (const auto field : b) right.emplace_back(field.key, field.value);
  if (left.size() != right.size()) return false;
  const auto by_key = [](const member& x, const member& y) { return x.first < y.first; };
  // Stable: a key that comes twice is compared in the order of the text.
  std::stable_sort(left.begin(), left.end(), by_key);
  std::stable_sort(right.begin(), right.end(), by_key);
  return std::equal(left.begin(), left.end(), right.begin(), [](const member& x, const member& y) {
    return x.first == y.first && same(x.second, y.second);
  });
}

bool same(json::element a, json::element b) {
  if (a.is_number() && b.is_number()) return same_numbers(a, b);
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case element_type::OBJECT: return same_objects(a.get_object().value_unsafe(), b.get_object().value_unsafe());
    case element_type::ARRAY: {
      const simdjson::dom::array left = a.get_array().value_unsafe(), right = b.get_array().value_unsafe();
      auto i = left.begin(), j = right.begin();
      for (; i != left.end() && j != right.end(); ++i, ++j) {
        if (!same(*i, *j)) return false;
      }
      return !(i != left.end()) && !(j != right.end());
    }
    case element_type::STRING: return a.get_string().value_unsafe() == b.get_string().value_unsafe();
    case element_type::BOOL: return a.get_bool().value_unsafe() == b.get_bool().value_unsafe();
    default: return true;
  }
}

/// Integers over 64 bits would lose digits as doubles: they are compared as texts.
std::string with_big_integers_as_texts(std::string_view text) {
  const json_scan scan = scan_json(text);
  return wrap_tokens(text, scan.big_integers, "\"\\u0000integer ", "\"");
}

}  // namespace

bool same_json(std::string_view a, std::string_view b) {
  if (a == b) return json_document::parse(a).has_value();
  const auto read = [](std::string_view text) -> tl::expected<json_document, json_error> {
    // No integer of fewer than 19 digits needs more than 64 bits, so most texts are scanned only by simdjson.
    std::size_t run = 0, longest = 0;
    for (const char c : text) {
      run = c >= '0' && c <= '9' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return longest < 19 ? json_document::parse(text) : json_document::parse(with_big_integers_as_texts(text));
  };
  const auto left = read(a);
  const auto right = read(b);
  return left && right && same(left->root(), right->root());
}

}  // namespace plo
