// What a damaged or occupied store says at open. Damage is done with RocksDB itself, or on the bytes of its files.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include "eventstore/index/sources.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class rocksdb_recovery : public ::testing::Test {
protected:
  rocksdb_recovery() {
    static int count = 0;
    dir = fs::temp_directory_path() / fmt::format("plo-recovery-{}-{}", ::getpid(), ++count);
    fs::remove_all(dir);
  }
  ~rocksdb_recovery() override { fs::remove_all(dir); }

  /// Appends groups of one event each.
  void append(log& store, int groups) {
    for (int i = 0; i < groups; ++i) {
      event e;
      e.id = {make_uuid_v7(1'750'000'000'000)};
      e.type = "a.a";
      e.kind = event_kind::source;
      e.source = "erp";
      e.source_ref = fmt::format("R-{}", ++appended);
      e.data = fmt::format(R"({{"text":"{}"}})", std::string(200, 'x'));
      append_request request;
      request.appends.push_back({{"project:test"}, {}, {std::move(e)}});
      std::vector<append_request> group;
      group.push_back(std::move(request));
      ASSERT_TRUE(store.append(std::move(group))[0]);
    }
  }

  void fill(int groups) {
    const auto store = open_rocksdb_log(dir);
    append(*store, groups);
  }

  /// Runs `change` on the raw database.
  template <class Change>
  void tamper(Change change) {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, (dir / "log").string(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, (dir / "log").string(), families, &handles, &raw).ok());
    const std::unique_ptr<rocksdb::DB> db(raw);
    const auto family = [&](std::string_view name) {
      for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return handles[i];
      return handles[0];
    };
    change(*db, family);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }

  std::string opening_fails() {
    try {
      const auto store = open_rocksdb_log(dir);
      return fmt::format("it opened, with {} events", store->head().last.value);
    } catch (const store_error& failure) {
      return failure.what();
    }
  }

  /// The write-ahead log that holds the data.
  fs::path wal() const {
    fs::path largest;
    for (const auto& entry : fs::directory_iterator(dir / "log"))
      if (entry.path().extension() == ".log" && (largest.empty() || fs::file_size(entry) > fs::file_size(largest)))
        largest = entry.path();
    return largest;
  }

  fs::path dir;
  int appended = 0;
};

TEST_F(rocksdb_recovery, a_missing_event_is_a_gap) {
  fill(3);
  tamper([](auto& db, auto family) { ASSERT_TRUE(db.Delete({}, family("events"), keys::of(position{2})).ok()); });
  EXPECT_THAT(opening_fails(), HasSubstr("position 2 is missing"));
}

TEST_F(rocksdb_recovery, a_missing_end_is_found_by_the_head) {
  fill(3);
  tamper([](auto& db, auto family) { ASSERT_TRUE(db.Delete({}, family("events"), keys::of(position{3})).ok()); });
  EXPECT_THAT(opening_fails(), HasSubstr("3 events were stored, 2 are there"));
}

TEST_F(rocksdb_recovery, an_altered_last_record_does_not_match_its_hash) {
  fill(3);
  tamper([](auto& db, auto family) {
    std::string value;
    ASSERT_TRUE(db.Get({}, family("events"), keys::of(position{3}), &value).ok());
    value.back() = '!';
    ASSERT_TRUE(db.Put({}, family("events"), keys::of(position{3}), value).ok());
  });
  EXPECT_THAT(opening_fails(), HasSubstr("position 3 does not match its hash"));
}

TEST_F(rocksdb_recovery, another_history_than_the_head_recorded_is_refused) {
  fill(2);
  tamper([](auto& db, auto family) {
    std::string head = keys::of(position{2}) + std::string(32, 'h');
    ASSERT_TRUE(db.Put({}, family("meta"), "head", head).ok());
  });
  EXPECT_THAT(opening_fails(), HasSubstr("not the one the head recorded"));
}

TEST_F(rocksdb_recovery, events_without_a_head_are_refused) {
  fill(1);
  tamper([](auto& db, auto family) { ASSERT_TRUE(db.Delete({}, family("meta"), "head").ok()); });
  EXPECT_THAT(opening_fails(), HasSubstr("no head"));
}

TEST_F(rocksdb_recovery, an_unknown_format_is_refused) {
  fill(1);
  tamper([](auto& db, auto family) { ASSERT_TRUE(db.Put({}, family("meta"), "format", "plo-log-9").ok()); });
  EXPECT_THAT(opening_fails(), HasSubstr("plo-log-9"));
}

TEST_F(rocksdb_recovery, the_store_belongs_to_one_at_a_time) {
  const auto first = open_rocksdb_log(dir);
  EXPECT_THAT(opening_fails(), HasSubstr("in use by another process"));
}

TEST_F(rocksdb_recovery, a_torn_last_write_is_dropped_and_the_log_goes_on) {
  // What a crash leaves: a copy of the files as they are while the store is open, the last record cut.
  const auto copy = fs::path(dir.string() + "-copy");
  {
    const auto store = open_rocksdb_log(dir);
    append(*store, 5);
    fs::copy(dir, copy, fs::copy_options::recursive);
  }
  fs::remove_all(dir);
  fs::rename(copy, dir);
  fs::resize_file(wal(), fs::file_size(wal()) - 10);
  const auto store = open_rocksdb_log(dir);
  EXPECT_EQ(store->head().last.value, 4u);
  EXPECT_FALSE(eventstore::find_source_event(*store, "erp", "R-5"));
  append(*store, 1);
  EXPECT_EQ(store->head().last.value, 5u);
}

TEST_F(rocksdb_recovery, a_flipped_byte_in_the_middle_is_never_taken_for_a_torn_tail) {
  const auto copy = fs::path(dir.string() + "-copy");
  {
    const auto store = open_rocksdb_log(dir);
    append(*store, 200);
    fs::copy(dir, copy, fs::copy_options::recursive);
  }
  fs::remove_all(dir);
  fs::rename(copy, dir);
  const auto file = wal();
  const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(middle);
  const char flipped = static_cast<char>(bytes.get() ^ 0x40);
  bytes.seekp(middle);
  bytes.put(flipped);
  bytes.close();
  EXPECT_THAT(opening_fails(), HasSubstr("Corruption"));
}

}  // namespace
}  // namespace plo::eventstore
