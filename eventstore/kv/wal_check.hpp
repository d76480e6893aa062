// What RocksDB itself takes for a torn tail: whether it really is one.
//
// A write that a crash cut short was never acknowledged, so RocksDB drops it. But it knows such a record only by a length that reaches
// beyond the end of the file, and a damaged length says the same of a whole, acknowledged one. Here the two are told apart before
// RocksDB opens the files, and drops anything.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace plo::eventstore {

/// The byte at which a file of records (a write-ahead log or a MANIFEST) is damaged in such a way that RocksDB would drop a whole
/// record; empty when it ends with a whole record or with the beginning of one. Other damage RocksDB finds itself. Throws store_error
/// when the file cannot be read.
[[nodiscard]] std::optional<std::uint64_t> hidden_damage(const std::filesystem::path& file);

/// Looks at the write-ahead logs and the MANIFEST in the directory of a store. Throws store_damaged naming the file and the byte.
void check_record_files(const std::filesystem::path& dir);

}  // namespace plo::eventstore
