#include "app/progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace plo::app {

progress_bar::progress_bar(std::string unit) : unit_(std::move(unit)), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void progress_bar::show(std::uint64_t done, std::uint64_t total, std::uint64_t counted) {
  done_ = done;
  total_ = total;
  counted_ = counted;
  const auto now = clock::now();
  const auto pause = is_terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(2000);
  if (now - shown_at_ < pause) return;
  shown_at_ = now;
  print(false);
}

void progress_bar::finish() {
  if (shown_) print(true);
}

void progress_bar::print(bool last) {
  shown_ = true;
  const double seconds = std::chrono::duration<double>(clock::now() - started_at_).count();
  const double share = last || total_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  constexpr int width = 30;
  const int filled = static_cast<int>(share * width);
  fmt::print(stderr, "{}[{:=<{}}{:<{}}] {:3.0f}%  {} {}  {:.0f}/s{}", is_terminal_ ? "\r" : "", "", filled, "", width - filled, share * 100, counted_,
             unit_, static_cast<double>(counted_) / std::max(seconds, 1e-3), is_terminal_ && !last ? "" : "\n");
  std::fflush(stderr);
}

}  // namespace plo::app
