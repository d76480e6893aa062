// Customers' pages that have been made lately.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "domain/project/project.hpp"
#include "eventstore/log.hpp"

namespace plo::http {

/// Thread-safe. A page holds until its project's stream grows; a bounded number of bytes is kept, the least recently used go first.
class tracking_pages {
public:
  static constexpr std::size_t max_bytes = 32u << 20;
  using page = std::shared_ptr<const std::string>;

  /// The page as the log has it; empty where there is no such project.
  [[nodiscard]] page page_of(const eventstore::log& log, const project_id& project, const domain_settings& settings);
  /// Whether page_of need not read the stream.
  [[nodiscard]] bool is_kept(const eventstore::log& log, const project_id& project);

private:
  struct entry {
    stream_version version;
    page text;
    std::list<project_id>::iterator place;
  };
  [[nodiscard]] page find(const project_id& project, stream_version version);
  void keep(const project_id& project, stream_version version, page text);
  void forget(std::unordered_map<project_id, entry>::iterator known);

  std::mutex guard_;
  std::unordered_map<project_id, entry> pages_;
  std::list<project_id> by_use_;  // the most recently used first
  std::size_t bytes_ = 0;
};

}  // namespace plo::http
