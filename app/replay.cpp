#include "app/replay.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/exit_status.hpp"
#include "app/export_file.hpp"
#include "app/master_key.hpp"
#include "app/progress.hpp"
#include "app/rules.hpp"
#include "app/validators.hpp"
#include "app/wiring.hpp"
#include "replay/explain.hpp"
#include "replay/head.hpp"
#include "replay/project_at.hpp"
#include "replay/rederive.hpp"
#include "replay/text.hpp"
#include "replay/verify.hpp"
#include "replay/what_if.hpp"

namespace plo::app {

namespace {

/// What is wrong with the words on the command line, or with the files they name.
class usage_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

std::string read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw usage_error(fmt::format("{}: cannot be read", file));
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

/// An instant, or a day of the server's zone, which begins it.
instant instant_of(const std::string& text, const zone& tz) {
  if (const auto at = parse_instant(text)) return *at;
  if (const auto day = parse_day(text)) return tz.at(*day);
  throw usage_error(fmt::format("'{}' is neither an instant such as 2025-06-15T14:32:00Z nor a day", text));
}

/// A place in history: a position, or an instant by which events were recorded.
replay::known_by point_of(const std::string& text, const zone& tz) {
  if (const auto n = parse_number(text)) return position{*n};
  return std::optional(instant_of(text, tz));
}

replay::progress shown_by(progress_bar& bar) {
  return [&bar](std::uint64_t done, std::uint64_t total) { bar.show(done, total, done); };
}

}  // namespace

/// Everything that may stand on the command line, whichever the subcommand.
struct replay_command::words {
  std::string data, config, master_key_file;
  bool json = false;

  std::string project, anomaly, at, from, to;
  std::optional<std::uint64_t> position;

  bool views = false, rows = false, sign = false;
  std::vector<std::string> heads;
  std::string public_key, key_file, out;

  std::string rules, store, type;
  std::string form = "raw";
  bool resume = false;

  [[nodiscard]] const config::settings& settings() const {
    if (!settings_) {
      if (config.empty()) {
        settings_ = config::settings{};
      } else {
        auto read = config::read_settings(config);
        if (!read) throw usage_error(read.error().message());
        settings_ = std::move(*read);
      }
    }
    return *settings_;
  }
  [[nodiscard]] std::filesystem::path data_dir() const { return data.empty() ? settings().server.data_dir : std::filesystem::path(data); }
  [[nodiscard]] domain_settings domain() const { return domain_settings_of(settings()); }

  [[nodiscard]] eventstore::privacy_options privacy() const {
    auto s = settings();
    if (!master_key_file.empty()) {
      s.privacy.master_key.clear();
      s.privacy.master_key_file = master_key_file;
      if (!std::filesystem::exists(master_key_file)) throw usage_error(fmt::format("{}: cannot be read", master_key_file));
    } else if (const char* key = std::getenv("PLO_MASTER_KEY"); key != nullptr && *key != '\0') {
      s.privacy.master_key = key;
    }
    return privacy_of(s, data_dir(), false);
  }
  [[nodiscard]] std::unique_ptr<eventstore::log> open() const {
    return eventstore::open_rocksdb_log(data_dir(), {eventstore::open_mode::read_only, privacy()});
  }

  [[nodiscard]] project_id project_in(const eventstore::log& log) const {
    const auto found = replay::projects_named(log, project);
    if (found.size() == 1) return found.front();
    std::string sentence = found.empty() ? fmt::format("no project is known as '{}'", project) : fmt::format("several projects are known as '{}':", project);
    for (const auto& id : found) sentence += "\n  " + id.to_string();
    throw usage_error(sentence);
  }
  [[nodiscard]] replay::known_by then() const {
    if (position) return plo::position{*position};
    return at.empty() ? replay::known_by() : replay::known_by(std::optional(instant_of(at, domain().tz)));
  }

