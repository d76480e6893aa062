#include "app/master_key.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include "eventstore/kv/durable_files.hpp"

namespace plo::app {

namespace {

namespace fs = std::filesystem;

std::runtime_error wrong(const fs::path& file, std::string_view what) {
  return std::runtime_error(fmt::format("the master key file {}: {}", file.string(), what));
}

std::optional<eventstore::secret_key> read_key(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (fs::exists(file)) throw wrong(file, "cannot be read");
    return std::nullopt;
  }
  std::string text;
  in >> text;
  const auto key = eventstore::parse_secret_key(text);
  if (!key) throw wrong(file, key.error());
  return *key;
}

/// A key nobody has: readable by its owner alone, and on disk before anything is encrypted with it.
eventstore::secret_key make_key(const fs::path& file) {
  eventstore::secret_key key;
  randombytes_buf(key.data(), key.size());
  std::string hex(key.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
  hex.back() = '\n';
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  const auto made = eventstore::create_durably(file, hex, 0600);
  if (!made) throw eventstore::store_error(fmt::format("the master key: {}", made.error()));
  if (!*made) throw wrong(file, "somebody else has just made it");
  spdlog::info("made a master key for personal data at {}: keep it where the data is not", file.string());
  return key;
}

}  // namespace

eventstore::privacy_options privacy_of(const config::settings& settings, const fs::path& data_dir, bool make) {
  eventstore::privacy_options privacy;
  privacy.fields = personal_fields(settings.privacy.fields.value_or(usual_personal_fields()));
  auto given = settings.privacy.master_key;
  if (const char* usual = std::getenv("PLO_MASTER_KEY"); given.empty() && settings.privacy.master_key_file.empty() && usual != nullptr) given = usual;
  if (!given.empty()) {
    const auto key = eventstore::parse_secret_key(given);
    if (!key) throw std::runtime_error("the master key in the environment: " + key.error());
    privacy.master = *key;
    return privacy;
  }
  const auto file = settings.privacy.master_key_file.empty() ? data_dir / "master_key" : settings.privacy.master_key_file;
  privacy.master = read_key(file);
  if (!privacy.master && make) privacy.master = make_key(file);
  return privacy;
}

}  // namespace plo::app
