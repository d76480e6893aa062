#include "app/control_file.hpp"

#include <fstream>

#include <sodium.h>
#include <unistd.h>

#include "base/json.hpp"
#include "eventstore/kv/durable_files.hpp"

namespace plo::app {

namespace {

std::filesystem::path control_path(const std::filesystem::path& data_dir) { return data_dir / "control.json"; }

}  // namespace

std::string make_control_token() {
  unsigned char bytes[32];
  randombytes_buf(bytes, sizeof bytes);
  std::string hex(2 * sizeof bytes + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes, sizeof bytes);
  hex.pop_back();
  return hex;
}

control_file::control_file(const std::filesystem::path& data_dir, const std::string& url, const std::string& token) : file_(control_path(data_dir)) {
  json_writer json;
  json.begin_object().field("url", url).field("pid", static_cast<std::int64_t>(::getpid())).field("token", token).end_object();
  eventstore::write_durably(file_, json.str() + "\n", 0600);
}

control_file::~control_file() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

std::optional<control_access> read_control_file(const std::filesystem::path& data_dir) {
  std::ifstream in(control_path(data_dir), std::ios::binary);
  if (!in) return std::nullopt;
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto document = json_document::parse(text);
  if (!document) return std::nullopt;
  const auto url = json::get_string(document->root(), "url");
  const auto token = json::get_string(document->root(), "token");
  if (!url || !token) return std::nullopt;
  return control_access{std::string(*url), static_cast<long>(json::get_number(document->root(), "pid").value_or(0)), std::string(*token)};
}

}  // namespace plo::app
