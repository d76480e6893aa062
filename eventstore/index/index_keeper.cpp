#include "eventstore/index/index_keeper.hpp"

#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

constexpr std::size_t changes_per_batch = 20'000;
constexpr std::uint32_t first_version = 1;

std::string version_key(const log_index& index) { return std::string("index/").append(index.name()); }

void write_if(kv_store& store, kv_batch& batch, std::size_t at_least) {
  if (batch.changes.size() < at_least) return;
  store.write(batch);
  batch.changes.clear();
}

void remove_rows(kv_store& store, const log_index& index) {
  kv_batch batch;
  const auto own = index.own();
  for (const char tag : own.tags) {
    const std::string prefix(1, tag);
    // What a scan visits must not change under it.
    std::vector<std::string> found;
    store.scan(own.where, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
      found.emplace_back(key);
      return true;
    });
    for (auto& key : found) {
      batch.remove(own.where, std::move(key));
      write_if(store, batch, changes_per_batch);
    }
  }
  write_if(store, batch, 1);
}

}  // namespace

std::uint32_t stored_version(const kv_reader& store, const log_index& index) {
  const auto said = store.get(layout::families::meta, version_key(index));
  return said ? static_cast<std::uint32_t>(keys::get_u64(*said)) : first_version;
}

void put_version(const log_index& index, kv_batch& batch) {
  std::string value;
  keys::put_u64(value, index.version());
  batch.put(layout::families::meta, version_key(index), std::move(value));
}

void fold_anew(kv_store& store, std::span<const log_index* const> indexes, const each_event& events) {
  for (const auto* index : indexes) remove_rows(store, *index);
  kv_batch batch;
  auto rows = std::make_unique<index_rows>(store, batch);
  events([&](const recorded_event& e) {
    const indexed_event indexed(e);
    for (const auto* index : indexes) index->apply(indexed, *rows);
    if (batch.changes.size() < changes_per_batch) return;
    write_if(store, batch, 1);
    rows = std::make_unique<index_rows>(store, batch);
  });
  for (const auto* index : indexes) put_version(*index, batch);
  store.write(batch);
}

}  // namespace plo::eventstore
