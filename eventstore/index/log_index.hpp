// An index of the log: a fold of it, kept beside the events and written in the same batch as they are.
//
// Indexes are registered when the log is opened (all.hpp). One that is new, or of another version than the store has, is folded anew from
// the log at the next start; `plo replay verify` folds each of them once more and compares the rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "domain/event/event.hpp"
#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

/// The rows of indexes while a group of events is placed: what the store has, and what the group has changed so far.
class index_rows {
public:
  index_rows(const kv_reader& store, kv_batch& batch) : store_(store), batch_(batch) {}

  /// A row that folds read back, changed by `set`, `erase`; not one that was `put`.
  [[nodiscard]] std::optional<std::string> get(family where, const std::string& key) const {
    const auto changed = changed_.find(place(where, key));
    return changed == changed_.end() ? store_.get(where, key) : changed->second;
  }
  void set(family where, std::string key, std::string value) {
    changed_.insert_or_assign(place(where, key), value);
    batch_.put(where, std::move(key), std::move(value));
  }
  /// A row that no fold reads back.
  void put(family where, std::string key, std::string value) { batch_.put(where, std::move(key), std::move(value)); }
  void remove(family where, std::string key) { batch_.remove(where, std::move(key)); }

private:
  static std::string place(family where, std::string_view key) { return std::string(1, static_cast<char>(where)).append(key); }

  const kv_reader& store_;
  kv_batch& batch_;
  std::unordered_map<std::string, std::optional<std::string>> changed_;
};

/// An event with its data parsed when somebody asks, once for all indexes.
class indexed_event {
public:
  explicit indexed_event(const recorded_event& e) : e_(e) {}

  const recorded_event* operator->() const { return &e_; }
  const recorded_event& operator*() const { return e_; }
  /// Null where it is no JSON.
  [[nodiscard]] const json_document* data() const {
    if (!parsed_) {
      parsed_ = true;
      if (auto document = json_document::parse(e_.data)) data_ = std::move(*document);
    }
    return data_ ? &*data_ : nullptr;
  }
  /// A text of its data; empty where there is none.
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const auto* document = data();
    return document != nullptr ? json::get_string(document->root(), name).value_or("") : std::string_view();
  }

private:
  const recorded_event& e_;
  mutable bool parsed_ = false;
  mutable std::optional<json_document> data_;
};

class log_index {
public:
  virtual ~log_index() = default;
  /// For people, and for the row of the log's meta data that says which version the store has.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Raised whenever the same events would give other rows. Logs that do not say have version 1.
  [[nodiscard]] virtual std::uint32_t version() const = 0;
  /// Where its rows are, and what their keys begin with.
  struct rows {
    family where;
    std::string tags;  // first bytes of keys
  };
  [[nodiscard]] virtual rows own() const = 0;
  /// Folds one event. Deterministic, and blind to personal data: the rows depend on what every reader of the log sees.
  virtual void apply(const indexed_event& e, index_rows& to) const = 0;
  /// A row in words, for whoever is told that it is wrong, and the position of the event that it is about where it says one.
  struct description {
    std::string what;
    position at;
  };
  [[nodiscard]] virtual description describe(std::string_view key, std::string_view value) const = 0;
};

using index_list = std::vector<std::shared_ptr<const log_index>>;

}  // namespace plo::eventstore
