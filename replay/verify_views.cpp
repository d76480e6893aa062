#include "replay/verify_views.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "eventstore/kv/scratch_folder.hpp"
#include "projections/registry.hpp"

namespace plo::replay {

namespace {

constexpr std::size_t step = 2'000;       // events folded at a time
constexpr std::size_t rows_at_once = 500;  // read of one side while the other is compared

std::string hex_of(std::string_view bytes) {
  std::string hex(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  hex.pop_back();
  return hex;
}

/// Folds the log up to a position into read models, in whole commits.
void build_upto(projections::read_models& models, const eventstore::log& log, position last, const progress& show) {
  std::vector<recorded_event> events;
  log.read({1}, [&](const recorded_event& e) {
    if (e.pos > last) return false;
    if (events.size() >= step && begins_commit(e)) {
      models.apply(events);
      events.clear();
      if (show) show(e.pos.value, last.value);
    }
    events.push_back(e);
    return true;
  });
  models.apply(events);
  if (show) show(last.value, last.value);
}

struct row {
  std::string key, value;
};

std::vector<row> rows_behind(const eventstore::kv_reader& store, eventstore::family where, const std::optional<std::string>& after) {
  std::vector<row> rows;
  store.scan(where, after ? *after + '\0' : std::string(), {}, [&](std::string_view key, std::string_view value) {
    rows.push_back({std::string(key), std::string(value)});
    return rows.size() < rows_at_once;
  });
  return rows;
}

/// The first key that is not the same on both sides; empty when all are.
std::optional<std::string> first_difference(const eventstore::kv_reader& held, const eventstore::kv_reader& built, eventstore::family where) {
  for (std::optional<std::string> after;;) {
    const auto a = rows_behind(held, where, after);
    const auto b = rows_behind(built, where, after);
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      if (i >= b.size()) return fmt::format("{} should not be there", hex_of(a[i].key));
      if (i >= a.size()) return fmt::format("{} is missing", hex_of(b[i].key));
      if (a[i].key != b[i].key)
        return a[i].key < b[i].key ? fmt::format("{} should not be there", hex_of(a[i].key)) : fmt::format("{} is missing", hex_of(b[i].key));
      if (a[i].value != b[i].value) return fmt::format("{} has another value", hex_of(a[i].key));
    }
    if (a.size() < rows_at_once) return std::nullopt;
    after = a.back().key;
  }
}

void compare_digest(const eventstore::log& log, views_verdict& verdict, const progress& show) {
  const auto& status = verdict.status;
  projections::fold_digest digest{};
  std::uint64_t events = 0;
  log.read({1}, [&](const recorded_event& e) {
    if (e.pos > status.checkpoint) return false;
    digest = projections::extend(digest, e);
    if ((++events & 0x3ff) == 0 && show) show(events, status.checkpoint.value);
    return true;
  });
  if (status.folded != events)
    verdict.faults.push_back(fmt::format("the read models folded {} events up to position {}, the log has {}", status.folded, status.checkpoint.value, events));
  if (status.digest != digest)
    verdict.faults.push_back(fmt::format("the read models folded other events than the log has up to position {}: the digests differ", status.checkpoint.value));
}

void compare_rows(const verify_options& options, const eventstore::log& log, const eventstore::kv_store& held, views_verdict& verdict) {
  const eventstore::scratch_folder folder("verify");
  const auto plan = projections::all_views(options.settings);
  const auto built = projections::read_models::open(folder.path(), log, plan);
  build_upto(*built, log, verdict.status.checkpoint, options.progress);
  const auto& families = plan.layout.families;
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto where = static_cast<eventstore::family>(i);
    if (const auto first = first_difference(held, *built->reader(), where)) verdict.faults.push_back(fmt::format("rows of {}: {}", families[i].name, *first));
  }
  verdict.rows_compared = true;
}

}  // namespace

views_verdict verify_views(const verify_options& options) {
  views_verdict verdict;
  try {
    const auto held = projections::open_views_store(options.data_dir, eventstore::open_mode::read_only);
    held->verify_files();
    // Opened behind the views: it is never behind them.
    const auto log = eventstore::open_rocksdb_log(options.data_dir, {eventstore::open_mode::read_only, options.privacy});
    verdict.status = projections::read_views_status(*held);
    const auto& status = verdict.status;
    for (const auto& parked : status.parked)
      verdict.faults.push_back(fmt::format("the read model {} stands still since position {}: {}", parked.name, parked.at.value, parked.reason));
    if (status.checkpoint > log->head().last)
      verdict.faults.push_back(fmt::format("the read models stand at position {}, the log ends at {}", status.checkpoint.value, log->head().last.value));
    compare_digest(*log, verdict, options.progress);
    if (options.rows && status.checkpoint <= log->head().last) compare_rows(options, *log, *held, verdict);
  } catch (const eventstore::store_error& failure) {
    verdict.faults.push_back(fmt::format("the read models cannot be compared: {}", failure.what()));
  }
  return verdict;
}

}  // namespace plo::replay
