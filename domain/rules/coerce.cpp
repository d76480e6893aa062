#include "domain/rules/coerce.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "domain/rules/js_number.hpp"

namespace plo::rules {

namespace {

using kind = value::kind;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool is_text_like(const value& v) {
  return v.what() == kind::text || v.what() == kind::instant || v.what() == kind::day;
}
bool is_container(const value& v) {
  return v.what() == kind::array || v.what() == kind::object;
}

/// A text that grows in the arena.
class text_builder {
public:
  explicit text_builder(workspace& w) : w_(w) {}

  void append(std::string_view text) {
    if (!w_.spend_bytes(text.size()) || text.empty()) return;
    if (text.size() > room_.size() - size_) grow(text.size());
    std::memcpy(room_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  [[nodiscard]] std::string_view view() const { return {room_.data(), size_}; }

private:
  void grow(std::size_t by) {
    const auto larger = allocate<char>(std::max(size_ + by, 2 * room_.size()), w_.memory);
    std::copy_n(room_.data(), size_, larger.data());
    room_ = larger;
  }

  workspace& w_;
  std::span<char> room_;
  std::size_t size_ = 0;
};

/// The same text as format_instant gives, which would be too long for a std::string without the heap.
std::string_view instant_text(instant at, arena& memory) {
  const auto day = std::chrono::floor<date::days>(at);
  auto rest = static_cast<unsigned>((at - day).count());
  const std::string date = format_day(local_day(day.time_since_epoch()));
  const auto text = allocate<char>(24, memory);
  std::copy(date.begin(), date.end(), text.begin());
  std::copy_n("T00:00:00.000Z", 14, text.begin() + 10);
  const auto put = [&](std::size_t to, int width, unsigned number) {
    for (int i = width - 1; i >= 0; --i, number /= 10) text[to + static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  };
  put(11, 2, rest / 3'600'000);
  put(14, 2, rest / 60'000 % 60);
  put(17, 2, rest / 1000 % 60);
  put(20, 3, rest % 1000);
  return {text.data(), text.size()};
}

void append_text(text_builder& to, const value& v, workspace& w, std::size_t depth);

void append_joined(text_builder& to, std::span<const value> items, std::string_view between, workspace& w, std::size_t depth) {
  // As when writing: an expression can nest lists deeper than the stack.
  if (depth == max_json_depth) return;
  bool first = true;
  for (const value& item : items) {
    if (!w.spend(1)) return;
    if (!first) to.append(between);
    first = false;
    if (!item.is_null()) append_text(to, item, w, depth + 1);
  }
}

void append_text(text_builder& to, const value& v, workspace& w, std::size_t depth) {
  switch (v.what()) {
    case kind::array: append_joined(to, v.as_array(), ",", w, depth); break;
    case kind::number: to.append(js_number_text(v.as_number()).view()); break;
    default: to.append(to_text(v, w)); break;
  }
}

bool equal_inside(const value& a, const value& b, workspace& w, std::size_t depth);

bool equal_containers(const value& a, const value& b, workspace& w, std::size_t depth) {
  if (a.what() != b.what() || depth == max_json_depth) return false;
  if (a.what() == kind::array) {
    const auto left = a.as_array(), right = b.as_array();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](const value& x, const value& y) { return equal_inside(x, y, w, depth + 1); });
  }
  const auto left = a.as_object();
  if (left.size() != b.as_object().size()) return false;
  return std::all_of(left.begin(), left.end(), [&](const member& m) {
    const auto right = b.as_object();
    if (!w.spend(right.size() / 8)) return false;
    const auto same = std::find_if(right.begin(), right.end(), [&](const member& o) { return o.key == m.key; });
    return same != right.end() && equal_inside(m.item, same->item, w, depth + 1);
  });
}

bool equal_texts(const value& a, const value& b, workspace& w) {
  const auto left = to_text(a, w), right = to_text(b, w);
  return w.spend_bytes(std::min(left.size(), right.size())) && left == right;
}

/// Of values of one kind.
bool equal_alike(const value& a, const value& b, workspace& w, std::size_t depth) {
  switch (a.what()) {
    case kind::null: return true;
    case kind::boolean: return a.as_bool() == b.as_bool();
    case kind::number: return a.as_number() == b.as_number();
    case kind::text: return equal_texts(a, b, w);
    case kind::instant: return a.as_instant() == b.as_instant();
    case kind::day: return a.as_day() == b.as_day();
    case kind::array:
    case kind::object: return equal_containers(a, b, w, depth);
  }
  return false;
}

bool equal_inside(const value& a, const value& b, workspace& w, std::size_t depth) {
  if (!w.spend(1)) return false;
  if (a.what() == b.what()) return equal_alike(a, b, w, depth);
  return is_text_like(a) && is_text_like(b) && equal_texts(a, b, w);
}

}  // namespace

std::string_view copy_text(std::string_view text, arena& memory) {
  const auto copy = allocate<char>(text.size(), memory);
  std::copy(text.begin(), text.end(), copy.begin());
  return {copy.data(), copy.size()};
}

double to_number(const value& v, workspace& w) {
  switch (v.what()) {
    case kind::null: return 0;
    case kind::boolean: return v.as_bool() ? 1 : 0;
    case kind::number: return v.as_number();
    case kind::text:
    case kind::array: {
      const auto text = to_text(v, w);
      return w.spend_bytes(text.size()) ? parse_js_number(text) : nan;
    }
    case kind::instant:
    case kind::day:
    case kind::object: return nan;
  }
  return nan;
}

double leading_number(const value& v, workspace& w) {
  switch (v.what()) {
    case kind::number: return v.as_number();
    case kind::text:
    case kind::array: {
      const auto text = to_text(v, w);
      return w.spend_bytes(text.size()) ? leading_js_number(text) : nan;
    }
    default: return nan;
  }
}

std::string_view to_text(const value& v, workspace& w) {
  switch (v.what()) {
    case kind::null: return "null";
    case kind::boolean: return v.as_bool() ? "true" : "false";
    case kind::number: return copy_text(js_number_text(v.as_number()).view(), w.memory);
    case kind::text: return v.as_text();
    case kind::instant: return instant_text(v.as_instant(), w.memory);
    case kind::day: return copy_text(format_day(v.as_day()), w.memory);
    case kind::object: return "[object Object]";
    case kind::array: {
      text_builder text(w);
      append_joined(text, v.as_array(), ",", w, 0);
      return text.view();
    }
  }
  return {};
}

std::string_view join(std::span<const value> items, workspace& w) {
  text_builder text(w);
  append_joined(text, items, "", w, 0);
  return text.view();
}

bool strictly_equal(const value& a, const value& b, workspace& w) {
  return equal_inside(a, b, w, 0);
}

bool loosely_equal(const value& a, const value& b, workspace& w) {
  if (a.what() == b.what()) return equal_alike(a, b, w, 0);
  if (a.is_null() || b.is_null()) return false;
  if (is_container(a) && is_container(b)) return false;
  const bool as_texts = (is_text_like(a) && (is_text_like(b) || is_container(b))) || (is_text_like(b) && is_container(a));
  if (as_texts) return equal_texts(a, b, w);
  return to_number(a, w) == to_number(b, w);
}

std::partial_ordering order_of(const value& a, const value& b, workspace& w) {
  if (a.what() == b.what()) {
    if (a.what() == kind::number) return a.as_number() <=> b.as_number();
    // (The date library's points in time know < alone.)
    if (a.what() == kind::instant) return a.as_instant().time_since_epoch().count() <=> b.as_instant().time_since_epoch().count();
    if (a.what() == kind::day) return a.as_day().time_since_epoch().count() <=> b.as_day().time_since_epoch().count();
  }
  if ((is_text_like(a) || is_container(a)) && (is_text_like(b) || is_container(b))) {
    const auto left = to_text(a, w), right = to_text(b, w);
    if (!w.spend_bytes(std::min(left.size(), right.size()))) return std::partial_ordering::unordered;
    return left <=> right;
  }
  return to_number(a, w) <=> to_number(b, w);
}

value walk(value from, fact_path path, workspace* w) {
  for (const std::string_view segment : path) {
    if (from.what() == kind::object) {
      if (w != nullptr && !w->spend(from.as_object().size() / 16)) return {};
      from = from.get(segment);
    } else if (from.what() == kind::array) {
      std::size_t index = 0;
      const auto end = segment.data() + segment.size();
      const auto [last, error] = std::from_chars(segment.data(), end, index);
      const bool whole = last == end && error == std::errc();
      const bool canonical = segment == "0" || !segment.starts_with('0');
      if (!whole || !canonical || index >= from.as_array().size()) return {};
      from = from.as_array()[index];
    } else {
      return {};
    }
  }
  return from;
}

std::span<const std::string_view> split_path(std::string_view text, arena& memory) {
  const auto dots = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
  const auto segments = allocate<std::string_view>(dots + 1, memory);
  for (std::string_view& segment : segments) {
    const auto dot = std::min(text.find('.'), text.size());
    segment = text.substr(0, dot);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return segments;
}

value value_facts::get(fact_path path, arena& /*memory*/) const {
  return walk(all_, path);
}

}  // namespace plo::rules
