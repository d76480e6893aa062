// The log as lines: raw, for whoever keeps or proves it, or as the events that sources would post, for another store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "eventstore/log.hpp"
#include "replay/progress.hpp"

namespace plo::replay {

enum class export_form : std::uint8_t {
  raw,     // every event: its envelope and its hash
  ingest,  // what sources sent, in the shape of POST /api/events/ingest
};

struct export_options {
  export_form form = export_form::raw;
  position from{1};
  std::optional<position> to;  // inclusive
  replay::progress progress;
};

struct export_report {
  std::uint64_t lines = 0;
  position last;  // that was looked at
  // Of the form `ingest`: what no source can send, or what would not come out the same.
  std::uint64_t operator_events = 0;  // left out
  std::uint64_t discarded = 0;        // dead letters that an operator discarded, left out
  std::uint64_t renamed = 0;          // named by another reference of their project than they came with
};

/// Writes a line (without its end) for each event, in log order. In the form `ingest` an event names its project by a reference that the
/// lines before it have taught, its own where that will do: importing all lines into an empty store, with the configuration of the
/// first, gives the same projects. A dead letter that waits is written as it came; one that was attached is written where it was attached.
[[nodiscard]] export_report export_log(const eventstore::log& log, const export_options& options, const std::function<void(std::string_view line)>& write);

/// Where an export that ended with this line goes on. The error is a sentence.
[[nodiscard]] tl::expected<position, std::string> position_behind(const eventstore::log& log, export_form form, std::string_view last_line);

}  // namespace plo::replay
