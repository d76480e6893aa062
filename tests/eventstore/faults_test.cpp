// Disks that are full or fail: what was acknowledged stays, what was refused is not there, and the store says what is the matter.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "eventstore/index/sources.hpp"
#include "eventstore/kv/rocksdb_store.hpp"
#include "eventstore/log.hpp"
#include "tests/eventstore/faulty_disk.hpp"

namespace plo::eventstore {
namespace {

namespace fs = std::filesystem;
using kind = write_state::kind;
using ::testing::HasSubstr;

class faults : public ::testing::Test {
protected:
  faults() {
    static int count = 0;
    dir = fs::temp_directory_path() / fmt::format("plo-faults-{}-{}", ::getpid(), ++count);
    fs::remove_all(dir);
  }
  ~faults() override {
    store.reset();
    fs::remove_all(dir);
    fs::remove_all(image());
  }

  void open() {
    store = open_rocksdb_log(dir, {open_mode::read_write, {}, disk.env()});
  }

  /// Appends a group of `events` events; whether it was acknowledged.
  bool append(int events = 1, std::size_t padding = 200) {
    append_request request;
    stream_append part{{"project:test"}, {}, {}};
    std::vector<std::string> refs;
    for (int i = 0; i < events; ++i) {
      event e;
      e.id = {make_uuid_v7(1'750'000'000'000)};
      e.type = "a.a";
      e.kind = event_kind::source;
      e.source = "erp";
      e.source_ref = fmt::format("R-{}", ++sent);
      e.data = fmt::format(R"({{"text":"{}"}})", std::string(padding, 'x'));
      refs.push_back(e.source_ref);
      part.events.push_back(std::move(e));
    }
    request.appends.push_back(std::move(part));
    std::vector<append_request> group;
    group.push_back(std::move(request));
    try {
      if (!store->append(std::move(group))[0]) return false;
    } catch (const store_error& failure) {
      refusal = failure.what();
      refused.insert(refused.end(), refs.begin(), refs.end());
      return false;
    }
    acknowledged.insert(acknowledged.end(), refs.begin(), refs.end());
    return true;
  }

  /// Exactly what was acknowledged is in the log, in that order.
  void expect_acknowledged(const log& in) const {
    std::vector<std::string> found;
    in.read({1}, [&](const recorded_event& e) {
      found.push_back(e.source_ref);
      return true;
    });
    EXPECT_EQ(found, acknowledged);
    EXPECT_EQ(in.head().last.value, acknowledged.size());
    for (const auto& ref : refused) EXPECT_FALSE(eventstore::find_source_event(in, "erp", ref)) << ref;
    chain_hash previous = genesis_hash;
    for (std::uint64_t pos = 1; pos <= in.head().last.value; ++pos) {
      const auto stored = in.stored_at({pos});
      ASSERT_TRUE(stored && follows(*stored, previous)) << pos;
      previous = stored_hash(*stored);
    }
    in.store().verify_files();
  }

  /// What a process finds that starts after this one was killed now.
  void expect_acknowledged_after_a_crash() const {
    take_image();
    const auto found = open_rocksdb_log(image());
    expect_acknowledged(*found);
  }

