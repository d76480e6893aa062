// The indexes of a log against what its events say: by the very code that keeps them.
#include <fmt/format.h>

#include "eventstore/check/log_check_parts.hpp"
#include "eventstore/index/all.hpp"
#include "eventstore/index/index_keeper.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore::checking {

namespace {

constexpr std::size_t changes_per_batch = 20'000;

std::uint64_t events_in(const kv_reader& store) {
  const auto head = store.get(layout::families::meta, layout::head_key);
  return head ? keys::get_u64(*head) : 0;
}

}  // namespace

index_fold::index_fold(const kv_reader& store) : folded_("indexes", layout::log_families(), events_in(store)) {
  // An index of an older version is folded anew at the next start: there is nothing to prove.
  for (const auto& index : all_indexes())
    if (stored_version(store, *index) == index->version()) indexes_.push_back(index);
  rows_ = std::make_unique<index_rows>(*folded_, batch_);
}

void index_fold::add(const recorded_event& e) {
  const indexed_event indexed(e);
  for (const auto& index : indexes_) index->apply(indexed, *rows_);
  if (batch_.changes.size() >= changes_per_batch) write();
}

void index_fold::write() {
  folded_->write(batch_);
  batch_.changes.clear();
  rows_ = std::make_unique<index_rows>(*folded_, batch_);
}

void index_fold::compare(pass& p) {
  write();
  for (const auto& index : indexes_) compare_one(p, *index);
}

void index_fold::compare_one(pass& p, const log_index& index) const {
  const auto [where, tags] = index.own();
  for (const char tag : tags) {
    const std::string prefix(1, tag);
    const auto end = keys::after(prefix);
    folded_->scan(where, prefix, end, [&](std::string_view key, std::string_view value) {
      const auto held = p.store.get(where, key);
      if (held == value) return true;
      const auto row = index.describe(key, value);
      if (!held) p.faults.add(row.at, fmt::format("the index of {} lacks {}", index.name(), row.what));
      else p.faults.add(row.at, fmt::format("the index of {} has {} instead of {}", index.name(), index.describe(key, *held).what, row.what));
      return true;
    });
    p.store.scan(where, prefix, end, [&](std::string_view key, std::string_view value) {
      if (!folded_->get(where, key)) p.faults.add({}, fmt::format("the index of {} has {}, of which no event speaks", index.name(), index.describe(key, value).what));
      return true;
    });
  }
}

}  // namespace plo::eventstore::checking