  /// On standard output, as it is or for people.
  void print(const std::string& document, std::string (*text)(std::string_view)) const { std::cout << (json ? document + "\n" : text(document)); }

private:
  mutable std::optional<config::settings> settings_;
};

namespace {

eventstore::known_head head_in(const std::string& file, const std::string& public_key) {
  const auto head = replay::parse_head(read_file(file));
  if (!head) throw usage_error(fmt::format("{}: {}", file, head.error()));
  if (const auto reason = replay::refuses(*head, public_key)) throw eventstore::store_error(fmt::format("{}: {}", file, *reason));
  return {head->at, head->hash, file};
}

}  // namespace

replay_command::replay_command(CLI::App& cli) : words_(std::make_unique<words>()) {
  auto& w = *words_;
  command_ = cli.add_subcommand("replay", "Audit a log: prove it, look back, explain, ask what if. Reads only, also beside a running server");
  command_->require_subcommand(1);

  const auto add = [&](const char* name, const char* what, const char* examples, std::function<int()> run) {
    auto* sub = command_->add_subcommand(name, what);
    sub->footer(std::string("Examples:\n") + examples);
    sub->add_option("--data", w.data, "Data directory; wins over the file")->check(names_something);
    sub->add_option("--config", w.config, "Configuration file (TOML) that the server ran with: zone, country, personal fields");
    sub->add_option("--master-key-file", w.master_key_file, "The key that opens personal data; else PLO_MASTER_KEY, else DATA/master_key if it is there");
    sub->add_flag("--json", w.json, "For machines");
    sub->callback([this, run = std::move(run)] { chosen_ = run; });
    return sub;
  };
  const auto add_project = [&](CLI::App* sub) {
    sub->add_option("project,--project", w.project, "Its id, or a reference that any source knows it by")->required();
  };
  const auto add_then = [&](CLI::App* sub) {
    auto* position = sub->add_option("--position", w.position, "As it was known up to this position");
    sub->add_option("--at", w.at, "As it was known then: an instant, or a day")->excludes(position);
  };

  auto* verify = add("verify", "Prove the chain, positions, versions and indexes; with --views the read models; with --head what was signed",
                     "  plo replay verify --data data\n  plo replay verify --data data --views --rows\n  plo replay verify --data data --head head.json", [&w] {
    replay::verify_options options;
    options.data_dir = w.data_dir();
    options.settings = w.domain();
    options.privacy = w.privacy();
    options.views = w.views;
    options.rows = w.rows;
    std::vector<std::string> bad_heads;
    for (const auto& file : w.heads) {
      try {
        options.heads.push_back(head_in(file, w.public_key));
      } catch (const eventstore::store_error& failure) {
        bad_heads.push_back(failure.what());
      }
    }
    progress_bar bar("steps");
    options.progress = shown_by(bar);
    auto report = replay::verify(options);
    report.file_faults.insert(report.file_faults.end(), bad_heads.begin(), bad_heads.end());
    bar.finish();
    w.print(replay::to_json(report), replay::verify_text);
    return report.ok() ? done : check_failed;
  });
  verify->add_flag("--views", w.views, "Compare the read models with the log by their counts and digests");
  verify->add_flag("--rows", w.rows, "And every row, by building them again in a folder of their own");
  verify->add_option("--head", w.heads, "A signed head whose history must still be there");
  verify->add_option("--public-key", w.public_key, "The key (hex) that the heads must be signed with");

  auto* heads = add("heads", "Show the head of the log: position, hash, time; sign it for an auditor",
                    "  plo replay heads --data data\n  plo replay heads --data data --sign --out head.json", [&w] {
    const auto head = replay::head_of(*w.open());
    std::string document = replay::to_json(head);
    if (w.sign) {
      const auto key = w.key_file.empty() ? w.data_dir() / "head_key" : std::filesystem::path(w.key_file);
      const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
      document = replay::to_json(replay::sign(head, key, now));
    }
    if (w.out.empty() || w.out == "-") {
      if (w.json || w.sign) std::cout << document << "\n";
      else fmt::print("position {}, hash {}, recorded at {}\n", head.at.value, eventstore::to_hex(head.hash), format_instant(head.recorded_at));
      return done;
    }
    std::ofstream out(w.out, std::ios::binary);
    out << document << "\n";
    if (!out.flush()) throw usage_error(fmt::format("{}: cannot be written", w.out));
    return done;
  });
  heads->add_flag("--sign", w.sign, "Sign it (Ed25519)");
  heads->add_option("--key", w.key_file, "The key file, made when it is not there; DATA/head_key");
  heads->add_option("--out", w.out, "Write to a file; - is standard output");

  const auto look_back = [&w](auto find, std::string (*text)(std::string_view)) {
    const auto log = w.open();
    const auto id = w.project_in(*log);
    const std::optional<std::string> document = find(*log, id);
    if (!document) throw usage_error("the project did not exist then");
    w.print(*document, text);
    return done;
  };
  auto* state = add("state", "A project as it was known then",
                    "  plo replay state CMD-2025-98765 --data data\n  plo replay state --project CMD-2025-98765 --at 2025-06-15T14:32:00Z --json --data data",
                    [&w, look_back] { return look_back([&w](const auto& log, const auto& id) { return replay::state_at(log, id, w.domain(), w.then()); }, replay::state_text); });
  add_project(state);
  add_then(state);
  auto* timeline = add("timeline", "What had happened to a project, oldest first, and what it caused", "  plo replay timeline CMD-2025-98765 --data data",
                       [&w, look_back] { return look_back([&w](const auto& log, const auto& id) { return replay::timeline_at(log, id, w.then()); }, replay::timeline_text); });
  add_project(timeline);
  add_then(timeline);
  auto* diff = add("diff", "What changed in a project between two points",
                   "  plo replay diff CMD-2025-98765 --from 1200 --to 1300 --data data\n  plo replay diff CMD-2025-98765 --from 2025-06-01 --to 2025-07-01 --data data",
                   [&w, look_back] {
    return look_back([&w](const auto& log, const auto& id) {
      const auto tz = w.domain().tz;
      return replay::difference_of(log, id, w.domain(), point_of(w.from, tz), w.to.empty() ? replay::known_by() : point_of(w.to, tz));
    }, replay::difference_text);
  });
  add_project(diff);
  diff->add_option("--from", w.from, "A position, an instant, or a day")->required();
  diff->add_option("--to", w.to, "The same; without it the end of the log");

  auto* explain = add("explain", "Why an anomaly is there: rule, facts, what led to it, who was told, what people did",
                      "  plo replay explain 01a1febf-0334-88d1-9fae-74a54d42c45d --data data", [&w] {
    const auto id = anomaly_id::parse(w.anomaly);
    if (!id) throw usage_error(fmt::format("'{}' is not the id of an anomaly", w.anomaly));
    progress_bar bar("events");
    const auto document = replay::explain(*w.open(), *id, w.domain(), shown_by(bar));
    bar.finish();
    if (!document) throw usage_error("no anomaly of this id was ever raised");
    w.print(*document, replay::explanation_text);
    return done;
  });
  explain->add_option("anomaly,--anomaly", w.anomaly, "Its id")->required();

  add("rederive", "Decide the whole history again and compare with what was stored", "  plo replay rederive --data data --config config/plo.toml", [&w] {
    progress_bar bar("events");
    replay::rederive_options options;
    options.settings = w.domain();
    options.progress = shown_by(bar);
    const auto report = replay::rederive(*w.open(), options);
    bar.finish();
    w.print(replay::to_json(report), replay::rederive_text);
    return report.ok() ? done : check_failed;
  });

  auto* what_if = add("what-if", "Which anomalies other rules would have raised, dropped or moved",
                      "  plo replay what-if --rules changed.toml --data data\n  plo replay what-if --rules changed.toml --from 2025-01-01 --store FR-LYON --json --data data", [&w] {
    const auto file = read_rule_file(w.rules);
    if (!file.complaints.empty()) {
      for (const auto& complaint : file.complaints) std::cerr << complaint << "\n";
      return bad_usage;
    }
    progress_bar bar("events");
    projections::trial_settings settings;
    settings.domain = w.domain();
    if (!w.from.empty()) settings.since = instant_of(w.from, settings.domain.tz);
    if (!w.to.empty()) settings.until = instant_of(w.to, settings.domain.tz);
    settings.store_id = w.store;
    settings.project_type = w.type;
    settings.progress = shown_by(bar);
    const auto document = replay::what_if(*w.open(), file.rules, std::move(settings));
    bar.finish();
    w.print(document, replay::trial_text);
    return done;
  });
  what_if->add_option("--rules", w.rules, "Rule file (TOML): rules of the same id are replaced, new ones added")->required();
  what_if->add_option("--from", w.from, "Anomalies raised from here on: an instant, or a day");
  what_if->add_option("--to", w.to, "And before");
  what_if->add_option("--store", w.store, "Projects of this store");
  what_if->add_option("--type", w.type, "Projects of this type");

  auto* exporting = add("export", "The log as NDJSON: raw, or as events that can be imported",
                        "  plo replay export --data data --out log.ndjson\n  plo replay export --data data --as ingest --out events.ndjson\n"
                        "  plo replay export --data data --out log.ndjson --resume", [&w] {
    export_file_options options;
    options.file = w.out;
    options.resume = w.resume;
    options.form = w.form == "ingest" ? replay::export_form::ingest : replay::export_form::raw;
    for (const auto& [text, into] : {std::pair(&w.from, &options.from), std::pair(&w.to, &options.to)}) {
      if (text->empty()) continue;
      const auto n = parse_number(*text);
      if (!n) throw usage_error(fmt::format("'{}' is not a position", *text));
      *into = position{*n};
    }
    const auto written = export_to_file(*w.open(), options);
    if (!written) throw usage_error(written.error());
    if (w.json && w.out != "-" && !w.out.empty()) std::cout << *written << "\n";
    return done;
  });
  exporting->add_option("--out", w.out, "The file; - is standard output")->capture_default_str();
  exporting->add_option("--as,--format", w.form, "raw: every event with its hash; ingest: what sources sent")->check(CLI::IsMember({"raw", "ingest"}))->capture_default_str();
  exporting->add_option("--from", w.from, "From this position on");
  exporting->add_option("--to", w.to, "Up to this position");
  exporting->add_flag("--resume", w.resume, "Go on behind the last whole line of --out");
}

replay_command::~replay_command() = default;

bool replay_command::parsed() const { return command_->parsed(); }

int replay_command::run() const try {
  return chosen_();
} catch (const usage_error& wrong) {
  std::cerr << "plo: " << wrong.what() << "\n";
  return bad_usage;
}

}  // namespace plo::app
