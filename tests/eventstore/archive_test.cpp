// Archived events: read as if they had never moved, and found missing or altered when they are.
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "eventstore/index/sources.hpp"
#include "eventstore/log.hpp"

namespace plo::eventstore {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class archive : public ::testing::Test {
protected:
  archive() {
    static int count = 0;
    dir = fs::temp_directory_path() / fmt::format("plo-archive-{}-{}", ::getpid(), ++count);
    fs::remove_all(dir);
    store = open_rocksdb_log(dir);
    for (int i = 0; i < 30; ++i) {
      append_request request;
      event e;
      e.id = {make_uuid_v7(1'750'000'000'000)};
      e.type = "a.a";
      e.source = "erp";
      e.source_ref = fmt::format("R-{}", i);
      e.data = fmt::format(R"({{"n":{},"pad":"{}"}})", i, std::string(100, 'x'));
      request.appends.push_back({{fmt::format("project:{}", i % 3)}, {}, {std::move(e)}});
      append(std::move(request));
    }
  }
  ~archive() override {
    store.reset();
    fs::remove_all(dir);
  }

  void append(append_request request) {
    std::vector<append_request> group;
    group.push_back(std::move(request));
    ASSERT_TRUE(store->append(std::move(group))[0]);
  }

  [[nodiscard]] std::vector<recorded_event> all() const {
    std::vector<recorded_event> events;
    store->read({1}, [&](const recorded_event& e) {
      events.push_back(e);
      return true;
    });
    return events;
  }

  /// Moves two of the three streams to a segment.
  void move(std::uint32_t segment = 1) {
    segment_writer writer(dir / "archive", segment);
    append_request request;
    for (const auto* name : {"project:0", "project:2"}) {
      std::vector<std::pair<recorded_event, std::string>> events;
      store->read_stream({name}, {1}, [&](const recorded_event& e) {
        events.emplace_back(e, store->stored_at(e.pos).value());
        return true;
      });
      const auto place = writer.add(events);
      for (const auto& [e, value] : events) {
        request.archived.push_back({e.pos, place});
        moved[e.pos] = {place, value};
      }
    }
    writer.finish();
    event note;
    note.id = {make_uuid_v7(1'750'000'000'000)};
    note.type = "archive.segment_written";
    note.kind = event_kind::derived;
    request.appends.push_back({stream_id::archive(), {}, {std::move(note)}});
    append(std::move(request));
  }

  std::string reading_fails() {
    try {
      (void)all();
      return "everything could be read";
    } catch (const store_error& failure) {
      return failure.what();
    }
  }

  fs::path dir;
  std::unique_ptr<log> store;
  std::map<position, std::pair<archived_place, std::string>> moved;
};

TEST_F(archive, archived_events_read_as_before_and_the_log_goes_on) {
  auto before = all();
  move();
  EXPECT_TRUE(store->is_archived({1}));
  EXPECT_FALSE(store->is_archived({2}));
  auto after = all();
  after.pop_back();  // the note
  EXPECT_EQ(after, before);
  EXPECT_EQ(store->at({3})->data, before[2].data);
  EXPECT_EQ(eventstore::find_source_event(*store, "erp", "R-0"), position{1});
  append_request more;
  event e;
  e.id = {make_uuid_v7(1'750'000'000'000)};
  e.type = "a.a";
  more.appends.push_back({{"project:0"}, stream_version{10}, {std::move(e)}});
  append(std::move(more));
  EXPECT_EQ(store->version_of({"project:0"}).value, 11u);
}

TEST_F(archive, the_chain_runs_through_the_segment_and_over_a_restart) {
  move();
  const auto head = store->head();
  store.reset();
  store = open_rocksdb_log(dir);
  EXPECT_EQ(store->head().hash, head.hash);
  chain_hash previous = genesis_hash;
  for (std::uint64_t i = 1; i <= head.last.value; ++i) {
    const auto stored = store->stored_at({i}).value();
    EXPECT_TRUE(follows(stored, previous)) << i;
    previous = stored_hash(stored);
  }
  EXPECT_EQ(previous, head.hash);
}

TEST_F(archive, a_missing_segment_is_named) {
  move();
  fs::remove(segment_file(dir / "archive", 1));
  EXPECT_THAT(reading_fails(), AllOf(HasSubstr("segment-00000001.ndjson.zst"), HasSubstr("missing")));
  EXPECT_TRUE(store->at({2}));  // what is not archived is read
}

TEST_F(archive, a_flipped_byte_of_a_segment_is_found_or_means_nothing) {
  move();
  const auto file = segment_file(dir / "archive", 1);
  std::string bytes;
  {
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << altered;
    const archive_reader reader(dir / "archive");
    try {
      for (const auto& [pos, value] : moved) EXPECT_EQ(reader.read(pos, archived_value(stored_hash(value.second), value.first)), value.second);
      ++harmless;  // everything is there: zstd has a few bits that mean nothing
    } catch (const store_error& failure) {
      EXPECT_THAT(failure.what(), HasSubstr("segment-00000001"));
    }
  }
  EXPECT_LT(harmless, bytes.size() / 50);
}

TEST_F(archive, a_segment_that_was_never_finished_leaves_nothing) {
  {
    segment_writer writer(dir / "archive", 7);
    (void)writer.add({{*store->at({1}), store->stored_at({1}).value()}});
  }
  EXPECT_TRUE(fs::is_empty(dir / "archive"));
}

}  // namespace
}  // namespace plo::eventstore
