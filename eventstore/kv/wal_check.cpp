#include "eventstore/kv/wal_check.hpp"

#include <array>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

namespace {

// The format is RocksDB's: blocks of 32 KiB; a record is one or more fragments, none of which crosses the end of a block. A fragment
// is a masked CRC-32C (4 bytes), a length (2) and a type (1), all little endian, then for recyclable types the number of the log (4),
// then the payload. The checksum covers everything from the type on.
constexpr std::size_t block_size = 32 * 1024;
constexpr std::size_t header_size = 7;
constexpr std::size_t log_number_size = 4;
constexpr std::uint8_t first_recyclable_type = 5;
constexpr std::uint8_t last_recyclable_type = 8;

constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}();

/// One byte further; start and end with all bits inverted.
constexpr std::uint32_t crc32c(std::uint32_t crc, char byte) { return (crc >> 8) ^ crc_table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFF]; }

/// What RocksDB stores for a checksum, so that bytes which themselves hold checksums do not give a weak one.
constexpr std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u; }

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

/// Whether the fragment's checksum fits some payload shorter than its length says: then it is whole, and the length is what is wrong.
bool is_whole(std::string_view fragment) {
  std::uint32_t expected = 0;
  for (std::size_t i = 4; i-- > 0;) expected = expected << 8 | byte_at(fragment, i);
  const auto type = byte_at(fragment, 6);
  const auto shortest = header_size + (type >= first_recyclable_type && type <= last_recyclable_type ? log_number_size : 0);
  std::uint32_t crc = ~0u;
  for (std::size_t end = 7; end <= fragment.size(); ++end) {
    crc = crc32c(crc, fragment[end - 1]);
    if (end >= shortest && masked(~crc) == expected) return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> hidden_damage(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = in ? static_cast<std::uint64_t>(in.tellg()) : 0;
  // A length that leaves a block which is not the last is damage to RocksDB too.
  const auto start = size == 0 ? 0 : (size - 1) / block_size * block_size;
  std::string block(size - start, '\0');
  in.seekg(static_cast<std::streamoff>(start));
  if (!block.empty()) in.read(block.data(), static_cast<std::streamsize>(block.size()));
  if (!in) throw store_error(fmt::format("cannot read {}", file.string()));

  for (std::string_view rest = block; rest.size() >= header_size;) {
    const std::size_t length = byte_at(rest, 4) | byte_at(rest, 5) << 8;
    const auto type = byte_at(rest, 6);
    const auto header = header_size + (type >= first_recyclable_type && type <= last_recyclable_type ? log_number_size : 0);
    if (header + length > rest.size()) {
      if (is_whole(rest)) return start + (block.size() - rest.size());
      return std::nullopt;
    }
    rest.remove_prefix(header + length);
  }
  return std::nullopt;
}

void check_record_files(const std::filesystem::path& dir) {
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ec)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("MANIFEST-") && entry.path().extension() != ".log") continue;
    if (!std::filesystem::exists(entry.path(), ec)) continue;  // its writer has done with it meanwhile
    if (const auto byte = hidden_damage(entry.path()))
      throw store_damaged(fmt::format("{} is damaged: the record at byte {} has a wrong length", entry.path().string(), *byte));
  }
}

}  // namespace plo::eventstore
