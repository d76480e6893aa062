// The default files that the binary carries with it; see plo_embed in config/CMakeLists.txt.
#pragma once

#include <string_view>

namespace plo::config::embedded {

extern const std::string_view calendars;  // config/calendars.toml
extern const std::string_view rules;      // config/rules.toml
extern const std::string_view example_config;     // config/plo.toml
extern const std::string_view openapi;            // docs/openapi.json
extern const std::string_view mail_templates_en;  // config/mail_templates.en.toml
extern const std::string_view mail_templates_fr;  // config/mail_templates.fr.toml

}  // namespace plo::config::embedded
