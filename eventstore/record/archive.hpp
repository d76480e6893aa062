// Archive segments: where the events of projects go that were closed long ago.
//
// The log keeps for an archived event its place, its hash and where the record is; everything that reads the log reads it from there.
// A segment is a file of NDJSON compressed with zstd, written once and never changed: frames of some hundred events, so that a project is
// read without the rest and `zstdcat` shows everything. A line is `{position, stream, version, type, recorded_at, hash, record}`, with hash
// in hex, and in record the very bytes that the log had, each byte a character (ISO 8859-1): what was sealed in the log is sealed here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/event/event.hpp"
#include "eventstore/record/record_codec.hpp"

namespace plo::eventstore {

/// Where an archived event's record is. In the events family it stands behind the hash, behind a codec byte of 0.
struct archived_place {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  // of the frame in the file
  std::uint64_t size = 0;
  bool operator==(const archived_place&) const = default;
};

/// True when a value of the events family says where its record is instead of holding it.
[[nodiscard]] bool is_archived(std::string_view stored);
[[nodiscard]] archived_place place_of(std::string_view stored);
/// What takes the place of a stored value.
[[nodiscard]] std::string archived_value(const chain_hash& hash, const archived_place& place);

/// The file of a segment: `segment-00000001.ndjson.zst`.
[[nodiscard]] std::filesystem::path segment_file(const std::filesystem::path& archive_dir, std::uint32_t segment);

/// Reads archived records. Thread-safe; keeps the frames it read last.
class archive_reader {
public:
  explicit archive_reader(std::filesystem::path archive_dir) : dir_(std::move(archive_dir)) {}

  /// The value that was stored at a position before it was archived, hash and record. Throws store_error naming the segment when it is
  /// missing or damaged, or does not hold what the log says.
  [[nodiscard]] std::string read(position pos, std::string_view stored) const;

private:
  using values = std::map<std::uint64_t, std::string>;  // position → value
  [[nodiscard]] std::shared_ptr<const values> load(const archived_place& place) const;

  std::filesystem::path dir_;
  mutable std::mutex guard_;
  mutable std::list<std::pair<archived_place, std::shared_ptr<const values>>> recent_;
};

/// Writes one segment. The file has another name until it is finished.
class segment_writer {
public:
  segment_writer(const std::filesystem::path& archive_dir, std::uint32_t segment);
  ~segment_writer();
  segment_writer(const segment_writer&) = delete;
  segment_writer& operator=(const segment_writer&) = delete;

  /// Adds a frame of events, each with its stored value; gives its place. Throws store_error.
  archived_place add(const std::vector<std::pair<recorded_event, std::string>>& events);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Syncs the file and gives it its name.
  void finish();

private:
  std::filesystem::path final_, temporary_;
  std::uint32_t segment_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace plo::eventstore
