// One byte changed anywhere in the files of a log: it is found, or it changed nothing. Never are there fewer events than were written.
//
// A few hundred places in the usual run; with PLO_LONG 2,500 more, at random.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <tuple>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "eventstore/index/sources.hpp"
#include "eventstore/kv/wal_check.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {
namespace {

namespace fs = std::filesystem;

class flips : public ::testing::Test {
protected:
  flips() {
    dir = fs::temp_directory_path() / fmt::format("plo-flips-{}", ::getpid());
    remove();
  }
  ~flips() override { remove(); }
  void remove() const {
    for (const auto* suffix : {"", "-live", "-work"}) fs::remove_all(dir.string() + suffix);
  }

  /// A log with part of its events in tables and part in the write-ahead log, as a crash leaves it.
  void make_log() {
    const auto live = fs::path(dir.string() + "-live");
    {
      const auto store = open_rocksdb_log(live);
      for (int i = 0; i < 150; ++i) {
        append(*store);
        if (i == 60 || i == 90) store->purge_keys();  // flushes everything
      }
      fs::copy(live, dir, fs::copy_options::recursive);
    }
    fs::remove_all(live);
  }

  void append(log& store) {
    event e;
    e.id = {make_uuid_v7(1'750'000'000'000)};
    e.type = "a.a";
    e.kind = event_kind::source;
    e.source = "erp";
    e.source_ref = fmt::format("R-{}", records.size() + 1);
    e.data = fmt::format(R"({{"text":"{}"}})", std::string(records.size() * 37 % 900, 'x'));
    append_request request;
    request.appends.push_back({{"project:test"}, {}, {std::move(e)}});
    std::vector<append_request> group;
    group.push_back(std::move(request));
    ASSERT_TRUE(store.append(std::move(group))[0]);
    records.push_back(*store.stored_at(store.head().last));
  }

  /// What the log says with this byte changed; empty when every record is there as it was written.
  std::string with_flipped(const std::string& file, std::uint64_t at, int mask) {
    const fs::path work = dir.string() + "-work";
    fs::remove_all(work);
    fs::copy(dir, work, fs::copy_options::recursive);
    {
      std::fstream bytes(work / "log" / file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekg(static_cast<std::streamoff>(at));
      const char flipped = static_cast<char>(bytes.get() ^ mask);
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(flipped);
    }
    try {
      const auto store = open_rocksdb_log(work);
      store->store().verify_files();
      if (store->head().last.value != records.size()) return fmt::format("LOST: {} of {} events", store->head().last.value, records.size());
      chain_hash previous = genesis_hash;
      for (std::size_t i = 0; i < records.size(); ++i) {
        const auto stored = store->stored_at({i + 1});
        if (!stored || *stored != records[i] || !follows(*stored, previous)) return fmt::format("LOST: position {} is not as written", i + 1);
        if (eventstore::find_source_event(*store, "erp", fmt::format("R-{}", i + 1)) != position{i + 1}) return fmt::format("LOST: the index of position {}", i + 1);
        previous = stored_hash(*stored);
      }
    } catch (const store_error& found) {
      return found.what();
    }
    return {};
  }

  fs::path dir;
  std::vector<std::string> records;
};

TEST_F(flips, are_found_or_change_nothing) {
  make_log();
  std::mt19937 random(11);
  std::vector<std::tuple<std::string, std::uint64_t, int>> places;
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (const auto& entry : fs::directory_iterator(dir / "log")) {
    const auto name = entry.path().filename().string();
    const auto size = fs::file_size(entry);
    if (size == 0) continue;
    files.emplace_back(name, size);
    const auto add = [&](std::uint64_t at) { places.emplace_back(name, at, 1 << (random() % 8)); };
    if (name == "CURRENT")
      for (std::uint64_t at = 0; at < size; ++at) add(at);
    // The last bytes of a file of records, where damage can pass for a torn tail; the footer of a table.
    const std::uint64_t dense = name.ends_with(".log") ? 60 : name.starts_with("MANIFEST") ? 40 : name.ends_with(".sst") ? 8 : 1;
    for (std::uint64_t i = 0; i < dense && i < size; ++i) add(size - 1 - i);
    for (int i = 0; i < 6; ++i) add(random() % size);
  }
  const bool at_length = std::getenv("PLO_LONG") != nullptr;
  if (at_length) random.seed(std::random_device()());
  for (int i = at_length ? 2'500 : 0; i > 0; --i) {
    const auto& [name, size] = files[random() % files.size()];
    places.emplace_back(name, random() % size, 1 << (random() % 8));
  }

  std::map<std::string, std::pair<int, int>> found;  // by kind of file: found, and changed nothing
  for (const auto& [file, at, mask] : places) {
    const auto said = with_flipped(file, at, mask);
    EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("LOST"))) << file << " byte " << at << " mask " << mask;
    auto& count = found[file.starts_with("0") ? file.substr(file.find('.')) : file.substr(0, file.find('-'))];
    ++(said.empty() ? count.second : count.first);
  }
  for (const auto& [kind, count] : found) fmt::print("{}: {} found, {} changed nothing\n", kind, count.first, count.second);
  EXPECT_EQ(found[".sst"].second, 0);
}

