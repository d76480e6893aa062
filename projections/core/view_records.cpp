#include "projections/core/view_records.hpp"

#include <algorithm>

#include <sodium.h>

#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

constexpr std::string_view progress_key = "checkpoint";
constexpr std::string_view record_prefix = "view/";  // ‖ family → view ‖ schema ‖ is building ‖ progress ‖ parked at ‖ because

void put_progress_to(std::string& out, const fold_progress& progress) {
  keys::put_u64(out, progress.checkpoint.value);
  keys::put_u64(out, progress.folded);
  out.append(reinterpret_cast<const char*>(progress.digest.data()), progress.digest.size());
}

std::uint64_t take_u64(std::string_view& in) {
  const auto number = keys::get_u64(in);
  in.remove_prefix(std::min<std::size_t>(in.size(), 8));
  return number;
}

fold_progress take_progress(std::string_view& in) {
  fold_progress progress;
  progress.checkpoint = {take_u64(in)};
  progress.folded = take_u64(in);
  const auto size = std::min(in.size(), progress.digest.size());
  std::copy_n(in.begin(), size, progress.digest.begin());
  in.remove_prefix(size);
  return progress;
}

view_record read_record(std::string_view family, std::string_view value) {
  view_record record;
  record.family = family;
  record.view = keys::take_text(value);
  record.schema = static_cast<std::uint32_t>(take_u64(value));
  record.is_building = take_u64(value) != 0;
  record.progress = take_progress(value);
  record.parked_at = {take_u64(value)};
  record.parked_because = value;
  return record;
}

std::string record_key(std::string_view family) { return std::string(record_prefix).append(family); }

}  // namespace

fold_digest extend(const fold_digest& digest, const recorded_event& e) {
  std::array<unsigned char, sizeof(fold_digest) + 8 + 16> bytes;
  std::copy(digest.begin(), digest.end(), bytes.begin());
  for (std::size_t i = 0; i < 8; ++i) bytes[digest.size() + i] = static_cast<unsigned char>(e.pos.value >> (56 - 8 * i));
  std::copy(e.id.value.bytes.begin(), e.id.value.bytes.end(), bytes.begin() + digest.size() + 8);
  fold_digest next;
  crypto_generichash(next.data(), next.size(), bytes.data(), bytes.size(), nullptr, 0);
  return next;
}

fold_progress extend(fold_progress progress, event_pointers events) {
  for (const auto* e : events) {
    progress.checkpoint = e->pos;
    ++progress.folded;
    progress.digest = extend(progress.digest, *e);
  }
  return progress;
}

void put_record(eventstore::kv_batch& batch, const view_record& record) {
  std::string value;
  keys::put_text(value, record.view);
  keys::put_u64(value, record.schema);
  keys::put_u64(value, record.is_building ? 1 : 0);
  put_progress_to(value, record.progress);
  keys::put_u64(value, record.parked_at.value);
  batch.put(meta_family, record_key(record.family), value + record.parked_because);
}

void remove_record(eventstore::kv_batch& batch, const std::string& family) { batch.remove(meta_family, record_key(family)); }

void put_progress(eventstore::kv_batch& batch, const fold_progress& progress) {
  std::string value;
  put_progress_to(value, progress);
  batch.put(meta_family, std::string(progress_key), std::move(value));
}

std::vector<parked_projection> views_status::parked() const {
  std::vector<parked_projection> parked;
  for (const auto& record : views)
    if (record.is_parked()) parked.push_back({record.view, record.parked_at, record.parked_because});
  return parked;
}

fold_progress read_views_progress(const eventstore::kv_reader& store) {
  const auto stored = store.get(meta_family, progress_key);
  if (!stored) return {};
  std::string_view rest = *stored;
  return take_progress(rest);
}

views_status read_views_status(const eventstore::kv_reader& store) {
  views_status status{read_views_progress(store), {}};
  store.scan(meta_family, record_prefix, keys::after(std::string(record_prefix)), [&](std::string_view key, std::string_view value) {
    status.views.push_back(read_record(key.substr(record_prefix.size()), value));
    return true;
  });
  return status;
}

}  // namespace plo::projections
