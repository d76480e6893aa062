// plo import: the way in for files. The same checks and the same engine as the batch endpoint, without HTTP.
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "app/commands.hpp"
#include "app/exit_status.hpp"
#include "app/progress.hpp"
#include "app/wiring.hpp"

namespace plo::app {

namespace {

using actors::ingest_reply;

constexpr std::size_t max_under_way = 4000;
constexpr std::size_t lines_per_send = 500;
constexpr std::size_t max_complaints = 20;

struct tally {
  std::uint64_t lines = 0, stored = 0, duplicates = 0, conflicts = 0, dead_letters = 0, bad = 0, refused = 0;
};

class importer {
public:
  importer(actors::engine& engine, const config::settings& settings) : engine_(engine), max_ahead_(settings.ingest.max_ahead) {
    scope_.limits = engine.limits();
    scope_.map_of = [&settings](std::string_view name) -> const event_type_map* {
      const auto found = settings.sources.find(name);
      return found == settings.sources.end() ? nullptr : &found->second.event_type_map;
    };
  }

  void take(std::string_view line) {
    const std::uint64_t number = ++line_number_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    {
      const std::lock_guard lock(guard_);
      ++counts_.lines;
    }
    if (engine_.on_wall_clock()) scope_.latest = actors::project_clock::wall_now() + max_ahead_;
    auto event = parse_ingest_event(line, scope_);
    if (!event) return complain(number, event.error());
    pending_.push_back({std::move(*event), actors::ingest_completion(
                                               [this, number](ingest_reply reply) { count(number, reply); })});
    if (pending_.size() >= lines_per_send) send();
  }

  void finish() {
    send();
    std::unique_lock lock(guard_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

  [[nodiscard]] tally counts() const {
    const std::lock_guard lock(guard_);
    return counts_;
  }

private:
  void send() {
    if (pending_.empty()) return;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return under_way_ < max_under_way; });
      under_way_ += pending_.size();
    }
    engine_.ingest(std::exchange(pending_, {}));
  }

  void count(std::uint64_t number, const ingest_reply& reply) {
    const std::lock_guard lock(guard_);
    switch (reply.what) {
      case ingest_reply::outcome::stored: ++counts_.stored; break;
      case ingest_reply::outcome::duplicate: ++counts_.duplicates; break;
      case ingest_reply::outcome::dead_letter: ++counts_.dead_letters; break;
      case ingest_reply::outcome::invalid:
        if (++counts_.bad <= max_complaints) fmt::print(stderr, "\nline {}: {}\n", number, reply.reason);
        break;
      case ingest_reply::outcome::unavailable:
        ++counts_.refused;
        if (counts_.refused <= max_complaints) fmt::print(stderr, "\nline {}: the store refused it\n", number);
        break;
    }
    if (reply.conflict) ++counts_.conflicts;
    --under_way_;
    changed_.notify_all();
  }

  void complain(std::uint64_t number, const ingest_error& error) {
    const std::lock_guard lock(guard_);
    if (++counts_.bad > max_complaints) return;
    fmt::print(stderr, "\nline {}: {}\n", number, error.detail);
    for (const auto& field : error.errors) fmt::print(stderr, "  {}: {}\n", field.pointer, field.message);
    if (counts_.bad == max_complaints) fmt::print(stderr, "further bad lines are counted only\n");
  }

  actors::engine& engine_;
  milliseconds max_ahead_;
  ingest_scope scope_;
  std::vector<actors::ingest_item> pending_;
  std::uint64_t line_number_ = 0;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  tally counts_;
};

}  // namespace

int import_events(const import_options& options) {
  const auto settings = load_settings(options.config);
  if (!settings) return bad_usage;
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) {
      std::cerr << "plo: " << options.file << ": cannot be read\n";
      return bad_usage;
    }
  }
  std::istream& in = options.file == "-" ? std::cin : file;
  std::error_code no_size;
  auto total = options.file == "-" ? 0 : std::filesystem::file_size(options.file, no_size);
  if (no_size) total = 0;

  const auto engine = start_engine(*settings, options.data, options.clock, actors::outbox_mode::log_only);
  importer import(*engine, *settings);
  progress_bar bar("lines");
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(in, line);) {
    bytes += line.size() + 1;
    if (line.size() > settings->ingest.max_body_bytes) line.assign("\"longer than ingest.max_body_bytes\"");
    import.take(line);
    bar.show(bytes, total, import.counts().lines);
  }
  import.finish();
  const auto counts = import.counts();
  bar.show(bytes, total, counts.lines);
  bar.finish();
  if (!engine->settle(std::chrono::minutes(1))) spdlog::info("the read models will catch up at the next start");
  fmt::print("{} lines: {} stored, {} duplicates ({} in conflict), {} waited for their project ({} wait still), {} bad, "
             "{} refused by the store\n",
             counts.lines, counts.stored, counts.duplicates, counts.conflicts, counts.dead_letters,
             engine->metrics().dead_letters_waiting.load(), counts.bad, counts.refused);
  if (counts.refused > 0) return store_unusable;
  return counts.bad > 0 ? check_failed : done;
}

}  // namespace plo::app
