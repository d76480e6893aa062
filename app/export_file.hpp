// `plo replay export`: lines into a file, which may go on where it was broken off.
#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "replay/export.hpp"

namespace plo::app {

struct export_file_options {
  std::string file;  // "-" or empty: standard output
  replay::export_form form = replay::export_form::raw;
  std::optional<position> from, to;
  bool resume = false;  // behind the last whole line of the file; a torn line behind it is dropped
};

/// Gives `{lines, last_position, …}` as JSON; says on standard error what could not be exported. The error is a sentence. Throws store_error.
[[nodiscard]] tl::expected<std::string, std::string> export_to_file(const eventstore::log& log, const export_file_options& options);

}  // namespace plo::app
