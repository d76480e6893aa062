// Under which texts sources know projects and their parts.
#pragma once

#include <compare>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event/ingest_event.hpp"
#include "eventstore/index/log_index.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {

/// A text under which a source knows a project or a part of it.
struct known_reference {
  reference_kind kind = reference_kind::project;
  std::string source;
  project_id project;
  auto operator<=>(const known_reference&) const = default;
};

[[nodiscard]] std::shared_ptr<const log_index> make_reference_index();

/// Everything that is known under a text: of which kind, to which source, and which project it means.
[[nodiscard]] std::vector<known_reference> find_references(const log& log, std::string_view ref);

/// The same of rows of this index wherever they are, with what they hold.
void each_reference(const kv_reader& rows, std::string_view ref, const std::function<void(const known_reference&, std::string_view value)>& visit);

}  // namespace plo::eventstore
