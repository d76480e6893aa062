// How far long work has got, on standard error: a bar on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace plo::app {

class progress_bar {
public:
  /// `unit` is what is counted: lines, events.
  explicit progress_bar(std::string unit);

  /// `done` of `total` tell the share, `counted` of the unit the speed. Cheap enough to be called for every step.
  void show(std::uint64_t done, std::uint64_t total, std::uint64_t counted);
  /// The last line, when there was one before: short work says nothing.
  void finish();

private:
  using clock = std::chrono::steady_clock;
  void print(bool last);

  std::string unit_;
  bool is_terminal_;
  bool shown_ = false;
  std::uint64_t done_ = 0, total_ = 0, counted_ = 0;
  clock::time_point started_at_ = clock::now();
  clock::time_point shown_at_ = started_at_;
};

}  // namespace plo::app
