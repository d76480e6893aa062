#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "domain/rules/coerce.hpp"
#include "domain/rules/program.hpp"

namespace plo::rules {

namespace {

struct operator_entry {
  std::string_view name;
  op code;
};

constexpr auto operators = std::to_array<operator_entry>({
    {"var", op::var}, {"missing", op::missing}, {"missing_some", op::missing_some},
    {"if", op::if_}, {"?:", op::if_}, {"and", op::and_}, {"or", op::or_}, {"!", op::not_}, {"!!", op::truth},
    {"==", op::equal}, {"===", op::strictly_equal}, {"!=", op::not_equal}, {"!==", op::strictly_not_equal},
    {"<", op::less}, {"<=", op::less_equal}, {">", op::greater}, {">=", op::greater_equal},
    {"+", op::add}, {"-", op::subtract}, {"*", op::multiply}, {"/", op::divide}, {"%", op::modulo}, {"min", op::min}, {"max", op::max},
    {"map", op::map}, {"filter", op::filter}, {"reduce", op::reduce}, {"all", op::all}, {"none", op::none}, {"some", op::some},
    {"merge", op::merge}, {"in", op::in}, {"cat", op::cat}, {"substr", op::substr}, {"log", op::log},
    {"time", op::time}, {"date", op::date}, {"duration", op::duration}, {"business_days", op::business_days},
});

std::optional<op> find_operator(std::string_view name) {
  const auto found = std::find_if(operators.begin(), operators.end(), [&](const operator_entry& o) { return o.name == name; });
  return found == operators.end() ? std::nullopt : std::optional(found->code);
}

bool is_time_operator(op code) {
  return code >= op::time && code <= op::business_days;
}
bool is_iteration(op code) {
  return code >= op::map && code <= op::some;
}
bool is_comparison(op code) {
  return code >= op::equal && code <= op::greater_equal;
}
bool is_arithmetic(op code) {
  return code >= op::add && code <= op::max;
}
bool reads_facts(op code) {
  return code >= op::var && code <= op::missing_some;
}

bool is_array(json::element e) {
  return e.type() == simdjson::dom::element_type::ARRAY;
}

std::size_t size_of(simdjson::dom::array items) {
  std::size_t size = 0;
  for ([[maybe_unused]] const auto item : items) ++size;  // size() saturates
  return size;
}

/// The only member of an object that has one.
std::optional<simdjson::dom::key_value_pair> only_member(json::element e) {
  simdjson::dom::object members;
  if (e.get_object().get(members) || members.size() != 1) return std::nullopt;
  return *members.begin();
}

/// Whether there is nothing to evaluate in it. An object with more members than one stands for itself, whatever it holds.
bool is_literal(json::element e) {
  if (simdjson::dom::array items; !e.get_array().get(items)) {
    for (const auto item : items) {
      if (!is_literal(item)) return false;
    }
    return true;
  }
  return !only_member(e);
}

/// Appends a segment to a JSON pointer for as long as it lives.
class pointer_segment {
public:
  pointer_segment(std::string& pointer, std::string_view name) : pointer_(pointer), size_(pointer.size()) {
    pointer_ += '/';
    for (const char c : name) {
      if (c == '~') pointer_ += "~0";
      else if (c == '/') pointer_ += "~1";
      else pointer_ += c;
    }
  }
  ~pointer_segment() { pointer_.resize(size_); }
  pointer_segment(const pointer_segment&) = delete;
  pointer_segment& operator=(const pointer_segment&) = delete;

private:
  std::string& pointer_;
  std::size_t size_;
};

/// Where an expression stands.
struct place {
  std::size_t depth = 0;      // operators and lists around it
  bool in_iteration = false;  // `var` is relative to an element
  bool is_part = false;       // a part of the top-level `and`
};

/// Writes nodes, and what is wrong with the definition.
class compiler {
public:
  compiler(compiled& code, std::span<const std::string_view> roots) : code_(code), roots_(roots) {}

  void compile(json::element definition) {
    code_.nodes.emplace_back();
    compile(0, definition, {.is_part = true});
  }

  std::vector<std::pair<std::uint32_t, json::element>> parts;
  std::vector<definition_error> errors;

private:
  void compile(std::uint32_t at, json::element e, place where);
  void compile_list(std::uint32_t at, json::element e, place where);
  void compile_operator(std::uint32_t at, std::string_view name, json::element operands, place where);
  void finish(std::uint32_t at, json::element operands, place where);
  void finish_var(std::uint32_t at, json::element operands, place where);
  void finish_missing(std::uint32_t at, json::element operands, place where);
  void finish_duration(std::uint32_t at, json::element operands);
  void finish_times(const node& n);
  void fold(std::uint32_t at);
  [[nodiscard]] bool is_foldable(const node& n) const;

