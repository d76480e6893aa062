// A folder for stores that nobody keeps.
#pragma once

#include <cstdlib>
#include <filesystem>
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

}  // namespace plo::eventstore
