#include "eventstore/record/record_codec.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <sodium.h>

#include "domain/event/personal_data.hpp"

namespace plo::eventstore {

namespace {

constexpr std::size_t max_keys = 10'000;  // of one record; more is damage. Builds of before wrote more than max_sealed_keys.
constexpr std::uint8_t codec_plain = 1, codec_sealed = 2, codec_commit = 3, codec_found = 4;  // 4: as 3, with found_at

class writer {
public:
  explicit writer(std::string& out) : out_(out) {}
  void byte(std::uint8_t b) { out_.push_back(static_cast<char>(b)); }
  void number(std::uint64_t n) {
    while (n >= 0x80) {
      byte(static_cast<std::uint8_t>(n | 0x80));
      n >>= 7;
    }
    byte(static_cast<std::uint8_t>(n));
  }
  void time(instant at) {
    const std::int64_t ms = at.time_since_epoch().count();
    number((static_cast<std::uint64_t>(ms) << 1) ^ static_cast<std::uint64_t>(ms >> 63));
  }
  void id(const uuid& u) { out_.append(reinterpret_cast<const char*>(u.bytes.data()), u.bytes.size()); }
  void text(std::string_view t) {
    number(t.size());
    out_.append(t);
  }

private:
  std::string& out_;
};

struct malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class reader {
public:
  explicit reader(std::string_view in) : in_(in) {}
  std::uint8_t byte() {
    if (in_.empty()) throw malformed("the record ends early");
    const auto b = static_cast<std::uint8_t>(in_.front());
    in_.remove_prefix(1);
    return b;
  }
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      n |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return n;
    }
    throw malformed("a number is too long");
  }
  instant time() {
    const std::uint64_t n = number();
    return instant(milliseconds(static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1)));
  }
  uuid id() {
    uuid u;
    std::memcpy(u.bytes.data(), take(u.bytes.size()).data(), u.bytes.size());
    return u;
  }
  std::string text() { return std::string(take(number())); }
  void end() const {
    if (!in_.empty()) throw malformed("bytes are left over behind the record");
  }

private:
  std::string_view take(std::uint64_t size) {
    if (size > in_.size()) throw malformed("the record ends early");
    const auto part = in_.substr(0, size);
    in_.remove_prefix(size);
    return part;
  }
  std::string_view in_;
};

chain_hash chain(const chain_hash& previous, std::string_view record) {
  chain_hash hash;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  crypto_generichash_update(&state, previous.data(), previous.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(record.data()), record.size());
  crypto_generichash_final(&state, hash.data(), hash.size());
  return hash;
}

void write_envelope(writer& out, const recorded_event& e, std::string_view data) {
  out.number(e.schema_version);
  out.number(e.pos.value);
  out.number(e.version.value);
  out.time(e.occurred_at);
  out.time(e.recorded_at);
  out.byte(static_cast<std::uint8_t>(e.kind));
  out.id(e.id.value);
  out.byte(e.causation_id ? 1 : 0);
  if (e.causation_id) out.id(e.causation_id->value);
  for (const auto* text : {&e.stream.name, &e.type, &e.source, &e.source_ref, &e.correlation_id, &e.operator_id, &e.project_ref, &e.order_ref, &e.comment})
    out.text(*text);
  out.text(data);
}

void read_envelope(reader& in, recorded_event& e) {
  e.schema_version = static_cast<std::uint16_t>(in.number());
  e.pos.value = in.number();
  e.version.value = in.number();
  e.occurred_at = in.time();
  e.recorded_at = in.time();
  const auto kind = in.byte();
  if (kind < 1 || kind > 4) throw malformed("unknown kind " + std::to_string(kind));
  e.kind = static_cast<event_kind>(kind);
  e.id.value = in.id();
  if (in.byte() != 0) e.causation_id = event_id{in.id()};
  for (auto* text : {&e.stream.name, &e.type, &e.source, &e.source_ref, &e.correlation_id, &e.operator_id, &e.project_ref, &e.order_ref, &e.comment, &e.data})
    *text = in.text();
}

void write_seal(writer& out, const sealed_part& sealed) {
  for (const auto& key : sealed.keys) {
    out.text(key.id);
    out.text(key.encrypted);
  }
  out.number(sealed.values.size());
  std::size_t end = 0;
  for (const auto& value : sealed.values) {
    out.number(value.at - end);
    out.number(value.key);
    end = value.at + erased_json.size();
  }
}