  /// Waits for what the store does by itself, at most 20 s.
  template <class Condition>
  static bool within_20_s(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  bool takes_writes_again() const {
    return within_20_s([this] { return store->store().writing().is == kind::open; });
  }

  /// Copies the files as they are at one moment: again, until nothing happened in the background meanwhile.
  void take_image() const {
    const auto listed = [this] {
      std::map<std::string, std::pair<std::uintmax_t, fs::file_time_type>> files;
      std::error_code gone;
      for (const auto& entry : fs::recursive_directory_iterator(dir, gone))
        if (entry.is_regular_file(gone)) files[entry.path().string()] = {entry.file_size(gone), entry.last_write_time(gone)};
      return files;
    };
    ASSERT_TRUE(within_20_s([&] {
      fs::remove_all(image());
      const auto before = listed();
      std::error_code gone;
      fs::copy(dir, image(), fs::copy_options::recursive, gone);
      return !gone && listed() == before;
    }));
  }

  fs::path image() const { return dir.string() + "-image"; }

  fs::path dir;
  test::faulty_disk disk;  // outlives the store
  std::unique_ptr<log> store;
  std::vector<std::string> acknowledged, refused;
  std::string refusal;
  int sent = 0;
};

TEST_F(faults, after_a_failed_fsync_nothing_is_acknowledged_until_the_next_start) {
  open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append());
  disk.sync_fails = true;
  EXPECT_FALSE(append());
  disk.sync_fails = false;
  // The next fsync would succeed; but of what the failed one was to write nobody knows whether it is on disk.
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(append());
  EXPECT_EQ(store->store().writing().is, kind::failed);
  EXPECT_THAT(store->store().writing().reason, HasSubstr("input/output error"));
  EXPECT_EQ(store->head().last.value, 5u);
  EXPECT_TRUE(store->at({3}));
  store.reset();
  store = open_rocksdb_log(dir);
  // The refused event may have reached the disk; if so, whole.
  ASSERT_LE(store->head().last.value, 6u);
  for (std::uint64_t pos = 1; pos <= store->head().last.value; ++pos) EXPECT_EQ(store->at({pos})->source_ref, fmt::format("R-{}", pos));
  EXPECT_TRUE(append());
}

TEST_F(faults, another_write_error_is_final_too) {
  open();
  ASSERT_TRUE(append());
  disk.writes_fail = true;
  EXPECT_FALSE(append());
  disk.writes_fail = false;
  EXPECT_FALSE(append());
  EXPECT_EQ(store->store().writing().is, kind::failed);
  expect_acknowledged(*store);
  expect_acknowledged_after_a_crash();
}

TEST_F(faults, a_full_disk_refuses_and_takes_writes_again_when_there_is_room) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append());
  for (const int room : {0, 1, 6, 7, 100, 5000}) {  // between records, within a header, within a record
    disk.room = room;
    for (int i = 0; i < 5; ++i) append(3, 1000);
    EXPECT_EQ(store->store().writing().is, kind::full);
    EXPECT_THAT(store->store().writing().reason, HasSubstr("no space left"));
    EXPECT_THAT(refusal, HasSubstr("no space left"));
    expect_acknowledged(*store);
    expect_acknowledged_after_a_crash();
    disk.room = test::faulty_disk::unlimited;
    ASSERT_TRUE(takes_writes_again()) << store->store().writing().reason;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(append(2));
    expect_acknowledged(*store);
    expect_acknowledged_after_a_crash();
  }
  store.reset();
  open();
  expect_acknowledged(*store);
}

TEST_F(faults, a_refused_write_that_reached_the_file_does_not_come_back) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append());
  disk.keeps_files = true;  // the process dies before it deletes the log that holds the refused write
  disk.only(".log");
  disk.sync_is_full = true;
  EXPECT_FALSE(append());
  EXPECT_EQ(store->store().writing().is, kind::full);
  disk.sync_is_full = false;
  ASSERT_TRUE(takes_writes_again());
  expect_acknowledged_after_a_crash();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(append());
  expect_acknowledged_after_a_crash();
}

TEST_F(faults, the_disk_stays_full_while_it_is_resumed) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append());
  disk.room = 50;
  EXPECT_FALSE(append());
  // Enough for a new write-ahead log and some of the files, not for all: it tries again from where it came.
  for (const int room : {10, 1000, 3000}) {
    disk.room = room;
    ASSERT_TRUE(within_20_s([&] { return disk.room == 0 || store->store().writing().is == kind::open; }));
    expect_acknowledged_after_a_crash();
  }
  disk.room = test::faulty_disk::unlimited;
  ASSERT_TRUE(takes_writes_again()) << store->store().writing().reason;
  EXPECT_TRUE(append());
  expect_acknowledged_after_a_crash();
}

