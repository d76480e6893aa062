// The RocksDB under a store, for those in eventstore/ that need it itself.
#pragma once

#include <string>
#include <vector>

#include <rocksdb/db.h>

#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

/// Throws store_error when the store is of another kind.
[[nodiscard]] rocksdb::DB& rocksdb_of(const kv_store& store);

}  // namespace plo::eventstore
