// A read model as a fold of the log: what every projection is to the read models that run it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/log.hpp"
#include "projections/core/list_indexes.hpp"
#include "projections/core/rows.hpp"

namespace plo::projections {

/// Events in log order, wherever they are kept.
using event_pointers = std::span<const recorded_event* const>;

class projection {
public:
  virtual ~projection() = default;
  /// Its rows, and with them its name, which no other projection has.
  [[nodiscard]] virtual row_family rows() const = 0;
  [[nodiscard]] std::string_view name() const { return rows().name; }
  /// Counted up when the same events make other rows.
  [[nodiscard]] virtual std::uint32_t schema_version() const = 0;
  /// Whether its queries understand rows that this version wrote: these answer, as of where they stand, until new ones are built.
  [[nodiscard]] virtual bool reads_schema(std::uint32_t version) const { return version == schema_version(); }
  /// Whether actors act on its rows: then it is built before they start, not beside them.
  [[nodiscard]] virtual bool is_acted_on() const { return false; }
  /// Folds one step: whole commits. Deterministic: the rows depend on the events alone. `views` is what was written before this
  /// step, of its own rows alone.
  virtual void apply(event_pointers events, const row_reader& views, row_batch& batch) = 0;
  /// Fills what the projection keeps in memory from its rows, once, before the first step.
  virtual void load(const row_reader& /*views*/) {}
  /// Makes the step's changes of what is kept in memory visible, in one with its rows. What a step that was not written left
  /// behind, the next `apply` forgets.
  virtual void publish() {}
};

/// The projections of one module. What `shared` makes of a step the others read; it is folded before them, and a step that it cannot fold
/// is nobody's: the read models stop there.
struct view_module {
  std::unique_ptr<projection> shared;  // may be missing
  std::vector<std::unique_ptr<projection>> projections;
};

/// What projections are made from. Everything outlives them but `views`.
struct view_context {
  const eventstore::log& log;
  position checkpoint;  // up to which the rows in the store are folded
  list_indexes& indexes;
};

/// All read models there are: said by the registry (projections/registry.hpp), run by read_models.
struct view_plan {
  std::function<std::vector<view_module>(const view_context&)> make;
};

/// Calls `visit` with each projection, a module's shared one first.
template <class Visit>
void each_projection(const std::vector<view_module>& modules, Visit visit) {
  for (const auto& module : modules) {
    if (module.shared) visit(*module.shared);
    for (const auto& p : module.projections) visit(*p);
  }
}

}  // namespace plo::projections
