// Whether one record for a whole commit would pay: the same commits written as a record for each event, and as one for all of its events.
//
//   commit_record DIR [COMMITS]     events of about 250 bytes, six to a commit, groups of 64 commits, each group one synced write
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "eventstore/record/record_codec.hpp"

namespace plo {
namespace {

constexpr std::size_t events_per_commit = 6, commits_per_group = 64;

recorded_event nth(std::uint64_t position, std::size_t in_commit) {
  recorded_event e;
  e.id = {make_uuid_v7(1'750'000'000'000 + static_cast<std::int64_t>(position))};
  e.type = in_commit == 0 ? "order.confirmed" : "order.recalculated";
  e.kind = in_commit == 0 ? event_kind::source : event_kind::derived;
  e.occurred_at = e.recorded_at = instant(milliseconds(1'750'000'000'000));
  if (in_commit == 0) e.source = "erp", e.source_ref = fmt::format("R-{}", position);
  else e.causation_id = e.id;
  e.stream = {"project:01890000-0000-7000-8000-000000000001"};
  e.pos = {position};
  e.version = {position};
  e.data = fmt::format(R"({{"order_ref":"CMD-{}","status":"in_fulfillment","steps":[{{"type":"stock_check","status":"completed"}}]}})", position);
  return e;
}

/// Seconds for all commits, of which `together` says whether each is one record.
double run(const std::filesystem::path& dir, std::size_t commits, bool together) {
  std::filesystem::remove_all(dir);
  const auto store = eventstore::open_rocksdb_store(dir, {{{"events", false, 64u << 20}}, true});
  eventstore::chain_hash hash{};
  std::uint64_t position = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < commits;) {
    eventstore::kv_batch batch;
    for (std::size_t c = 0; c < commits_per_group && done < commits; ++c, ++done) {
      std::string whole;
      const auto first = position + 1;
      for (std::size_t i = 0; i < events_per_commit; ++i) {
        const auto e = nth(++position, i);
        if (!together) {
          auto record = eventstore::encode_record(e, hash, hash);
          batch.put(0, eventstore::keys::of(e.pos), std::move(record));
          continue;
        }
        eventstore::chain_hash ignored;
        auto record = eventstore::encode_record(e, {}, ignored);
        eventstore::keys::put_u64(whole, record.size());
        whole.append(record, sizeof(ignored));
      }
      if (!together) continue;
      // One hash over all of it, as the one record would have; encode_record's own hashes are work that it would save, and is timed below.
      auto holder = nth(first, 0);
      holder.data = std::move(whole);
      batch.put(0, eventstore::keys::of(plo::position{position}), eventstore::encode_record(holder, hash, hash));
    }
    store->write(batch);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds that the hashes of all events cost by themselves: what `together` does in vain.
double hashing(std::size_t commits) {
  std::string record = eventstore::encode_record(nth(1, 0), {}, *std::make_unique<eventstore::chain_hash>());
  const auto start = std::chrono::steady_clock::now();
  bool ok = true;
  for (std::size_t i = 0; i < commits * events_per_commit; ++i) ok = eventstore::follows(record, {}) && ok;
  if (!ok) std::cout << "?";
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace
}  // namespace plo

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::filesystem::path dir = argv[1];
  const std::size_t commits = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000;
  for (int round = 0; round < 3; ++round) {
    const auto apart = plo::run(dir / "apart", commits, false);
    const auto together = plo::run(dir / "together", commits, true) - plo::hashing(commits);
    std::cout << fmt::format("{} commits: a record an event {:.2f} s, a record a commit {:.2f} s, ratio {:.2f}\n", commits, apart, together, together / apart);
  }
}
