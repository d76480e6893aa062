// What the outbox counts about itself; how many notifications are pending, sent and failed is a read model.
#pragma once

#include <atomic>
#include <cstdint>

namespace plo::actors {

struct outbox_metrics {
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> failed_attempts{0};
  std::atomic<std::uint64_t> sending{0};  // with a sender now
  std::atomic<std::uint64_t> waiting{0};  // for another try
};

}  // namespace plo::actors
