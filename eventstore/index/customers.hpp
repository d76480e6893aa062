// Whose projects are whose, and which of them are open.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/index/log_index.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {

/// A project's entry among the projects of a customer.
struct customer_entry {
  std::string customer_id;
  project_id project;
  instant created_at{};
  bool open = false;  // false as well where the project is another's by now, or they are only named in it
  bool operator==(const customer_entry&) const = default;
};

[[nodiscard]] std::shared_ptr<const log_index> make_customer_index();

[[nodiscard]] std::vector<customer_entry> customer_projects(const log& log, std::string_view customer_id);
/// What a row of this index says of an entry: `created_at` and `open`.
[[nodiscard]] customer_entry read_customer_entry(std::string_view value);

}  // namespace plo::eventstore
