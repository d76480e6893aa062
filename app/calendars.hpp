// The calendars of the configuration as the domain asks for them.
#pragma once

#include <memory>

#include "config/calendars.hpp"
#include "domain/rules/countries.hpp"

namespace plo::app {

/// Throws when they could not be read.
[[nodiscard]] std::shared_ptr<const rules::calendars> calendars_of(const config::result<std::vector<config::calendar_settings>>& read);

}  // namespace plo::app
