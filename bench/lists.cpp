// What a page of a list costs: a million rows in the index and in a RocksDB, filtered, sorted, and read.
//
//   lists DIR [ROWS]     DIR: a new folder for the store
#include <algorithm>
#include <chrono>
#include <iostream>
#include <random>

#include <fmt/format.h>

#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "projections/core/list_indexes.hpp"

namespace {

using namespace plo;
using projections::index_query;
using projections::project_index;
using bench_clock = std::chrono::steady_clock;

constexpr std::size_t row_bytes = 700;
constexpr int tries = 200;

double ms_since(bench_clock::time_point start) { return std::chrono::duration<double, std::milli>(bench_clock::now() - start).count(); }

std::string key_of(const uuid& id) {
  std::string key(1, 'P');
  eventstore::keys::put_uuid(key, id);
  return key;
}

struct list {
  projections::facet_index index{project_index::facets, project_index::columns};
  std::unique_ptr<eventstore::kv_store> store;
  std::vector<uuid> ids;
};

void fill(list& of, std::size_t rows) {
  std::mt19937_64 random(1);
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  static constexpr std::string_view statuses[] = {"draft", "active", "active", "active", "on_hold", "completed", "completed", "cancelled"};
  static constexpr std::string_view severities[] = {"", "", "", "", "", "", "", "warning", "warning", "critical"};
  eventstore::kv_batch batch;
  const std::string json(row_bytes, 'x');
  for (std::size_t i = 0; i < rows; ++i) {
    uuid id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random());
    const auto type = fmt::format("type-{}", below(6)), store = fmt::format("store-{}", below(300)), user = fmt::format("user-{}", below(200));
    const auto severity = severities[below(std::size(severities))];
    const std::string_view facets[] = {statuses[below(std::size(statuses))], type, store, severity, below(2) == 0 ? std::string_view() : user};
    const auto created = static_cast<std::int64_t>(1'700'000'000'000 + below(60'000'000'000));
    const std::int64_t columns[] = {severity.empty() ? std::numeric_limits<std::int64_t>::max() : created, created + static_cast<std::int64_t>(below(1'000'000'000)),
                                    created, static_cast<std::int64_t>(below(1'000'000'000))};
    of.index.put(id, facets, columns);
    of.ids.push_back(id);
    batch.put(0, key_of(id), json);
    if (batch.changes.size() == 10'000 || i + 1 == rows) {
      of.store->write(batch);
      batch.changes.clear();
    }
  }
}

template <class Run>
void measure(const char* name, Run run) {
  std::vector<double> times;
  std::uint64_t total = 0;
  for (int i = 0; i < tries; ++i) {
    const auto start = bench_clock::now();
    total = run();
    times.push_back(ms_since(start));
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:58} p50 {:7.3f} ms  p99 {:7.3f} ms  total {}\n", name, times[tries / 2], times[tries * 99 / 100], total);
}

std::uint64_t read_page(const list& of, const index_query& query) {
  const auto answer = of.index.select(query);
  const auto rows = of.store->snapshot();
  for (const auto& row : answer.rows)
    if (!rows->get(0, key_of(row.id))) throw std::runtime_error("a row is missing");
  return answer.total;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "lists DIR [ROWS]\n";
    return 2;
  }
  const std::size_t rows = argc > 2 ? std::stoul(argv[2]) : 1'000'000;
  list projects;
  projects.store = eventstore::open_rocksdb_store(argv[1], {{{"projects", true, 64u << 20}}, false});
  const auto start = bench_clock::now();
  fill(projects, rows);
  fmt::print("{} rows made in {:.1f} s\n", rows, ms_since(start) / 1000);

  index_query page;
  page.limit = 50;
  page.sort = project_index::oldest_anomaly;
  const auto with = [&page](std::vector<projections::facet_condition> facets) {
    auto query = page;
    query.facets = std::move(facets);
    return query;
  };
  const auto active = with({{project_index::status, "active"}});
  const auto in_store = with({{project_index::store, "store-7"}});
  const auto both = with({{project_index::status, "active"}, {project_index::severity, "critical"}});
  const auto four = with({{project_index::status, "active"}, {project_index::severity, "critical"}, {project_index::type, "type-1"}, {project_index::assigned_to, ""}});
  auto period = active;
  period.columns.push_back({project_index::created_at, 1'710'000'000'000, 1'720'000'000'000});
  auto newest = active;
  newest.sort = project_index::created_at;
  newest.ascending = false;
  auto deep = newest;
  deep.after = projections::list_place{1'715'000'000'000, {}};
  measure("all, -oldest_anomaly, 50 rows", [&] { return read_page(projects, page); });
  measure("status=active", [&] { return read_page(projects, active); });
  measure("store_id (one of 300)", [&] { return read_page(projects, in_store); });
  measure("status=active & severity=critical", [&] { return read_page(projects, both); });
  measure("status & severity & type & assigned_to=none", [&] { return read_page(projects, four); });
  measure("status=active & from & to", [&] { return read_page(projects, period); });
  measure("status=active, -created_at", [&] { return read_page(projects, newest); });
  measure("status=active, -created_at, from the middle", [&] { return read_page(projects, deep); });
  measure("total of status=active", [&] { return projects.index.count(active.facets); });
  measure("total of status=active & severity=critical", [&] { return projects.index.count(both.facets); });
  std::size_t changed = 0;
  const auto changing = bench_clock::now();
  for (; changed < 100'000; ++changed) {
    const std::string_view facets[] = {"completed", "type-1", "store-1", "", ""};
    const std::int64_t columns[] = {std::numeric_limits<std::int64_t>::max(), 1, 1, 1};
    projects.index.put(projects.ids[changed % projects.ids.size()], facets, columns);
  }
  fmt::print("a changed row: {:.2f} µs\n", ms_since(changing) * 1000 / static_cast<double>(changed));
  return 0;
}
