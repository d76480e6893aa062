#include "replay/export.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/event/dead_letter.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/sources.hpp"
#include "replay/project_names.hpp"

namespace plo::replay {

namespace {

/// The source_ref of a project that was created by hand.
constexpr std::string_view by_hand_prefix = "plo:";

std::string raw_line(const eventstore::log& log, const recorded_event& e) {
  auto line = to_json(e);
  const auto stored = log.stored_at(e.pos);
  line.pop_back();
  return line + R"(,"hash":")" + eventstore::to_hex(eventstore::stored_hash(stored.value_or(""))) + "\"}";
}

class ingest_lines {
public:
  ingest_lines(const eventstore::log& log, export_report& report) : log_(log), names_(log), report_(report) {}

  /// Empty for what is not exported.
  std::optional<std::string> line_of(const recorded_event& e) {
    if (const auto project = e.stream.project()) return project_line(*project, e);
    if (e.stream == stream_id::dead_letters() && e.type == "dead_letter.added") return letter_line(e);
    if (e.stream == stream_id::dead_letters() && e.type == "dead_letter.discarded") ++report_.operator_events;
    return std::nullopt;
  }

private:
  std::optional<std::string> project_line(const project_id& project, const recorded_event& e) {
    const bool by_hand = e.kind == event_kind::operator_ && e.type == "project.created";
    if (e.kind == event_kind::operator_ && !by_hand) ++report_.operator_events;
    if (e.kind != event_kind::source && !by_hand) return std::nullopt;
    const auto name = names_.name_for(project, e);
    if (!by_hand && name != e.project_ref) ++report_.renamed;
    json_writer json;
    json.begin_object().field("source", by_hand ? "manual" : std::string_view(e.source));
    json.field("source_ref", by_hand ? std::string(by_hand_prefix) + e.id.to_string() : e.source_ref);
    json.field("event_type", e.type).field("project_ref", name);
    write_optional(json, e.order_ref, e.correlation_id, e.comment);
    json.field("occurred_at", e.occurred_at).field_raw("payload", public_data(e)).end_object();
    return json.str();
  }

  std::optional<std::string> letter_line(const recorded_event& e) {
    const auto data = json_document::parse(e.data);
    const auto root = data ? data->root() : json::element();
    const auto text = [&](const char* name) { return data ? std::string(json::get_string(root, name).value_or("")) : std::string(); };
    const auto id = dead_letter_id::parse(text("dead_letter_id"));
    const auto entry = id ? eventstore::find_dead_letter(log_, *id) : std::nullopt;
    if (entry && entry->status == eventstore::dead_letter_status::discarded) ++report_.discarded;
    if (!entry || entry->status != eventstore::dead_letter_status::waiting) return std::nullopt;
    json_writer json;
    json.begin_object().field("source", e.source).field("source_ref", e.source_ref).field("event_type", text("event_type"));
    if (const auto ref = text("project_ref"); !ref.empty()) json.field("project_ref", ref);
    if (const auto named = text("named_project_id"); !named.empty()) json.field("project_id", named);
    write_optional(json, text("order_ref"), text("correlation_id"), text("comment"));
    json.field("occurred_at", e.occurred_at).field_raw("payload", letter_payload(e.data)).end_object();
    return json.str();
  }

  static void write_optional(json_writer& json, const std::string& order_ref, const std::string& correlation_id, const std::string& comment) {
    if (!order_ref.empty()) json.field("order_ref", order_ref);
    if (!correlation_id.empty()) json.field("correlation_id", correlation_id);
    if (!comment.empty()) json.field("comment", comment);
  }

  const eventstore::log& log_;
  project_names names_;
  export_report& report_;
};

}  // namespace

export_report export_log(const eventstore::log& log, const export_options& options, const std::function<void(std::string_view)>& write) {
  export_report report;
  ingest_lines ingest(log, report);
  const auto last = std::min(options.to.value_or(log.head().last), log.head().last);
  const auto total = last.value < options.from.value ? 0 : last.value - options.from.value + 1;
  log.read(options.from, [&](const recorded_event& e) {
    if (e.pos > last) return false;
    const auto line = options.form == export_form::raw ? std::optional(raw_line(log, e)) : ingest.line_of(e);
    if (line) {
      write(*line);
      ++report.lines;
    }
    report.last = e.pos;
    if (options.progress && e.pos.value % 1024 == 0) options.progress(e.pos.value - options.from.value + 1, total);
    return true;
  });
  if (options.progress) options.progress(total, total);
  return report;
}

tl::expected<position, std::string> position_behind(const eventstore::log& log, export_form form, std::string_view last_line) {
  const auto document = json_document::parse(last_line);
  if (!document) return tl::unexpected(std::string("the last line of the file is not JSON"));
  const auto root = document->root();
  if (form == export_form::raw) {
    const auto at = json::get_number(root, "position");
    if (!at) return tl::unexpected(std::string("the last line of the file has no position: it is no raw export"));
    return position{static_cast<std::uint64_t>(*at) + 1};
  }
  const auto source = json::get_string(root, "source").value_or("");
  const auto ref = json::get_string(root, "source_ref").value_or("");
  // A letter that was written while it waited may have been attached since: what stands between must not be left out.
  std::optional<position> letter;
  log.read_stream(stream_id::dead_letters(), {1}, [&](const recorded_event& e) {
    if (e.type == "dead_letter.added" && e.source == source && e.source_ref == ref) letter = e.pos;
    return !letter;
  });
  if (letter) return position{letter->value + 1};
  if (const auto at = eventstore::find_source_event(log, source, ref)) return position{at->value + 1};
  if (source == "manual" && ref.starts_with(by_hand_prefix)) {
    const auto id = event_id::parse(ref.substr(by_hand_prefix.size()));
    std::optional<position> found;
    log.read({1}, [&](const recorded_event& e) {
      if (id == e.id) found = e.pos;
      return !found;
    });
    if (found) return position{found->value + 1};
  }
  return tl::unexpected(fmt::format("the log does not know the event of the last line, {} {}", source, ref));
}

}  // namespace plo::replay
