// Personal data in the log: encrypted with a key for each person it is about, so that destroying the key erases the person while the
// chain of hashes still verifies.
//
// A key (XChaCha20-Poly1305, 32 bytes) belongs to a subject: a customer, or, as long as no customer is known, a project or a reference
// that waits for one. Keys stand in the log's own store, wrapped by a master key that does not.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/event/event.hpp"
#include "domain/event/personal_data.hpp"
#include "eventstore/kv/kv_store.hpp"
#include "eventstore/record/record_codec.hpp"

namespace plo::eventstore {

using secret_key = std::array<std::uint8_t, 32>;

/// Whose data something is: what a key is made for.
[[nodiscard]] std::string subject_customer(std::string_view customer_id);
[[nodiscard]] std::string subject_project(const project_id& project);
[[nodiscard]] std::string subject_reference(std::string_view project_ref);

/// The customer that an event of a project names itself; empty when it names none. Its personal data is theirs.
[[nodiscard]] std::string customer_named_by(const event& e);

struct privacy_options {
  personal_fields fields;            // none: nothing is encrypted
  std::optional<secret_key> master;  // none: nothing is encrypted, and what was encrypted shows as sealed
};

/// Thread-safe for opening; sealing and erasing are the one writer's.
class vault {
public:
  /// Throws store_error when the keys of the store are wrapped by another master key.
  vault(const kv_reader& store, privacy_options options);

  [[nodiscard]] const personal_fields& fields() const { return options_.fields; }

  [[nodiscard]] bool has_key(const std::string& subject) const;

  /// Forgets what a batch that was not written has left behind; call before the first of a batch.
  void begin();
  /// The event's personal data, each value under the key of the customer that is named around it, else of `subject`; keys are made where there
  /// are none. Of more than max_sealed_keys the rest is under the subject's. Empty when there is nothing to encrypt.
  [[nodiscard]] std::optional<sealed_part> seal(const std::string& subject, const event& e, kv_batch& batch);
  /// Destroys the subject's key. True when there was one.
  bool erase(const std::string& subject, kv_batch& batch);
  /// The batch is written.
  void commit();

  /// The event's data as it was before it was sealed; with erased values where the key is gone. Throws store_error for a damaged part.
  [[nodiscard]] std::string open(const recorded_event& e, const sealed_part& part) const;

private:
  struct subject_key {
    std::string id;
    secret_key key;
  };
  [[nodiscard]] std::string wrap(const std::string& id, const secret_key& key) const;
  [[nodiscard]] std::optional<secret_key> unwrap(const std::string& id) const;
  [[nodiscard]] std::optional<secret_key> key_of(const std::string& id) const;
  /// The values that one key seals; empty where it was destroyed.
  [[nodiscard]] std::optional<std::vector<std::string>> values_of(const recorded_event& e, const sealed_part::sealed_key& sealed, std::size_t count) const;
  [[nodiscard]] const subject_key& key_for(const std::string& subject, kv_batch& batch);

  const kv_reader& store_;
  privacy_options options_;
  bool is_proven_ = true;    // the store can tell whether a master key fits
  bool proof_pending_ = false;
  std::map<std::string, std::optional<subject_key>> changed_;  // by the batch under way; empty: destroyed
  std::unordered_map<std::string, subject_key> by_subject_;    // the writer's
  mutable std::mutex guard_;
  mutable std::unordered_map<std::string, secret_key> by_id_;
  std::uint64_t erasures_ = 0;
};

/// The master key of a text of 64 hexadecimal digits; the error is a sentence.
[[nodiscard]] tl::expected<secret_key, std::string> parse_secret_key(std::string_view hex);

}  // namespace plo::eventstore
