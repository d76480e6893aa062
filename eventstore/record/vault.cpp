#include "eventstore/record/vault.hpp"

#include <cstring>

#include <fmt/format.h>
#include <sodium.h>

#include "base/json.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

// keys: 'S' ‖ subject → key id; 'K' ‖ key id → nonce ‖ wrapped key; 'M' → nonce ‖ wrapped zeros, which tells whether a master key fits.
constexpr auto keys_family = layout::families::keys;
constexpr std::size_t key_id_bytes = 16;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
/// Beyond this many remembered keys the memory is dropped and filled again from the store.
constexpr std::size_t max_cached_keys = 100'000;

std::string subject_row(std::string_view subject) { return std::string(1, 'S').append(subject); }
std::string key_row(std::string_view id) { return std::string(1, 'K').append(id); }
const std::string master_row = "M";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string encrypt(const secret_key& key, std::string_view text, std::string_view about) {
  std::string out(nonce_bytes + text.size() + tag_bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  randombytes_buf(to, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(to + nonce_bytes, nullptr, bytes_of(text), text.size(), bytes_of(about), about.size(), nullptr, to,
                                             key.data());
  return out;
}

std::optional<std::string> decrypt(const secret_key& key, std::string_view encrypted, std::string_view about) {
  if (encrypted.size() < nonce_bytes + tag_bytes) return std::nullopt;
  std::string out(encrypted.size() - nonce_bytes - tag_bytes, '\0');
  const auto* from = bytes_of(encrypted);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(out.data()), nullptr, nullptr, from + nonce_bytes,
                                                 encrypted.size() - nonce_bytes, bytes_of(about), about.size(), from, key.data()) != 0)
    return std::nullopt;
  return out;
}

/// What the values of an event are bound to, so that nobody can put them into another.
std::string_view bound_to(const event& e) {
  return {reinterpret_cast<const char*>(e.id.value.bytes.data()), e.id.value.bytes.size()};
}

}  // namespace

std::string subject_customer(std::string_view customer_id) { return std::string("customer:").append(customer_id); }
std::string subject_project(const project_id& project) { return "project:" + project.to_string(); }
std::string subject_reference(std::string_view project_ref) { return std::string("ref:").append(project_ref); }

tl::expected<secret_key, std::string> parse_secret_key(std::string_view hex) {
  secret_key key;
  std::size_t size = 0;
  if (hex.size() != key.size() * 2 || sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, &size, nullptr) != 0 || size != key.size())
    return tl::unexpected(std::string("64 hexadecimal digits are needed"));
  return key;
}

std::string customer_named_by(const event& e) {
  const bool may_name = e.kind == event_kind::source || e.kind == event_kind::operator_;
  if (!may_name || e.data.find("\"customer_id\"") == std::string::npos) return {};
  const auto data = json_document::parse(e.data);
  return std::string(data ? json::get_string(data->root(), "customer_id").value_or("") : "");
}

vault::vault(const kv_reader& store, privacy_options options) : store_(store), options_(std::move(options)) {
  if (!options_.master) return;
  const auto proof = store_.get(keys_family, master_row);
  is_proven_ = proof.has_value();
  if (proof && !decrypt(*options_.master, *proof, master_row))
    throw store_error("the master key is not the one that the keys of the personal data are wrapped with");
}

bool vault::has_key(const std::string& subject) const { return store_.get(keys_family, subject_row(subject)).has_value(); }

void vault::begin() {
  changed_.clear();
  proof_pending_ = false;
}

std::string vault::wrap(const std::string& id, const secret_key& key) const {
  return encrypt(*options_.master, {reinterpret_cast<const char*>(key.data()), key.size()}, id);
}

std::optional<secret_key> vault::unwrap(const std::string& id) const {
  const auto wrapped = store_.get(keys_family, key_row(id));
  if (!wrapped) return std::nullopt;
  const auto plain = decrypt(*options_.master, *wrapped, id);
  secret_key key;
  if (!plain || plain->size() != key.size()) throw store_error("a key of personal data is damaged");
  std::memcpy(key.data(), plain->data(), key.size());
  return key;
}

std::optional<secret_key> vault::key_of(const std::string& id) const {
  std::uint64_t erasures_before = 0;
  {
    const std::lock_guard lock(guard_);
    if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
    erasures_before = erasures_;
  }
  auto key = unwrap(id);
  if (!key) return key;
  const std::lock_guard lock(guard_);
  if (erasures_ != erasures_before) return key;  // it may have been destroyed since it was read: not to be remembered
  if (by_id_.size() > max_cached_keys) by_id_.clear();
  by_id_.emplace(id, *key);
  return key;
}

