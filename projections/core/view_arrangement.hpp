// What is to be done with the rows that a store holds, decided before it is opened to write: which read models go on from theirs, which
// are built anew, and which rows nobody wants any more.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "projections/core/view_set.hpp"

namespace plo::projections {

/// What a views store holds.
struct held_views {
  std::vector<std::string> families;  // by name; none: there is no store
  views_status status;
};
/// Looks into the store of a directory. Throws store_error when it cannot be read.
[[nodiscard]] held_views look_into(const std::filesystem::path& dir);

struct view_arrangement {
  eventstore::store_layout layout;     // of all families there are to be, `meta` first
  bool starts_anew = false;            // nothing that is held can be gone on from
  std::vector<set_view> live;          // those that follow the log, and those that stand still until new ones are built
  fold_progress live_progress;
  std::vector<set_view> building;      // to be built beside them; none: nothing
  fold_progress building_progress;
  std::vector<std::string> forgotten;  // families of records that are to go
  std::vector<eventstore::family> unwanted;
};

/// A projection goes on from rows of its own schema that stand where all stand. All others are built: beside them, and of a module with
/// a shared fold with a shared fold of their own, which is thrown away afterwards; with a changed shared fold, its whole module.
/// What was being built when the process ended is gone on with.
[[nodiscard]] view_arrangement arrange(const held_views& held, const view_plan& plan, const eventstore::log& log);

/// The store of the read models below a data directory with all families it has, to be read only. Throws store_error when there is none.
struct opened_views {
  std::unique_ptr<eventstore::kv_store> store;
  std::vector<std::string> families;  // each at its number
};
[[nodiscard]] opened_views open_views(const std::filesystem::path& data_dir);

}  // namespace plo::projections