/// `numbered`: each value names its key.
void read_values(reader& in, sealed_part& part, bool numbered) {
  std::size_t end = 0;
  for (auto left = in.number(); left > 0; --left) {
    sealed_part::sealed_value value;
    value.at = end + in.number();
    if (std::string_view(part.masked).substr(std::min(value.at, part.masked.size()), erased_json.size()) != erased_json)
      throw malformed("a sealed value is not where it should be");
    if (numbered) value.key = in.number();
    if (value.key >= part.keys.size()) throw malformed("a sealed value names a key that is not there");
    part.values.push_back(value);
    end = value.at + erased_json.size();
  }
}

/// Codecs 1 and 2.
void read_of_before(reader& in, std::uint8_t codec, decoded_record& into) {
  auto key_id = in.text();
  if (key_id.empty() != (codec == codec_plain)) throw malformed("a plain record names a key, or a sealed one none");
  read_envelope(in, into.event);
  if (codec == codec_plain) return;
  auto& part = into.sealed.emplace();
  part.masked = into.event.data;
  part.keys.push_back({std::move(key_id), {}});
  read_values(in, part, false);
  part.keys.front().encrypted = in.text();
}

void read_of_commit(reader& in, decoded_record& into) {
  const auto behind = in.number();
  read_envelope(in, into.event);
  if (behind >= into.event.pos.value) throw malformed("its commit begins before the log");
  into.event.commit.value = into.event.pos.value - behind;
  const auto keys = in.number();
  if (keys == 0) return;
  if (keys > max_keys) throw malformed("it names too many keys");
  auto& part = into.sealed.emplace();
  part.masked = into.event.data;
  for (std::uint64_t i = 0; i < keys; ++i) {
    auto id = in.text();
    part.keys.push_back({std::move(id), in.text()});
  }
  read_values(in, part, true);
}

void read_of_found(reader& in, decoded_record& into) {
  const auto behind = in.number();
  read_of_commit(in, into);
  if (behind >= into.event.pos.value) throw malformed("its project was found outside the log");
  into.event.found_at.value = into.event.pos.value - behind;
}

}  // namespace

std::string encode_record(const recorded_event& e, const chain_hash& previous, chain_hash& hash, const std::optional<sealed_part>& sealed) {
  std::string stored;
  stored.reserve(hash.size() + 256 + e.data.size());
  stored.resize(hash.size());
  writer out(stored);
  const bool found = e.found_at.value != 0 && e.found_at <= e.pos;
  out.byte(found ? codec_found : codec_commit);
  if (found) out.number(e.pos.value - e.found_at.value);
  out.number(e.commit.value == 0 ? 0 : e.pos.value - e.commit.value);
  write_envelope(out, e, sealed ? sealed->masked : e.data);
  out.number(sealed ? sealed->keys.size() : 0);
  if (sealed) write_seal(out, *sealed);
  hash = chain(previous, std::string_view(stored).substr(hash.size()));
  std::memcpy(stored.data(), hash.data(), hash.size());
  return stored;
}

tl::expected<decoded_record, std::string> decode_record(std::string_view stored) {
  try {
    if (stored.size() < sizeof(chain_hash)) throw malformed("the record ends early");
    reader in(stored.substr(sizeof(chain_hash)));
    decoded_record decoded;
    const auto codec = in.byte();
    if (codec == codec_commit) read_of_commit(in, decoded);
    else if (codec == codec_found) read_of_found(in, decoded);
    else if (codec == codec_plain || codec == codec_sealed) read_of_before(in, codec, decoded);
    else throw malformed("unknown codec " + std::to_string(codec) + ": written by a newer version?");
    in.end();
    return decoded;
  } catch (const malformed& wrong) {
    return tl::unexpected(std::string(wrong.what()));
  }
}

chain_hash stored_hash(std::string_view stored) {
  chain_hash hash{};
  if (stored.size() >= hash.size()) std::memcpy(hash.data(), stored.data(), hash.size());
  return hash;
}

bool follows(std::string_view stored, const chain_hash& previous) {
  return stored.size() >= sizeof(chain_hash) &&
         chain(previous, stored.substr(sizeof(chain_hash))) == stored_hash(stored);
}

std::string to_hex(const chain_hash& hash) {
  std::string hex(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return hex;
}

}  // namespace plo::eventstore
