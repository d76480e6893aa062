// libFuzzer: a rule's condition as an administrator might define it, and the facts it meets. The input is JSON: [condition, facts].
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "domain/rules/jsonlogic.hpp"

namespace {

using namespace plo;
using namespace plo::rules;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string to_json(const value& v) {
  json_writer json;
  write(json, v);
  return json.str();
}

/// Some facts are instants and days, which no JSON holds.
class fuzzed_facts final : public fact_source {
public:
  explicit fuzzed_facts(value all) : all_(all) {}
  [[nodiscard]] value get(fact_path path, arena& memory) const override {
    const value found = all_.get(path, memory);
    if (found.what() != value::kind::text) return found;
    if (const auto at = parse_instant(found.as_text())) return value::of(*at);
    if (const auto day = parse_day(found.as_text())) return value::of(*day);
    return found;
  }

private:
  value_facts all_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = json_document::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  json::element condition = parsed->root(), given;
  if (simdjson::dom::array pair; !condition.get_array().get(pair)) {
    if (pair.at(0).get(condition)) return 0;
    if (pair.at(1).get(given)) given = condition;
  } else {
    given = condition;
  }

  constexpr std::string_view roots[] = {"order", "event", "params"};
  std::ignore = expression::compile(condition, {roots});
  const auto compiled = expression::compile(condition, {});
  if (!compiled) {
    require(!compiled.error().empty());
    for (const auto& e : compiled.error()) require(condition.at_pointer(e.pointer).error() == simdjson::SUCCESS);
    return 0;
  }

  static const zone paris = zone::find("Europe/Paris").value();
  std::pmr::monotonic_buffer_resource memory;
  const fuzzed_facts facts(from_json(given, memory));
  std::pmr::vector<fact_read> reads(&memory);
  const auto result = to_json(compiled->evaluate({facts, memory, paris, nullptr, &reads}));
  require(json_document::parse(result).has_value());
  // The same again, and as the definition that was kept says.
  require(to_json(compiled->evaluate({facts, memory, paris})) == result);
  const auto again = json_document::parse(compiled->definition());
  require(again.has_value());
  const auto recompiled = expression::compile(again->root(), {});
  require(recompiled.has_value() && to_json(recompiled->evaluate({facts, memory, paris})) == result);
  for (const auto& part : compiled->explain({facts, memory, paris})) {
    require(json_document::parse(part.definition).has_value());
    std::ignore = to_json(part.result);
  }
  return 0;
}
