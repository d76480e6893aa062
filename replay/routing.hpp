// Finds the project of every event that a source sent again, with what stood in the log by then, and compares with where the log has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "domain/project/finding.hpp"
#include "eventstore/index/log_index.hpp"
#include "eventstore/kv/scratch_folder.hpp"

namespace plo::replay {

/// Memory is bounded: what a long log has taught is kept in a scratch store on disk.
class routing_audit {
public:
  /// `events`: how many there will be.
  explicit routing_audit(std::uint64_t events);

  enum class outcome {
    not_asked,  // no source sent it, or there is nothing to find
    same,  // it is where it belonged when its project was looked for
    differs,
  };
  struct verdict {
    outcome what = outcome::not_asked;
    std::string why;  // of one that differs, a sentence
  };
  /// For every event of the log in order: compares it with what is known by then, by the settings of its time; from then on what it teaches is
  /// known, too. Without settings it is not asked for.
  [[nodiscard]] verdict take(const recorded_event& e, const std::optional<finding_settings>& settings);

private:
  class knowledge;
  [[nodiscard]] verdict judge(const eventstore::indexed_event& e, const finding_settings& settings) const;
  void learn(const eventstore::indexed_event& e);
  [[nodiscard]] verdict compare(const recorded_event& e, const ingest_event& posted, const finding_settings& settings,
                                const std::function<bool(const finding&)>& is_right) const;

  eventstore::scratch_store store_;
  std::shared_ptr<const eventstore::log_index> customers_;
};

}  // namespace plo::replay
