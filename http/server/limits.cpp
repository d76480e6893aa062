#include "http/server/limits.hpp"

#include <algorithm>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace plo::http {

namespace {

constexpr std::size_t most_connections = 20'000;
constexpr std::size_t fewest_connections = 16;
/// Of what is neither a connection nor a table of a store: write-ahead logs, backups, archives, mails and webhooks on their way, and the
/// connections that come while others are going.
constexpr std::size_t other_files = 160;

/// One largest batch fits twice, however small the machine is.
constexpr std::size_t least_held = 128u << 20;
constexpr std::size_t most_held = 512u << 20;
/// What is held is parsed and copied on its way to the log: of the memory that there is, it may be this part.
constexpr std::size_t share_of_memory = 16;

std::size_t limit_of(int resource) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return ~std::size_t{0};
  return limit.rlim_cur;
}

/// Of a container; none: no limit, or "max".
std::size_t memory_of_control_group() {
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream in(file);
    if (std::size_t bytes = 0; in >> bytes) return bytes;
  }
  return ~std::size_t{0};
}

std::size_t memory_of_machine() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto size = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(size) : std::size_t{1} << 30;
}

}  // namespace

resource_limits resource_limits::of_process(std::size_t store_files) {
  resource_limits limits;
  const auto files = limit_of(RLIMIT_NOFILE);
  const auto taken = store_files + other_files;
  limits.connections = std::clamp(files > taken ? files - taken : 0, fewest_connections, most_connections);
  const auto memory = std::min({memory_of_machine(), memory_of_control_group(), limit_of(RLIMIT_AS), limit_of(RLIMIT_DATA)});
  limits.held_bytes = std::clamp(memory / share_of_memory, least_held, most_held);
  return limits;
}

}  // namespace plo::http
