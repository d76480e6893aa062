#include "replay/verify.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "eventstore/kv/durable_files.hpp"
#include "replay/verify_views.hpp"

namespace plo::replay {

namespace {

constexpr int most_attempts = 5;

/// Archive segments are what they were when they were written: their events say so already, this is about every byte.
void verify_segments(const std::filesystem::path& data_dir, verify_report& report) try {
  const auto log = eventstore::open_rocksdb_log(data_dir, {eventstore::open_mode::read_only, {}});
  log->read_stream(stream_id::archive(), {1}, [&](const recorded_event& e) {
    const auto data = json_document::parse(e.data);
    if (e.type != own_type::segment_written || !data) return true;
    const auto number = static_cast<std::uint32_t>(json::get_number(data->root(), "segment").value_or(0));
    const auto file = eventstore::segment_file(data_dir / "archive", number);
    if (!std::filesystem::exists(file)) {
      report.file_faults.push_back(fmt::format("{}, written at position {}, is missing", file.string(), e.pos.value));
    } else if (eventstore::digest_of(file) != json::get_string(data->root(), "digest").value_or("")) {
      report.file_faults.push_back(fmt::format("{} is not as it was written at position {}", file.string(), e.pos.value));
    }
    return true;
  });
} catch (const eventstore::store_error& failure) {
  report.file_faults.push_back(failure.what());
}

}  // namespace

verify_report verify(const verify_options& options) {
  verify_report report;
  report.heads = options.heads;
  try {
    auto store = eventstore::open_log_store(options.data_dir, eventstore::open_mode::read_only);
    for (int attempt = 1;; ++attempt) {
      try {
        store->verify_files();
        break;
      } catch (const eventstore::store_error& failure) {
        // The server beside may have replaced files since they were listed: look at what it has now.
        const bool gone = std::string_view(failure.what()).find("No such file") != std::string_view::npos;
        if (gone && attempt < most_attempts) {
          store = eventstore::open_log_store(options.data_dir, eventstore::open_mode::read_only);
          continue;
        }
        report.file_faults.push_back(failure.what());
        break;
      }
    }
    const eventstore::archive_reader archive(options.data_dir / "archive");
    report.log = eventstore::check_log(*store, archive, {options.heads, options.most_faults, options.progress});
  } catch (const eventstore::store_damaged& damage) {
    // There is a store, and it cannot even be opened: that is what was asked.
    report.file_faults.push_back(damage.what());
    return report;
  }
  if (report.log.ok()) verify_segments(options.data_dir, report);
  if (options.views || options.rows) report.views = verify_views(options);
  return report;
}

namespace {

void write_views(json_writer& json, const views_verdict& views) {
  json.key("views").begin_object().field("checkpoint", views.status.checkpoint).field("folded", views.status.folded);
  json.key("each").begin_array();
  for (const auto& record : views.status.views) {
    json.begin_object().field("name", record.view).field("schema", record.schema).field("building", record.is_building);
    json.field("checkpoint", record.progress.checkpoint).field("folded", record.progress.folded).end_object();
  }
  json.end_array().field("rows_compared", views.rows_compared).field_strings("faults", views.faults).end_object();
}

}  // namespace

std::string to_json(const verify_report& report) {
  const auto& log = report.log;
  json_writer json;
  json.begin_object().field("ok", report.ok()).field("events", log.events).field("streams", log.streams);
  json.key("head").begin_object().field("position", log.head.last).field("hash", eventstore::to_hex(log.head.hash)).end_object();
  json.key("first_fault");
  if (log.faults.empty() || log.faults.front().at.value == 0) json.null();
  else json.value(log.faults.front().at);
  json.key("faults").begin_array();
  for (const auto& fault : log.faults) {
    json.begin_object().key("position");
    if (fault.at.value == 0) json.null();
    else json.value(fault.at);
    json.field("what", fault.what).end_object();
  }
  json.end_array().field("faults_total", log.faults_total).field_strings("file_faults", report.file_faults);
  json.key("heads").begin_array();
  for (const auto& h : report.heads) json.begin_object().field("name", h.name).field("position", h.at).end_object();
  json.end_array();
  if (report.views) write_views(json, *report.views);
  return json.end_object().str();
}

}  // namespace plo::replay