  /// Room for operands next to each other; empty when there are too many nodes.
  std::optional<std::uint32_t> add_nodes(std::size_t count) {
    const std::size_t first = code_.nodes.size();
    if (first + count > max_expression_nodes) {
      if (!std::exchange(too_large_, true)) error(fmt::format("more than {} operators and operands", max_expression_nodes));
      return std::nullopt;
    }
    code_.nodes.resize(first + count);
    return static_cast<std::uint32_t>(first);
  }
  void set_constant(std::uint32_t at, const value& v) {
    node& n = code_.nodes[at];
    n.code = op::constant;
    n.count = 0;
    n.first = static_cast<std::uint32_t>(code_.constants.size());
    code_.constants.push_back(v);
  }
  void add_path(const value& key) {
    workspace w(code_.memory);
    const auto text = to_text(key, w);
    const bool everything = key.is_null() || (key.what() == value::kind::text && text.empty());
    code_.paths.push_back({everything ? std::string_view() : text, everything ? fact_path() : split_path(text, code_.memory)});
  }

  /// `below`: the rest of the pointer.
  void error(std::string message, std::string_view below = "") { errors.push_back({pointer_ + std::string(below), std::move(message)}); }
  /// Of the last path added.
  void check_root(place where, std::string_view below) {
    const fact_path path = code_.paths.back().segments;
    if (where.in_iteration || roots_.empty() || path.empty()) return;
    if (std::find(roots_.begin(), roots_.end(), path.front()) != roots_.end()) return;
    error(fmt::format("unknown fact root '{}'", path.front()), below);
  }