const vault::subject_key& vault::key_for(const std::string& subject, kv_batch& batch) {
  if (const auto changed = changed_.find(subject); changed != changed_.end() && changed->second) return *changed->second;
  const bool was_erased = changed_.contains(subject);
  if (!was_erased) {
    if (const auto known = by_subject_.find(subject); known != by_subject_.end()) return known->second;
    if (const auto id = store_.get(keys_family, subject_row(subject))) {
      if (auto key = unwrap(*id)) {
        if (by_subject_.size() > max_cached_keys) by_subject_.clear();
        return by_subject_.insert_or_assign(subject, subject_key{*id, *key}).first->second;
      }
    }
  }
  if (!is_proven_ && !proof_pending_) {
    batch.put(keys_family, master_row, encrypt(*options_.master, std::string(32, '\0'), master_row));
    proof_pending_ = true;
  }
  subject_key fresh;
  fresh.id.resize(key_id_bytes);
  randombytes_buf(fresh.id.data(), fresh.id.size());
  randombytes_buf(fresh.key.data(), fresh.key.size());
  batch.put(keys_family, subject_row(subject), fresh.id);
  batch.put(keys_family, key_row(fresh.id), wrap(fresh.id, fresh.key));
  return *changed_.insert_or_assign(subject, std::move(fresh)).first->second;
}

std::optional<sealed_part> vault::seal(const std::string& subject, const event& e, kv_batch& batch) {
  if (!options_.master || subject.empty()) return std::nullopt;
  const auto spans = options_.fields.find(e.data);
  if (spans.empty()) return std::nullopt;
  sealed_part part;
  part.masked = replace_spans(e.data, spans, erased_json);
  std::map<std::string, std::size_t> places;  // subject → place of its key
  std::vector<std::pair<subject_key, std::string>> keys;  // with the values that it encrypts
  std::size_t shrunk_by = 0;  // so far; wraps around where a value is shorter than its mask
  for (const auto& s : spans) {
    // Who names somebody speaks of them, whoever's project it is.
    auto whose = s.customer.empty() ? subject : subject_customer(s.customer);
    // The last key is the subject's: it takes what is left of a crowd.
    if (keys.size() + 1 >= max_sealed_keys && !places.contains(whose)) whose = subject;
    const auto [place, fresh] = places.emplace(whose, keys.size());
    if (fresh) keys.emplace_back(key_for(whose, batch), std::string());
    part.values.push_back({s.at - shrunk_by, place->second});
    shrunk_by += s.size - erased_json.size();
    auto& values = keys[place->second].second;
    keys::put_u64(values, s.size);
    values.append(e.data, s.at, s.size);
  }
  for (auto& [key, values] : keys) {
    part.keys.push_back({key.id, encrypt(key.key, values, bound_to(e))});
    sodium_memzero(values.data(), values.size());
  }
  return part;
}

bool vault::erase(const std::string& subject, kv_batch& batch) {
  std::optional<std::string> id;
  if (const auto changed = changed_.find(subject); changed != changed_.end()) {
    if (changed->second) id = changed->second->id;
  } else {
    id = store_.get(keys_family, subject_row(subject));
  }
  if (!id) return false;
  batch.remove(keys_family, subject_row(subject));
  batch.remove(keys_family, key_row(*id));
  changed_[subject].reset();
  return true;
}

void vault::commit() {
  const std::lock_guard lock(guard_);
  const auto erasures_before = erasures_;
  for (auto& [subject, key] : changed_) {
    by_subject_.erase(subject);
    if (key) by_subject_.emplace(subject, *key);
    else ++erasures_;
  }
  if (erasures_ != erasures_before) by_id_.clear();
  is_proven_ = is_proven_ || proof_pending_;
  changed_.clear();
}

std::optional<std::vector<std::string>> vault::values_of(const recorded_event& e, const sealed_part::sealed_key& sealed, std::size_t count) const {
  const auto key = key_of(sealed.id);
  if (!key) return std::nullopt;
  const auto plain = decrypt(*key, sealed.encrypted, bound_to(e));
  if (!plain) throw store_error(fmt::format("the personal data of the event at position {} does not open with its key", e.pos.value));
  std::vector<std::string> values;
  std::string_view left = *plain;
  for (; count > 0; --count) {
    const auto size = left.size() < 8 ? 0 : keys::get_u64(left);
    if (left.size() < 8 || left.size() - 8 < size) throw store_error(fmt::format("the personal data at position {} is damaged", e.pos.value));
    values.emplace_back(left.substr(8, size));
    left.remove_prefix(8 + size);
  }
  return values;
}

std::string vault::open(const recorded_event& e, const sealed_part& part) const {
  // Of each key its values in their order; empty: they show as `otherwise`.
  std::vector<std::size_t> counts(part.keys.size(), 0);
  for (const auto& value : part.values) ++counts[value.key];
  std::vector<std::optional<std::vector<std::string>>> of_key;
  std::vector<std::string_view> otherwise;
  for (std::size_t k = 0; k < part.keys.size(); ++k) {
    const bool is_there = options_.master.has_value() || store_.get(keys_family, key_row(part.keys[k].id)).has_value();
    otherwise.push_back(!options_.master && is_there ? sealed_json : erased_json);
    of_key.push_back(options_.master ? values_of(e, part.keys[k], counts[k]) : std::nullopt);
  }
  std::string data;
  data.reserve(part.masked.size());
  std::vector<std::size_t> next(part.keys.size(), 0);
  std::size_t from = 0;
  for (const auto& value : part.values) {
    data.append(part.masked, from, value.at - from);
    const auto& values = of_key[value.key];
    data.append(values ? std::string_view((*values)[next[value.key]++]) : otherwise[value.key]);
    from = value.at + erased_json.size();
  }
  return data.append(part.masked, from);
}

}  // namespace plo::eventstore
