// Files that are on disk when a call returns, and known by their content.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <tl/expected.hpp>

namespace plo::eventstore {

/// All throw store_error naming the file.

/// BLAKE2b-256 of the content, in hex.
[[nodiscard]] std::string digest_of(const std::filesystem::path& file);

/// Writes a file under another name, syncs it, gives it its name and syncs the directory: there is the old content or the new, never less.
void write_durably(const std::filesystem::path& file, std::string_view content, ::mode_t mode);

/// Makes a file that must not be there yet: false when it is. Nothing half written stays. The error is a sentence, for whoever keeps a secret
/// in it and is no store.
[[nodiscard]] tl::expected<bool, std::string> create_durably(const std::filesystem::path& file, std::string_view content, ::mode_t mode);

/// As write_durably, with the content of another file; reads the copy again and gives its digest. Throws store_damaged when that is another one.
std::string copy_durably(const std::filesystem::path& from, const std::filesystem::path& to, ::mode_t mode);

/// Makes names in the directory durable.
void sync_directory(const std::filesystem::path& dir);

}  // namespace plo::eventstore
