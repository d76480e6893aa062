// From a configuration and a data directory to a running engine: what every subcommand that writes needs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "actors/engine.hpp"
#include "config/config.hpp"

namespace plo::app {

/// Reads the configuration; prints what is wrong with it and returns nothing.
[[nodiscard]] std::optional<config::settings> load_settings(const std::string& file);

/// The zone and country that decide what a day is. Throws std::runtime_error for an unknown zone.
[[nodiscard]] domain_settings domain_settings_of(const config::settings& settings);

/// Makes the data directory if it is not there, and keeps it to its owner: keys, names and addresses are in it. Throws what
/// std::filesystem throws.
void own_folder(const std::filesystem::path& data_dir);

/// Opens the log and the read models of a data directory and starts the actors; `outbox` says whether anybody is told what the rules
/// find. Throws store_error.
[[nodiscard]] std::unique_ptr<actors::engine> start_engine(const config::settings& settings,
                                                           const std::filesystem::path& data_dir,
                                                           const std::string& clock, actors::outbox_mode outbox);

}  // namespace plo::app
