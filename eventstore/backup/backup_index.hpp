// backup.json: which backups there are at a directory, and which files besides the log belong to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eventstore/backup/backup.hpp"

namespace plo::eventstore {

struct kept_file {
  std::string name;
  std::string digest;  // BLAKE2b-256, hex
  std::uint64_t size = 0;
};

struct backup_index {
  std::vector<backup_entry> backups;  // the latest last
  std::vector<kept_file> archive;     // segments in their order; a backup has as many of them as there were
  std::vector<kept_file> files;       // small files of the data directory, as of the latest backup
};

/// Empty where there is no file. Throws store_damaged when it is not what it should be.
[[nodiscard]] backup_index read_index(const std::filesystem::path& dir);

/// There is the old one or the new one at any time.
void write_index(const std::filesystem::path& dir, const backup_index& index);

}  // namespace plo::eventstore
