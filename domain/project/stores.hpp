// The stores that the configuration knows: where each of them is, and which zone its days are of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace plo {

struct project_state;
struct domain_settings;

/// Everything is optional: what a store does not say is the server's.
struct store {
  std::string name;
  std::optional<zone> tz;
  std::string country;      // ISO 3166-1 alpha-2
  std::string postal_code;  // as it is written
};

using store_map = std::map<std::string, store, std::less<>>;  // by id

/// The project's store; null when it has none, or the configuration does not know it.
[[nodiscard]] const store* store_of(const project_state& state, const domain_settings& settings);

/// The zone that the days of a project are days of: its store's, else the server's. Lives as long as the settings.
[[nodiscard]] const zone& zone_of(const project_state& state, const domain_settings& settings);

/// The same of a store by its id; the server's for one that is not known.
[[nodiscard]] const zone& zone_of(std::string_view store_id, const domain_settings& settings);

}  // namespace plo
