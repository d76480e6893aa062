// The dead letters, and which of them wait for a reference.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/index/log_index.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {

enum class dead_letter_status : std::uint8_t { waiting = 1, attached = 2, discarded = 3 };

/// A dead letter's place in the index. The letter itself is the event `dead_letter.added` at `added`.
struct dead_letter_entry {
  dead_letter_id id;
  std::string project_ref;
  dead_letter_status status = dead_letter_status::waiting;
  position added;
  bool operator==(const dead_letter_entry&) const = default;
};

[[nodiscard]] std::shared_ptr<const log_index> make_dead_letter_index();

/// Waiting dead letters that name a project_ref and came behind a position, in order of arrival, at most `most` of them.
[[nodiscard]] std::vector<dead_letter_entry> waiting_dead_letters(const log& log, std::string_view project_ref, position after, std::size_t most);
/// Calls `visit` with the project_ref of every waiting dead letter.
void each_waiting_reference(const log& log, const std::function<void(std::string_view project_ref)>& visit);
[[nodiscard]] std::optional<dead_letter_entry> find_dead_letter(const log& log, const dead_letter_id& id);

}  // namespace plo::eventstore
