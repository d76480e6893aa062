// Rows by the name of the read model they belong to. Where in the store they are is known to the read models alone, and changes when one
// of them is built anew.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "domain/event/ids.hpp"
#include "eventstore/kv/kv_store.hpp"

namespace plo::projections {

/// A read model's rows: its name, and how they are kept.
struct row_family {
  std::string_view name;
  std::size_t write_buffer = 4u << 20;  // bytes
  bool point_lookups = true;            // most look-ups ask for keys that do not exist
};

/// A read model that cannot answer now, or not as of the position that was asked for: it is being built.
class view_not_ready : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Where a read model's rows are.
struct row_place {
  std::optional<eventstore::family> where;  // empty: it has none that this build can read
  std::optional<position> stands_at;        // it does not follow the log: its rows are those of this position
};

using row_places = std::map<std::string, row_place, std::less<>>;

/// Reads rows by the name of their read model. Throws view_not_ready for one that has none, store_error when the store fails.
/// For one thread at a time.
class row_reader {
public:
  using visitor = eventstore::kv_reader::visitor;

  /// The rows as they are at each call.
  row_reader(std::shared_ptr<const row_places> places, const eventstore::kv_reader& rows) : places_(std::move(places)), rows_(rows) {}
  /// The rows of a snapshot.
  row_reader(std::shared_ptr<const row_places> places, std::unique_ptr<const eventstore::kv_reader> snapshot)
      : places_(std::move(places)), snapshot_(std::move(snapshot)), rows_(*snapshot_) {}

  [[nodiscard]] std::optional<std::string> get(const row_family& of, std::string_view key) const { return rows_.get(place_of(of.name), key); }
  /// As of kv_reader.
  void scan(const row_family& of, std::string_view from, std::string_view until, const visitor& visit) const {
    rows_.scan(place_of(of.name), from, until, visit);
  }
  void scan_back(const row_family& of, std::string_view from, std::string_view until, const visitor& visit) const {
    rows_.scan_back(place_of(of.name), from, until, visit);
  }

  /// From now on a read model must hold this position to be read: one that stands still may not.
  void require(position at_least) { at_least_ = at_least; }
  /// Where the rows of a read model are; throws view_not_ready.
  eventstore::family place_of(std::string_view view) const;
  /// Where the read model stands that stands furthest behind of those that were read and do not follow the log; empty: all follow it.
  [[nodiscard]] const std::optional<position>& oldest_read() const { return oldest_read_; }

  /// The store underneath, for what is no read model's.
  [[nodiscard]] const eventstore::kv_reader& store() const { return rows_; }

private:
  std::shared_ptr<const row_places> places_;
  std::unique_ptr<const eventstore::kv_reader> snapshot_;
  const eventstore::kv_reader& rows_;
  position at_least_;
  mutable std::optional<position> oldest_read_;
};

/// The rows that a step changes.
class row_batch {
public:
  row_batch(const row_places& places, eventstore::kv_batch& changes) : places_(places), changes_(changes) {}

  void put(const row_family& of, std::string key, std::string value) { changes_.put(place_of(of), std::move(key), std::move(value)); }
  void remove(const row_family& of, std::string key) { changes_.remove(place_of(of), std::move(key)); }

private:
  [[nodiscard]] eventstore::family place_of(const row_family& of) const { return places_.find(of.name)->second.where.value(); }

  const row_places& places_;
  eventstore::kv_batch& changes_;
};

}  // namespace plo::projections
