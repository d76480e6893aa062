// Stores that nobody keeps, and a folder for them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

/// A new folder in the system's place for temporary files, gone with all that is in it when this ends.
class scratch_folder {
public:
  /// Its name begins with `plo-` and this. Throws store_error when none can be made.
  explicit scratch_folder(std::string_view what) {
    std::string pattern = (std::filesystem::temp_directory_path() / "plo-").string().append(what).append("-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) throw store_error("no temporary folder can be made at " + pattern);
    path_ = pattern;
  }
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// A store that nobody keeps, for what `events` events say: in memory where they are few, else in a scratch folder.
class scratch_store {
public:
  scratch_store(std::string_view what, store_layout layout, std::uint64_t events) {
    layout.durable = false;
    if (events > few_events) folder_.emplace(what);
    store_ = folder_ ? open_rocksdb_store(folder_->path() / "store", layout) : make_memory_store(layout);
  }
  [[nodiscard]] kv_store& operator*() const { return *store_; }
  [[nodiscard]] kv_store* operator->() const { return store_.get(); }

private:
  static constexpr std::uint64_t few_events = 100'000;
  std::optional<scratch_folder> folder_;
  std::unique_ptr<kv_store> store_;  // closed before its folder goes
};

}  // namespace plo::eventstore