  compiled& code_;
  std::span<const std::string_view> roots_;
  std::string pointer_;
  bool too_large_ = false;
};

/// The pointer from an operator to an operand: one that is alone may stand without a list.
std::string to_operand(json::element operands, std::size_t index) {
  return is_array(operands) ? fmt::format("/{}", index) : std::string();
}

void compiler::compile(std::uint32_t at, json::element e, place where) {
  const auto member = only_member(e);
  if (where.is_part) {
    // A conjunction is explained by its parts.
    simdjson::dom::array operands;
    where.is_part = member && member->key == "and" && (member->value.get_array().get(operands) || size_of(operands) > 0);
    if (!where.is_part) parts.emplace_back(at, e);
  }
  if (is_literal(e)) return set_constant(at, copy_json(e, code_.memory));
  if (where.depth == max_expression_depth) return error(fmt::format("nested deeper than {} operators", max_expression_depth));
  ++where.depth;
  if (member) {
    const pointer_segment in(pointer_, member->key);
    return compile_operator(at, member->key, member->value, where);
  }
  compile_list(at, e, where);
}

void compiler::compile_list(std::uint32_t at, json::element e, place where) {
  const simdjson::dom::array items = e.get_array().value_unsafe();
  const std::size_t size = size_of(items);
  const auto first = add_nodes(size);
  if (!first) return;
  code_.nodes[at] = {.code = op::list, .count = static_cast<std::uint16_t>(size), .first = *first};
  std::uint32_t i = 0;
  for (const auto item : items) {
    const pointer_segment in(pointer_, std::to_string(i));
    compile(*first + i++, item, where);
  }
  fold(at);
}

void compiler::compile_operator(std::uint32_t at, std::string_view name, json::element operands, place where) {
  const auto code = find_operator(name);
  if (!code) error(fmt::format("unknown operator '{}'", name));
  simdjson::dom::array several;
  const bool alone = static_cast<bool>(operands.get_array().get(several));
  const std::size_t size = alone ? 1 : size_of(several);
  const auto first = add_nodes(size);
  if (!first) return;
  code_.nodes[at] = {.code = code.value_or(op::list), .count = static_cast<std::uint16_t>(size), .first = *first};

  const auto place_of = [&](std::uint32_t i) {
    place inside = where;
    inside.in_iteration = where.in_iteration || (code && is_iteration(*code) && i == 1);
    return inside;
  };
  if (alone) {
    compile(*first, operands, place_of(0));
  } else {
    std::uint32_t i = 0;
    for (const auto operand : several) {
      const pointer_segment in(pointer_, std::to_string(i));
      compile(*first + i, operand, place_of(i));
      ++i;
    }
  }
  // What an unknown operator holds was compiled for its errors alone.
  if (!code || too_large_) return;
  finish(at, operands, where);
}

void compiler::finish(std::uint32_t at, json::element operands, place where) {
  node& n = code_.nodes[at];
  const auto operand_nodes = std::span(code_.nodes).subspan(n.first, n.count);
  const bool any_temporal = std::any_of(operand_nodes.begin(), operand_nodes.end(), [](const node& o) { return o.temporal; });
  n.temporal = is_time_operator(n.code) || (is_arithmetic(n.code) && any_temporal);
  n.needs_operands = (is_arithmetic(n.code) || is_comparison(n.code)) && any_temporal;

  if (is_time_operator(n.code)) {
    const std::size_t needed = n.code == op::business_days ? 2 : 1;
    if (n.count != needed) {
      return error(fmt::format("{} operand{} needed, {} given", needed, needed == 1 ? " is" : "s are", n.count));
    }
    if (n.code == op::duration) return finish_duration(at, operands);
    finish_times(n);
  } else if (n.code == op::var) {
    finish_var(at, operands, where);
  } else if (n.code == op::missing || n.code == op::missing_some) {
    finish_missing(at, operands, where);
  }
  fold(at);
}

void compiler::finish_var(std::uint32_t at, json::element operands, place where) {
  node& n = code_.nodes[at];
  const value* const key = n.count == 0 ? nullptr : code_.constant_at(n.first);
  if (n.count != 0 && key == nullptr) return;
  n.path = static_cast<std::uint32_t>(code_.paths.size());
  add_path(key != nullptr ? *key : value());
  check_root(where, to_operand(operands, 0));
}

void compiler::finish_missing(std::uint32_t at, json::element operands, place where) {
  node& n = code_.nodes[at];
  const std::uint32_t first = n.code == op::missing ? 0 : 1;
  const std::uint32_t last = n.code == op::missing ? n.count : std::min<std::uint32_t>(n.count, 2);
  for (std::uint32_t i = first; i < last; ++i) {
    const value* const keys = code_.constant_at(n.first + i);
    if (keys == nullptr) return;
    // The keys are the elements of the first operand when that is a list.
    if (i == first && keys->what() == value::kind::array) {
      n.path = static_cast<std::uint32_t>(code_.paths.size());
      json::element written;
      const bool is_written_so = is_array(operands) && !operands.at(i).get(written) && is_array(written);
      std::size_t element = 0;
      for (const value& key : keys->as_array()) {
        add_path(key);
        check_root(where, to_operand(operands, i) + (is_written_so ? fmt::format("/{}", element++) : std::string()));
      }
      return;
    }
  }
  if (first >= last) return;
  n.path = static_cast<std::uint32_t>(code_.paths.size());
  const auto keys = allocate<value>(last - first, code_.memory);
  for (std::uint32_t i = first; i < last; ++i) {
    keys[i - first] = *code_.constant_at(n.first + i);
    add_path(keys[i - first]);
    check_root(where, to_operand(operands, i));
  }
  set_constant(n.first + first, value::of(std::span<const value>(keys)));
}

void compiler::finish_duration(std::uint32_t at, json::element operands) {
  const value* const text = code_.constant_at(code_.nodes[at].first);
  if (text == nullptr) return;
  if (text->what() != value::kind::text) return error("a duration is a text such as PT72H or P3D", to_operand(operands, 0));
  const auto parsed = parse_duration(text->as_text());
  if (!parsed) return error(fmt::format("'{}' is not a duration such as PT72H or P3D", text->as_text()), to_operand(operands, 0));
  set_constant(at, value::of(parsed->count()));
}

/// Constant texts are read once.
void compiler::finish_times(const node& n) {
  for (std::uint32_t i = n.first; i < n.first + n.count; ++i) {
    const value* const text = code_.constant_at(i);
    if (text == nullptr || text->what() != value::kind::text) continue;
    if (const auto at = parse_instant(text->as_text())) set_constant(i, value::of(*at));
    else set_constant(i, value::of(parse_day(text->as_text())));
  }
}

/// Whether its value is the same in every evaluation.
bool compiler::is_foldable(const node& n) const {
  if (reads_facts(n.code) || is_iteration(n.code) || n.code == op::business_days) return false;
  for (std::uint32_t i = n.first; i < n.first + n.count; ++i) {
    const value* const operand = code_.constant_at(i);
    if (operand == nullptr) return false;
    // The day of an instant, and the beginning of a day, are the zone's.
    if (n.code == op::time && operand->what() == value::kind::day) return false;
    if (n.code == op::date && operand->what() == value::kind::instant) return false;
  }
  return true;
}

void compiler::fold(std::uint32_t at) {
  if (!is_foldable(code_.nodes[at])) return;
  const value_facts none{value()};
  set_constant(at, code_.run(at, {none, code_.memory, zone::utc()}));
}

}  // namespace

tl::expected<expression, std::vector<definition_error>> expression::compile(json::element definition, const options& allowed) {
  auto result = std::make_shared<program>();
  compiler c(result->code, allowed.roots);
  c.compile(definition);
  if (!c.errors.empty()) return tl::make_unexpected(std::move(c.errors));
  result->definition = simdjson::minify(definition);
  for (const auto& [at, part] : c.parts) result->parts.push_back({at, simdjson::minify(part)});
  return expression(std::move(result));
}

const std::string& expression::definition() const {
  return program_->definition;
}

}  // namespace plo::rules
