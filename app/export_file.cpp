#include "app/export_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "app/progress.hpp"
#include "base/json.hpp"

namespace plo::app {

namespace {

struct whole_lines {
  std::uint64_t size = 0;  // of the file up to the end of its last whole line
  std::string last;        // that line; empty: there is none
};

/// Reads the file from its end, so that its size does not matter.
whole_lines read_end(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  constexpr std::uint64_t step = 1u << 16;
  std::string tail;
  for (auto at = static_cast<std::uint64_t>(in.tellg()); at > 0;) {
    const auto size = std::min(step, at);
    at -= size;
    std::string part(size, '\0');
    in.seekg(static_cast<std::streamoff>(at));
    in.read(part.data(), static_cast<std::streamsize>(size));
    tail.insert(0, part);
    const auto end = tail.rfind('\n');
    if (end == std::string::npos) continue;
    const auto before = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
    if (before == std::string::npos && at > 0) continue;
    const auto begin = before == std::string::npos ? 0 : before + 1;
    return {at + end + 1, tail.substr(begin, end - begin)};
  }
  return {};
}

std::string report_json(const replay::export_report& report) {
  json_writer json;
  json.begin_object().field("lines", report.lines).field("last_position", report.last).field("operator_events", report.operator_events);
  json.field("discarded", report.discarded).field("renamed", report.renamed).end_object();
  return json.str();
}

void tell(const replay::export_report& report, replay::export_form form) {
  fmt::print(stderr, "{} lines, up to position {}\n", report.lines, report.last.value);
  if (form == replay::export_form::raw) return;
  if (report.operator_events > 0) fmt::print(stderr, "{} operator events are left out: no source can send them\n", report.operator_events);
  if (report.discarded > 0) fmt::print(stderr, "{} dead letters are left out: they were discarded\n", report.discarded);
  if (report.renamed > 0) fmt::print(stderr, "{} events name their project by another reference than they came with\n", report.renamed);
}

}  // namespace

tl::expected<std::string, std::string> export_to_file(const eventstore::log& log, const export_file_options& options) {
  const bool to_file = !options.file.empty() && options.file != "-";
  replay::export_options what;
  what.form = options.form;
  what.from = options.from.value_or(position{1});
  what.to = options.to;
  const auto cannot = [&](const char* doing) { return tl::make_unexpected(fmt::format("{}: cannot be {}: {}", options.file, doing, std::strerror(errno))); };
  bool append = false;
  if (options.resume) {
    if (!to_file) return tl::unexpected(std::string("--resume needs --out FILE"));
    if (std::filesystem::exists(options.file)) {
      const auto end = read_end(options.file);
      std::error_code failed;
      std::filesystem::resize_file(options.file, end.size, failed);
      if (failed) return tl::unexpected(fmt::format("{}: cannot be cut to its last whole line: {}", options.file, failed.message()));
      append = true;
      if (!end.last.empty()) {
        const auto next = replay::position_behind(log, options.form, end.last);
        if (!next) return tl::unexpected(fmt::format("{}: {}", options.file, next.error()));
        what.from = *next;
      }
    }
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(to_file ? std::fopen(options.file.c_str(), append ? "ab" : "wb") : nullptr,
                                                             [](std::FILE* f) { return f == nullptr ? 0 : std::fclose(f); });
  if (to_file && !file) return cannot("written");
  std::FILE* out = to_file ? file.get() : stdout;
  progress_bar bar("events");
  if (to_file) what.progress = [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total, done); };
  bool failed = false;
  const auto report = replay::export_log(log, what, [&](std::string_view line) {
    failed = failed || std::fwrite(line.data(), 1, line.size(), out) != line.size() || std::fputc('\n', out) == EOF;
  });
  if (failed || std::fflush(out) != 0) return cannot("written");
  bar.finish();
  tell(report, options.form);
  return report_json(report);
}

}  // namespace plo::app
