#include "replay/verify_views.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "eventstore/kv/scratch_folder.hpp"
#include "projections/core/read_models.hpp"
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

/// The rows of one read model in a store.
struct rows_of {
  const eventstore::kv_reader& store;
  eventstore::family where;
};

/// The first key that is not the same on both sides; empty when all are.
std::optional<std::string> first_difference(const rows_of& held, const rows_of& built) {
  for (std::optional<std::string> after;;) {
    const auto a = rows_behind(held.store, held.where, after);
    const auto b = rows_behind(built.store, built.where, after);
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

/// What somebody claims to have folded.
struct claim {
  std::string who;
  projections::fold_progress progress;
};

std::vector<claim> claims_of(const projections::views_status& status) {
  std::vector<claim> claims{{"the read models", status}};
  for (const auto& record : status.views)
    claims.push_back({fmt::format("the read model {}{}", record.view, record.is_building ? ", which is being built anew," : ""), record.progress});
  std::stable_sort(claims.begin(), claims.end(), [](const claim& a, const claim& b) { return a.progress.checkpoint < b.progress.checkpoint; });
  return claims;
}

void compare_claim(const claim& told, const projections::fold_progress& found, std::vector<std::string>& faults) {
  const auto upto = told.progress.checkpoint.value;
  if (told.progress.folded != found.folded)
    faults.push_back(fmt::format("{} folded {} events up to position {}, the log has {}", told.who, told.progress.folded, upto, found.folded));
  if (told.progress.digest != found.digest)
    faults.push_back(fmt::format("{} folded other events than the log has up to position {}: the digests differ", told.who, upto));
}

/// The log is read once, whatever position each of them stands at.
void compare_digests(const eventstore::log& log, views_verdict& verdict, const progress& show) {
  const auto claims = claims_of(verdict.status);
  projections::fold_progress found;
  auto next = claims.begin();
  const auto compare_upto = [&](position last) {
    for (; next != claims.end() && next->progress.checkpoint <= last; ++next) compare_claim(*next, found, verdict.faults);
  };
  compare_upto({0});
  log.read({1}, [&](const recorded_event& e) {
    if (next == claims.end()) return false;
    const auto* event = &e;
    found = projections::extend(found, {&event, 1});
    compare_upto(e.pos);
    if ((found.folded & 0x3ff) == 0 && show) show(found.folded, claims.back().progress.checkpoint.value);
    return true;
  });
  for (; next != claims.end(); ++next)
    verdict.faults.push_back(fmt::format("{} stand{} at position {}, the log ends at {}", next->who, next->who == "the read models" ? "" : "s",
                                         next->progress.checkpoint.value, log.head().last.value));
}

/// The rows of a read model as they are held; empty when there is nothing to compare, which is a fault unless it is being built anew.
std::optional<rows_of> held_rows(const projections::opened_views& held, const projections::view_record& wanted, views_verdict& verdict) {
  const auto& views = verdict.status.views;
  if (std::any_of(views.begin(), views.end(), [&](const auto& r) { return r.view == wanted.view && r.is_building; })) return std::nullopt;
  const auto record = std::find_if(views.begin(), views.end(), [&](const auto& r) { return r.view == wanted.view; });
  const auto family = record == views.end() ? held.families.end() : std::find(held.families.begin(), held.families.end(), record->family);
  if (family == held.families.end()) {
    verdict.faults.push_back(fmt::format("the read model {} is missing", wanted.view));
  } else if (record->schema != wanted.schema) {
    verdict.faults.push_back(fmt::format("the read model {} has schema {}, here it has {}: the rows cannot be compared", wanted.view, record->schema, wanted.schema));
  } else if (!record->is_parked()) {  // that it is has been said
    return rows_of{*held.store, static_cast<eventstore::family>(family - held.families.begin())};
  }
  return std::nullopt;
}

void compare_rows(const verify_options& options, const eventstore::log& log, const projections::opened_views& held, views_verdict& verdict) {
  const eventstore::scratch_folder folder("verify");
  {
    const auto models = projections::read_models::open(folder.path(), log, projections::all_views(options.settings));
    build_upto(*models, log, verdict.status.checkpoint, options.progress);
  }
  const auto built = projections::open_views(folder.path());
  for (const auto& record : projections::read_views_status(*built.store).views) {
    const auto rows = held_rows(held, record, verdict);
    if (!rows) continue;
    const auto where = std::find(built.families.begin(), built.families.end(), record.family) - built.families.begin();
    if (const auto first = first_difference(*rows, {*built.store, static_cast<eventstore::family>(where)}))
      verdict.faults.push_back(fmt::format("rows of {}: {}", record.view, *first));
  }
  verdict.rows_compared = true;
}

}  // namespace

views_verdict verify_views(const verify_options& options) {
  views_verdict verdict;
  try {
    const auto held = projections::open_views(options.data_dir);
    held.store->verify_files();
    // Opened behind the views: it is never behind them.
    const auto log = eventstore::open_rocksdb_log(options.data_dir, {eventstore::open_mode::read_only, options.privacy});
    verdict.status = projections::read_views_status(*held.store);
    for (const auto& parked : verdict.status.parked())
      verdict.faults.push_back(fmt::format("the read model {} stands still since position {}: {}", parked.name, parked.at.value, parked.reason));
    compare_digests(*log, verdict, options.progress);
    if (options.rows && verdict.status.checkpoint <= log->head().last) compare_rows(options, *log, held, verdict);
  } catch (const eventstore::store_error& failure) {
    verdict.faults.push_back(fmt::format("the read models cannot be compared: {}", failure.what()));
  }
  return verdict;
}

}  // namespace plo::replay