/// Every length that the last record's header could hold instead, and every bit of the header.
TEST_F(flips, of_the_length_of_the_last_record_are_no_torn_tail) {
  make_log();
  std::string wal;
  for (const auto& entry : fs::directory_iterator(dir / "log"))
    if (entry.path().extension() == ".log" && (wal.empty() || fs::file_size(entry) > fs::file_size(dir / "log" / wal))) wal = entry.path().filename().string();
  std::ifstream in(dir / "log" / wal, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  // The headers of the last block.
  std::size_t last = bytes.size() / 32768 * 32768;
  std::vector<std::size_t> headers;
  for (std::size_t at = last; at + 7 <= bytes.size();) {
    headers.push_back(at);
    at += 7 + (static_cast<unsigned char>(bytes[at + 4]) | static_cast<unsigned char>(bytes[at + 5]) << 8);
  }
  ASSERT_GT(headers.size(), 1u);
  ASSERT_FALSE(hidden_damage(dir / "log" / wal));
  const std::size_t from = headers.size() > 3 ? headers.size() - 3 : 0;
  for (std::size_t i = from; i < headers.size(); ++i)
    for (std::uint64_t byte = 0; byte < 7; ++byte)
      for (int bit = 0; bit < 8; bit += 3) {
        const auto said = with_flipped(wal, headers[i] + byte, 1 << bit);
        EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("LOST"))) << "header " << i << " byte " << byte << " bit " << bit;
        EXPECT_FALSE(said.empty()) << "header " << i << " byte " << byte << " bit " << bit;
      }
}

/// Wherever a crash cuts the file, there is a prefix of what was written and no complaint.
TEST_F(flips, a_cut_anywhere_is_a_torn_tail) {
  make_log();
  std::string wal;
  for (const auto& entry : fs::directory_iterator(dir / "log"))
    if (entry.path().extension() == ".log" && (wal.empty() || fs::file_size(entry) > fs::file_size(dir / "log" / wal))) wal = entry.path().filename().string();
  const auto size = fs::file_size(dir / "log" / wal);
  const fs::path cut = dir / "cut.log";
  for (std::uint64_t length = size; length > size - std::min<std::uint64_t>(size, 4000); --length) {
    fs::copy_file(dir / "log" / wal, cut, fs::copy_options::overwrite_existing);
    fs::resize_file(cut, length);
    ASSERT_FALSE(hidden_damage(cut)) << "cut at " << length;
  }
  fs::remove(cut);
  std::mt19937 random(5);
  for (int i = 0; i < 12; ++i) {
    const fs::path work = dir.string() + "-work";
    fs::remove_all(work);
    fs::copy(dir, work, fs::copy_options::recursive);
    fs::resize_file(work / "log" / wal, random() % size);
    const auto store = open_rocksdb_log(work);
    ASSERT_LE(store->head().last.value, records.size());
    for (std::uint64_t pos = 1; pos <= store->head().last.value; ++pos) EXPECT_EQ(store->stored_at({pos}), records[pos - 1]);
  }
}

}  // namespace
}  // namespace plo::eventstore
