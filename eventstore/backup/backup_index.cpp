#include "eventstore/backup/backup_index.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/json.hpp"
#include "eventstore/kv/durable_files.hpp"

namespace plo::eventstore {

namespace {

constexpr std::string_view format_name = "plo-backup-1";
constexpr std::string_view index_name = "backup.json";

chain_hash from_hex(std::string_view hex) {
  chain_hash hash{};
  if (hex.size() != 2 * hash.size()) throw std::invalid_argument("a hash has 64 digits");
  const auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return hash;
}

template <class Read>
auto read_list(simdjson::dom::element object, std::string_view name, Read read) {
  std::vector<decltype(read(object))> all;
  for (const auto item : simdjson::dom::array(object[name])) all.push_back(read(item));
  return all;
}

kept_file read_file(simdjson::dom::element e) {
  return {std::string(std::string_view(e["name"])), std::string(std::string_view(e["blake2b"])), e["size"]};
}

void write_files(json_writer& json, std::string_view name, const std::vector<kept_file>& files) {
  json.key(name).begin_array();
  for (const auto& f : files) json.begin_object().field("name", f.name).field("size", f.size).field("blake2b", f.digest).end_object();
  json.end_array();
}

}  // namespace

backup_index read_index(const std::filesystem::path& dir) {
  const auto file = dir / index_name;
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto damaged = [&](std::string_view what) { return store_damaged(fmt::format("{} is damaged: {}", file.string(), what)); };
  const auto document = json_document::parse(text);
  if (!document) throw damaged("it is not JSON");
  if (json::get_string(document->root(), "format") != format_name) throw damaged("it is of another format");
  try {
    backup_index index;
    index.backups = read_list(document->root(), "backups", [](simdjson::dom::element e) {
      backup_entry entry;
      entry.id = static_cast<std::uint32_t>(std::uint64_t(e["id"]));
      entry.head = {position{e["position"]}, from_hex(e["hash"])};
      entry.taken_at = std::string_view(e["taken_at"]);
      entry.bytes = e["bytes"];
      entry.segments = e["segments"];
      return entry;
    });
    index.archive = read_list(document->root(), "archive", read_file);
    index.files = read_list(document->root(), "files", read_file);
    return index;
  } catch (const std::exception& missing) {
    throw damaged(missing.what());
  }
}

void write_index(const std::filesystem::path& dir, const backup_index& index) {
  json_writer json;
  json.begin_object().field("format", format_name);
  if (!index.backups.empty()) {
    const auto& latest = index.backups.back();
    json.field("latest", latest.id).field("position", latest.head.last).field("hash", to_hex(latest.head.hash)).field("taken_at", latest.taken_at);
  }
  json.key("backups").begin_array();
  for (const auto& b : index.backups) {
    json.begin_object().field("id", b.id).field("position", b.head.last).field("hash", to_hex(b.head.hash));
    json.field("taken_at", b.taken_at).field("bytes", b.bytes).field("segments", b.segments).end_object();
  }
  json.end_array();
  write_files(json, "archive", index.archive);
  write_files(json, "files", index.files);
  json.end_object();
  write_durably(dir / index_name, std::string(json.str()) + "\n", 0600);
}

}  // namespace plo::eventstore
