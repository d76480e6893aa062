// What an expression is compiled into. Internal to domain/rules.
//
// Nodes lie in one vector, the operands of a node next to each other. Texts and constant lists lie in the program's own memory.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "domain/rules/jsonlogic.hpp"

namespace plo::rules {

enum class op : std::uint8_t {
  constant,
  list,  // an array whose elements are expressions
  // clang-format off
  var, missing, missing_some,
  if_, and_, or_, not_, truth,
  equal, strictly_equal, not_equal, strictly_not_equal, less, less_equal, greater, greater_equal,
  add, subtract, multiply, divide, modulo, min, max,
  map, filter, reduce, all, none, some,
  merge, in, cat, substr, log,
  time, date, duration, business_days,
  // clang-format on
};

struct node {
  static constexpr std::uint32_t no_path = 0xffff'ffff;

  op code = op::constant;
  bool temporal = false;       // gives a time-like value: a PLO operator, or arithmetic with one
  bool needs_operands = false;  // compares (not strictly) or computes with a temporal operand: null in, false or no_time out
  std::uint16_t count = 0;     // operands
  std::uint32_t first = 0;     // the first operand; of a constant: its index
  // Of var: its path when that is known before the run. Of missing and missing_some too: the first of those whose keys are listed
  // by the operand for keys, which is a constant then.
  std::uint32_t path = no_path;
};

struct known_path {
  std::string_view text;
  fact_path segments;
};

struct compiled {
  std::pmr::monotonic_buffer_resource memory;
  std::vector<node> nodes;  // the first is the root
  std::vector<value> constants{value()};  // a node is null until it is compiled, and stays so when it cannot be
  std::vector<known_path> paths;

  [[nodiscard]] const value* constant_at(std::uint32_t at) const {
    return nodes[at].code == op::constant ? &constants[nodes[at].first] : nullptr;
  }
  /// Evaluates one node with all below it.
  [[nodiscard]] value run(std::uint32_t at, const evaluation& with) const;
};

struct expression::program {
  compiled code;
  std::string definition;
  struct part {
    std::uint32_t at = 0;
    std::string definition;
  };
  std::vector<part> parts;  // for explain()
};

}  // namespace plo::rules
