// The bytes of one event in the log, and the chain that joins them.
//
// A stored value is `hash (32 bytes) ‖ record`, with hash = BLAKE2b-256(previous hash ‖ record). The record begins with a codec byte, so
// that formats stand beside each other; bytes once stored never change. Written is codec 3; 1 and 2 are read.
//
// Codec 3: codec (1) ‖ how far it is behind the first event of its commit ‖ envelope ‖ how many keys ‖ and where there are any: for each key
// its id and what is encrypted with it (texts) ‖ how many values ‖ for each value how far it is behind the end of the one before in data, and
// the number of its key. In data each sealed value is `"[erased]"`. So the persons of one record can be erased one by one.
//
// Envelope: schema_version ‖ position ‖ version ‖ occurred_at ‖ recorded_at ‖ kind (1) ‖ event_id (16) ‖ causation_id (1 + 0 or 16) ‖ stream,
// type, source, source_ref, correlation_id, operator_id, project_ref, order_ref, comment, data (texts). Integers are LEB128, times zig-zag
// milliseconds; a text is its length and its bytes.
//
// Codec 1: codec ‖ an empty text ‖ envelope. Codec 2: codec ‖ key id ‖ envelope ‖ how many values ‖ how far each is behind the end of the one
// before ‖ the values, all encrypted with the one key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "domain/event/event.hpp"

namespace plo::eventstore {

using chain_hash = std::array<std::uint8_t, 32>;

/// `hash` of the record before the first.
inline constexpr chain_hash genesis_hash{};

/// A record is written with at most so many keys: what a client sends must not make a key for each of thousands of persons.
inline constexpr std::size_t max_sealed_keys = 100;

/// The personal values of an event, encrypted, and what is left of its data without them.
struct sealed_part {
  struct sealed_key {
    std::string id;
    std::string encrypted;  // nonce ‖ ciphertext of its values as they stood, each its length and its bytes
  };
  struct sealed_value {
    std::size_t at = 0;   // in `masked`
    std::size_t key = 0;  // its place among the keys
  };
  std::vector<sealed_key> keys;
  std::string masked;                 // data with erased values
  std::vector<sealed_value> values;   // ascending
};

/// Encodes the event and chains it to `previous`; `hash` receives the new end of the chain. With a sealed part its personal values are
/// in there alone.
[[nodiscard]] std::string encode_record(const recorded_event& e, const chain_hash& previous, chain_hash& hash,
                                        const std::optional<sealed_part>& sealed = {});

struct decoded_record {
  recorded_event event;               // where something is sealed, with masked data
  std::optional<sealed_part> sealed;
};

/// A stored value taken apart; the error is a sentence saying what is wrong with the bytes.
[[nodiscard]] tl::expected<decoded_record, std::string> decode_record(std::string_view stored);

/// The hash a stored value claims.
[[nodiscard]] chain_hash stored_hash(std::string_view stored);

/// True when the stored value follows `previous` unaltered.
[[nodiscard]] bool follows(std::string_view stored, const chain_hash& previous);

[[nodiscard]] std::string to_hex(const chain_hash& hash);

}  // namespace plo::eventstore
