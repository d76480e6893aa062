// The facts that an anomaly keeps: what its rule's condition read. Internal to detect.cpp.
#pragma once

#include <span>
#include <string>

#include "domain/rules/jsonlogic.hpp"

namespace plo {

/// JSON `[{path, value}]`. A value that is large or deep, or that comes behind much else, is null with `truncated` beside: it is in the
/// event, and what is kept here stays readable, for people and for whoever reads the log back.
[[nodiscard]] std::string kept_facts(std::span<const rules::fact_read> reads);

}  // namespace plo
