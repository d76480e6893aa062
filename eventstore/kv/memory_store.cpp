#include <map>
#include <mutex>
#include <shared_mutex>

#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

namespace {

using ordered = std::map<std::string, std::string, std::less<>>;

/// Reads from maps that somebody else keeps; a visitor may call the store again, so it sees a copy of its range.
class memory_reader : public virtual kv_reader {
public:
  std::optional<std::string> get(family where, std::string_view key) const override {
    const std::shared_lock lock(guard_);
    const auto& map = maps_.at(where);
    const auto found = map.find(key);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }

  void scan(family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    for (const auto& [key, value] : range(where, from, until))
      if (!visit(key, value)) return;
  }

  void scan_back(family where, std::string_view from, std::string_view until, const visitor& visit) const override {
    const auto entries = range(where, from, until);
    for (auto it = entries.rbegin(); it != entries.rend(); ++it)
      if (!visit(it->first, it->second)) return;
  }

protected:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> range(family where, std::string_view from,
                                                                       std::string_view until) const {
    const std::shared_lock lock(guard_);
    std::vector<std::pair<std::string, std::string>> entries;
    const auto& map = maps_.at(where);
    for (auto it = map.lower_bound(from); it != map.end() && (until.empty() || it->first < until); ++it)
      entries.push_back(*it);
    return entries;
  }

  mutable std::shared_mutex guard_;
  std::vector<ordered> maps_;
};

class memory_snapshot final : public memory_reader {
public:
  explicit memory_snapshot(std::vector<ordered> maps) { maps_ = std::move(maps); }
};

class memory_store final : public memory_reader, public kv_store {
public:
  explicit memory_store(const store_layout& layout) { maps_.resize(layout.families.size()); }

  void write(const kv_batch& batch) override {
    const std::unique_lock lock(guard_);
    for (const auto& change : batch.changes) {
      auto& map = maps_.at(change.where);
      if (change.value)
        map[change.key] = *change.value;
      else
        map.erase(change.key);
    }
  }

  void purge(const std::vector<family>&) override {}  // what is removed is gone

  void drop(const std::vector<family>& families) override {
    const std::unique_lock lock(guard_);
    for (const auto where : families) maps_.at(where).clear();
  }

  std::unique_ptr<const kv_reader> snapshot() const override {
    const std::shared_lock lock(guard_);
    return std::make_unique<memory_snapshot>(maps_);
  }
};

}  // namespace

std::unique_ptr<kv_store> make_memory_store(const store_layout& layout) {
  return std::make_unique<memory_store>(layout);
}

}  // namespace plo::eventstore
