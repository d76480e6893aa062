#include "eventstore/record/archive.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>
#include <zstd.h>

#include "base/json.hpp"
#include "eventstore/kv/durable_files.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/kv/kv_store.hpp"

namespace plo::eventstore {

namespace fs = std::filesystem;

namespace {

constexpr char codec_archived = 0;
constexpr std::size_t hash_bytes = sizeof(chain_hash);
constexpr std::size_t frames_kept = 64;  // a megabyte or so each
constexpr std::uint64_t max_frame_bytes = 1ull << 31;
constexpr int compression_level = 9;

/// Bytes as text, each byte the character of its number. Unlike base64 it keeps repetitions, which is what compression lives on.
std::string to_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) text.push_back(static_cast<char>(0xc0 | byte >> 6));
    text.push_back(static_cast<char>(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte));
  }
  return text;
}

std::optional<std::string> from_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    if ((byte != 0xc2 && byte != 0xc3) || ++i == text.size()) return std::nullopt;
    bytes.push_back(static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(text[i]) & 0x3f)));
  }
  return bytes;
}

store_error cannot(std::string_view what, const fs::path& file) {
  return store_error(fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

}  // namespace

bool is_archived(std::string_view stored) { return stored.size() > hash_bytes && stored[hash_bytes] == codec_archived; }

archived_place place_of(std::string_view stored) {
  const auto in = stored.substr(hash_bytes + 1);
  archived_place place;
  place.segment = static_cast<std::uint32_t>(keys::get_u64(in));
  place.offset = in.size() < 16 ? 0 : keys::get_u64(in.substr(8));
  place.size = in.size() < 24 ? 0 : keys::get_u64(in.substr(16));
  return place;
}

std::string archived_value(const chain_hash& hash, const archived_place& place) {
  std::string value(reinterpret_cast<const char*>(hash.data()), hash.size());
  value.push_back(codec_archived);
  keys::put_u64(value, place.segment);
  keys::put_u64(value, place.offset);
  keys::put_u64(value, place.size);
  return value;
}

fs::path segment_file(const fs::path& archive_dir, std::uint32_t segment) {
  return archive_dir / fmt::format("segment-{:08}.ndjson.zst", segment);
}

std::string archive_reader::read(position pos, std::string_view stored) const {
  const auto place = place_of(stored);
  const auto frame = load(place);
  const auto found = frame->find(pos.value);
  if (found == frame->end() || stored_hash(found->second) != stored_hash(stored))
    throw store_error(fmt::format("{} does not hold what the log has archived at position {}", segment_file(dir_, place.segment).string(), pos.value));
  return found->second;
}

std::shared_ptr<const archive_reader::values> archive_reader::load(const archived_place& place) const {
  const std::lock_guard lock(guard_);
  for (auto known = recent_.begin(); known != recent_.end(); ++known) {
    if (known->first != place) continue;
    recent_.splice(recent_.begin(), recent_, known);
    return known->second;
  }
  const auto file = segment_file(dir_, place.segment);
  const auto damaged = [&](std::string_view what) {
    return store_error(fmt::format("{} is damaged at byte {}: {}", file.string(), place.offset, what));
  };
  std::ifstream in(file, std::ios::binary);
  if (!in) throw store_error(fmt::format("{}, which holds archived events, is missing", file.string()));
  if (place.size > max_frame_bytes) throw damaged("a frame is too large");
  std::string packed(place.size, '\0');
  in.seekg(static_cast<std::streamoff>(place.offset));
  if (!in.read(packed.data(), static_cast<std::streamsize>(packed.size()))) throw damaged("it ends early");
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_frame_bytes) throw damaged("no frame begins here");
  std::string lines(size, '\0');
  const auto got = ZSTD_decompress(lines.data(), lines.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size) throw damaged(ZSTD_isError(got) != 0 ? ZSTD_getErrorName(got) : "the frame is shorter than it says");

  auto loaded = std::make_shared<values>();
  for (std::size_t from = 0; from < lines.size();) {
    const auto end = std::min(lines.find('\n', from), lines.size());
    const auto document = json_document::parse(std::string_view(lines).substr(from, end - from));
    from = end + 1;
    if (!document) throw damaged("a line is not JSON");
    const auto pos = json::get_number(document->root(), "position");
    const auto record = from_text(json::get_string(document->root(), "record").value_or(""));
    chain_hash hash{};
    const auto hex = json::get_string(document->root(), "hash").value_or("");
    std::size_t bytes = 0;
    if (!pos || !record || sodium_hex2bin(hash.data(), hash.size(), hex.data(), hex.size(), nullptr, &bytes, nullptr) != 0 || bytes != hash.size())
      throw damaged("a line lacks its position, hash or record");
    std::string value(reinterpret_cast<const char*>(hash.data()), hash.size());
    loaded->emplace(static_cast<std::uint64_t>(*pos), value.append(*record));
  }
  recent_.emplace_front(place, loaded);
  if (recent_.size() > frames_kept) recent_.pop_back();
  return loaded;
}

segment_writer::segment_writer(const fs::path& archive_dir, std::uint32_t segment)
    : final_(segment_file(archive_dir, segment)), temporary_(final_.string() + ".part"), segment_(segment) {
  fs::create_directories(archive_dir);
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (file_ < 0) throw cannot("made", temporary_);
}

segment_writer::~segment_writer() {
  if (file_ < 0) return;
  ::close(file_);
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

archived_place segment_writer::add(const std::vector<std::pair<recorded_event, std::string>>& events) {
  std::string lines;
  for (const auto& [e, stored] : events) {
    json_writer line;
    line.begin_object().field("position", e.pos).field("stream", e.stream.name).field("version", e.version).field("type", e.type);
    line.field("recorded_at", e.recorded_at).field("hash", to_hex(stored_hash(stored)));
    line.field("record", to_text(std::string_view(stored).substr(hash_bytes))).end_object();
    lines.append(line.view()).push_back('\n');
  }
  std::string packed(ZSTD_compressBound(lines.size()), '\0');
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const auto size = ZSTD_compress2(context.get(), packed.data(), packed.size(), lines.data(), lines.size());
  if (ZSTD_isError(size) != 0) throw store_error(fmt::format("{} cannot be compressed: {}", temporary_.string(), ZSTD_getErrorName(size)));
  const archived_place place{segment_, size_, size};
  for (std::size_t done = 0; done < size;) {
    const auto written = ::write(file_, packed.data() + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw cannot("written", temporary_);
    done += static_cast<std::size_t>(written);
  }
  size_ += size;
  return place;
}

void segment_writer::finish() {
  if (::fsync(file_) != 0) throw cannot("synced", temporary_);
  if (::close(std::exchange(file_, -1)) != 0) throw cannot("closed", temporary_);
  fs::rename(temporary_, final_);
  sync_directory(final_.parent_path());
}

}  // namespace plo::eventstore