TEST_F(faults, any_moment_of_a_disk_that_fills_up_keeps_what_was_acknowledged) {
  const bool at_length = std::getenv("PLO_LONG") != nullptr;
  std::mt19937 random(at_length ? std::random_device()() : 7);
  open();
  for (int round = 0, last = at_length ? 200 : 8; round < last; ++round) {
    disk.room = std::uniform_int_distribution<int>(0, 60'000)(random);
    const auto crash_at = std::uniform_int_distribution<int>(0, 30)(random);
    for (int i = 0; i < 30; ++i) {
      append(std::uniform_int_distribution<int>(1, 20)(random), std::uniform_int_distribution<std::size_t>(0, 3000)(random));
      if (i == crash_at) expect_acknowledged_after_a_crash();
    }
    disk.room = test::faulty_disk::unlimited;
    ASSERT_TRUE(takes_writes_again()) << "round " << round << ": " << store->store().writing().reason;
    ASSERT_TRUE(append());
    expect_acknowledged_after_a_crash();
    if (HasFailure()) FAIL() << "in round " << round;
  }
}

/// Small buffers, so that flushes and compactions come soon.
class store_faults : public faults {
protected:
  void open(bool durable) {
    rows = open_rocksdb_store(dir, {{{"rows", false, 64u << 10}, {"more", false, 64u << 10}}, durable}, open_mode::read_write, disk.env());
  }
  ~store_faults() override { rows.reset(); }

  bool put(int count = 100) {
    kv_batch batch;
    for (int i = 0; i < count; ++i) {
      const auto key = fmt::format("{:08}", (last + i) * 7919 % 100'000'007);
      batch.put(0, key, std::string(300, 'r') + key);
      batch.put(1, key, key);
    }
    try {
      rows->write(batch);
    } catch (const store_error& failure) {
      refusal = failure.what();
      return false;
    }
    last += count;
    return true;
  }

  void expect_rows(const kv_store& in) const {
    for (int i = 0; i < last; ++i) {
      const auto key = fmt::format("{:08}", i * 7919 % 100'000'007);
      ASSERT_EQ(in.get(0, key), std::string(300, 'r') + key) << i;
      ASSERT_EQ(in.get(1, key), key) << i;
    }
  }

  void expect_rows_after_a_crash() const {
    take_image();
    expect_rows(*open_rocksdb_store(image(), {{{"rows"}, {"more"}}, true}));
  }

  bool writes_again() const {
    return within_20_s([this] { return rows->writing().is == kind::open && rows->writing().reason.empty(); });
  }

  std::unique_ptr<kv_store> rows;
  int last = 0;
};

TEST_F(store_faults, no_room_for_a_flush) {
  for (const auto* files : {".sst", "MANIFEST", ""}) {
    SCOPED_TRACE(files);
    open(true);
    disk.only(files);
    disk.room = 2000;
    ASSERT_TRUE(within_20_s([this] { return !put(); }));
    EXPECT_EQ(rows->writing().is, kind::full);
    EXPECT_FALSE(put());
    expect_rows(*rows);
    expect_rows_after_a_crash();
    disk.room = test::faulty_disk::unlimited;
    ASSERT_TRUE(writes_again()) << rows->writing().reason;
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(put()) << refusal;
    expect_rows(*rows);
    expect_rows_after_a_crash();
    rows.reset();
  }
}

TEST_F(store_faults, no_room_for_a_compaction) {
  open(true);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(put());
  disk.only(".sst");
  disk.room = 1000;
  // By hand, so that it is the compaction that finds it out.
  EXPECT_THROW(rows->purge({0}), store_error);
  // Writing goes on until there is no room for the flushes either, then it is refused.
  ASSERT_TRUE(within_20_s([this] { return !put(); }));
  EXPECT_EQ(rows->writing().is, kind::full);
  expect_rows(*rows);
  disk.room = test::faulty_disk::unlimited;
  ASSERT_TRUE(writes_again()) << rows->writing().reason;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(put()) << refusal;
  expect_rows(*rows);
  expect_rows_after_a_crash();
}

TEST_F(store_faults, what_has_no_write_ahead_log_waits_for_room_too) {
  open(false);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put());
  disk.only(".sst");
  disk.room = 2000;
  ASSERT_TRUE(within_20_s([this] { return !put(); }));
  EXPECT_EQ(rows->writing().is, kind::full) << rows->writing().reason;
  expect_rows(*rows);
  disk.room = test::faulty_disk::unlimited;
  ASSERT_TRUE(writes_again()) << rows->writing().reason;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put()) << refusal;
  rows.reset();
  open(false);
  expect_rows(*rows);
}

TEST_F(store_faults, a_store_that_can_be_rebuilt_and_was_found_damaged_does_not_open_again) {
  open(false);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put());
  rows.reset();
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(dir))
    if (entry.path().extension() == ".sst" && (largest.empty() || fs::file_size(entry) > fs::file_size(largest))) largest = entry.path();
  std::fstream bytes(largest, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(fs::file_size(largest) / 3));
  bytes << "damage";
  bytes.close();
  open(false);
  EXPECT_THROW(rows->scan(0, {}, {}, [](auto, auto) { return true; }), store_damaged);
  EXPECT_EQ(rows->writing().is, kind::failed);
  EXPECT_FALSE(put());
  rows.reset();
  EXPECT_THROW(open(false), store_damaged);
}

}  // namespace
}  // namespace plo::eventstore
