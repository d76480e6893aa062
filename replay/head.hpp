// Heads of the log that can be handed out: whoever holds one can tell later whether the history before it is still the same.
//
// A head is the position and the hash of an event. The hash is that of the whole chain up to there, so a head is a seal on all of it; the
// signature (Ed25519) says who sealed it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "eventstore/log.hpp"

namespace plo::replay {

struct head {
  position at;
  eventstore::chain_hash hash{};
  instant recorded_at{};  // of the event at that position
};

struct signed_head : head {
  instant signed_at{};
  std::string public_key, signature;  // hex
};

/// The last position, its hash and the time of its event.
[[nodiscard]] head head_of(const eventstore::log& log);

/// Signs with the key of a file: 64 hexadecimal digits, of mode 0600, made when it is not there. Throws std::runtime_error when it cannot
/// be read or made.
[[nodiscard]] signed_head sign(const head& h, const std::filesystem::path& key_file, instant now);

/// Why a signature is not good; empty: it is. With a public key given (hex), nobody else's will do.
[[nodiscard]] std::optional<std::string> refuses(const signed_head& h, const std::string& public_key = {});

/// `{position, hash, recorded_at}`, with `{signed_at, public_key, signature}` behind.
[[nodiscard]] std::string to_json(const head& h);
[[nodiscard]] std::string to_json(const signed_head& h);
/// The error is a sentence.
[[nodiscard]] tl::expected<signed_head, std::string> parse_head(std::string_view json);

}  // namespace plo::replay
