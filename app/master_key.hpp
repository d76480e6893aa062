// The master key that wraps the keys of personal data: from the configuration, or a file.
#pragma once

#include <filesystem>

#include "config/config.hpp"
#include "eventstore/record/vault.hpp"

namespace plo::app {

/// What the log needs to seal and open personal data. Where the configuration names neither a variable nor a file, PLO_MASTER_KEY counts if
/// it is set. Else the key is in a file, which is made when `make` says
/// so and it is not there. Throws std::runtime_error when the file holds no key or cannot be written.
[[nodiscard]] eventstore::privacy_options privacy_of(const config::settings& settings, const std::filesystem::path& data_dir, bool make);

}  // namespace plo::app
