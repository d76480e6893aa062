#include "eventstore/kv/durable_files.hpp"

#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include "eventstore/kv/kv_store.hpp"
#include "eventstore/record/record_codec.hpp"

namespace plo::eventstore {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 1u << 20;

store_error cannot(std::string_view what, const fs::path& file) {
  return store_error(fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

struct open_file {
  open_file(const fs::path& file, int flags, ::mode_t mode = 0) : path(file), number(::open(file.c_str(), flags | O_CLOEXEC, mode)) {}
  ~open_file() {
    if (number >= 0) ::close(number);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  fs::path path;
  int number;
};

void write_all(const open_file& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(to.number, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw cannot("written", to.path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Gives the file to `take` in pieces; returns its digest.
std::string read_all(const fs::path& file, const std::function<void(std::string_view)>& take) {
  const open_file in(file, O_RDONLY);
  if (in.number < 0) throw cannot("read", file);
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, sizeof(chain_hash));
  std::vector<char> buffer(piece);
  for (;;) {
    const auto got = ::read(in.number, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot("read", file);
    if (got == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    take(bytes);
  }
  chain_hash digest;
  crypto_generichash_final(&state, digest.data(), digest.size());
  return to_hex(digest);
}

/// Writes with `fill` under another name, then renames.
void replace(const fs::path& file, ::mode_t mode, const std::function<void(const open_file&)>& fill) {
  const fs::path temporary = file.string() + ".part";
  fs::remove(temporary);
  {
    const open_file out(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (out.number < 0) throw cannot("made", temporary);
    fill(out);
    if (::fsync(out.number) != 0) throw cannot("synced", temporary);
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) throw cannot("named", file);
  sync_directory(file.parent_path());
}

}  // namespace

std::string digest_of(const fs::path& file) {
  return read_all(file, [](std::string_view) {});
}

void write_durably(const fs::path& file, std::string_view content, ::mode_t mode) {
  replace(file, mode, [&](const open_file& out) { write_all(out, content); });
}

tl::expected<bool, std::string> create_durably(const fs::path& file, std::string_view content, ::mode_t mode) {
  const open_file out(file, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (out.number < 0 && errno == EEXIST) return false;
  try {
    if (out.number < 0) throw cannot("made", file);
    write_all(out, content);
    if (::fsync(out.number) != 0) throw cannot("written", file);
    sync_directory(file.has_parent_path() ? file.parent_path() : ".");
    return true;
  } catch (const store_error& failure) {
    if (out.number >= 0) ::unlink(file.c_str());
    return tl::unexpected(std::string(failure.what()));
  }
}

std::string copy_durably(const fs::path& from, const fs::path& to, ::mode_t mode) {
  std::string digest;
  replace(to, mode, [&](const open_file& out) { digest = read_all(from, [&](std::string_view bytes) { write_all(out, bytes); }); });
  if (digest_of(to) != digest) throw store_damaged(fmt::format("{} does not read as it was written", to.string()));
  return digest;
}

void sync_directory(const fs::path& dir) {
  const open_file folder(dir, O_RDONLY | O_DIRECTORY);
  if (folder.number < 0 || ::fsync(folder.number) != 0) throw cannot("synced", dir);
}

}  // namespace plo::eventstore
