// Proof that a data directory holds what it should: the log, its indexes and files, heads that were handed out, and the read models.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/project/project.hpp"
#include "eventstore/check/log_check.hpp"
#include "projections/core/read_models.hpp"
#include "replay/progress.hpp"

namespace plo::replay {

struct verify_options {
  std::filesystem::path data_dir;
  domain_settings settings;                   // zone, country and calendars that the server runs with
  eventstore::privacy_options privacy;        // for rows, which hold what people may read
  std::vector<eventstore::known_head> heads;  // whose signatures are good
  bool views = false;                         // compare the read models with the log by their counts and digests
  bool rows = false;                          // and every row, by building them again in a folder of their own
  std::size_t most_faults = 100;              // that are told
  replay::progress progress;
};

/// What the read models say and what the log says of the same events.
struct views_verdict {
  projections::views_status status;
  std::vector<std::string> faults;  // sentences
  bool rows_compared = false;
};

struct verify_report {
  eventstore::log_check_report log;
  std::vector<std::string> file_faults;  // sentences
  std::vector<eventstore::known_head> heads;
  std::optional<views_verdict> views;
  [[nodiscard]] bool ok() const { return log.ok() && file_faults.empty() && (!views || views->faults.empty()); }
};

/// Throws store_error when there is no store to look at.
[[nodiscard]] verify_report verify(const verify_options& options);

/// `{ok, events, streams, head: {position, hash}, faults: [{position, what}], faults_total, first_fault, heads: [{name, position}], views}`
[[nodiscard]] std::string to_json(const verify_report& report);

}  // namespace plo::replay
