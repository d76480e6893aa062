#include "tests/fuzz/check_ingest.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/json.hpp"
#include "base/json_scan.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/event/ingest_event.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/project.hpp"

namespace plo::fuzz {

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

const ingest_scope& any_source() {
  static const event_type_map names = {{"ORDER_VALIDATED", "order.confirmed"}, {"BAD", "Not A Type"}};
  static const ingest_scope scope{"", [](std::string_view source) { return source == "nobody" ? nullptr : &names; }};
  return scope;
}

const domain_settings& settings() {
  static const domain_settings paris{zone::find("Europe/Paris").value_or(zone::utc()), "FR"};
  return paris;
}

}  // namespace

void check_ingest(std::string_view body) {
  const json_scan scan = scan_json(body);
  const bool readable = scan.valid && scan.depth <= max_json_depth && !scan.number_overflow && !scan.lone_surrogate;
  const auto document = json_document::parse(body, max_json_depth);
  require(document.has_value() == readable, "the reader and the scanner agree");

  const auto result = parse_ingest_event(body, any_source());
  if (!result) {
    const auto& error = result.error();
    require((error.what == ingest_error::kind::not_json) == !scan.valid, "400 is for what is not JSON, and only that");
    require((error.what == ingest_error::kind::invalid) == !error.errors.empty(), "422 names the fields at fault");
    for (const auto& e : error.errors) {
      require(e.pointer.empty() || e.pointer.front() == '/', "a pointer is a pointer");
      require(!e.message.empty(), "an error says what is wrong");
    }
    return;
  }
  const ingest_event& e = *result;
  const json_scan payload = scan_json(e.payload);
  require(payload.valid && payload.depth <= max_json_depth, "the payload is JSON, no deeper than allowed");
  require(minify_json(e.payload) == e.payload, "the payload is minified");
  require(same_json(e.payload, e.payload), "the payload is the same as itself");
  require(is_well_formed_type(e.type) && canonical_type(e.type) == e.type, "the type is well formed and has its present name");
  require(parse_instant(format_instant(e.occurred_at)) == e.occurred_at, "the instant can be written back");
  require(e.project.has_value() || !e.project_ref.empty(), "the project is named");
  require(!e.source_ref.empty() && e.source_ref.size() <= 256, "the event has an id");

  // What is accepted is accepted again, with the same content, when it is written back.
  json_writer w;
  w.begin_object().field("source", e.source).field("source_ref", e.source_ref).field("event_type", e.type);
  if (!e.project_ref.empty()) w.field("project_ref", e.project_ref);
  if (e.project) w.field("project_id", *e.project);
  if (!e.order_ref.empty()) w.field("order_ref", e.order_ref);
  if (!e.correlation_id.empty()) w.field("correlation_id", e.correlation_id);
  if (!e.comment.empty()) w.field("comment", e.comment);
  w.field("occurred_at", e.occurred_at).field_raw("payload", e.payload).end_object();
  const auto again = parse_ingest_event(w.view(), any_source());
  require(again.has_value() && *again == e, "an accepted event reads the same when written back");
  require(references_of(e) == references_of(*again), "and teaches the same references");
}

void check_decide(std::string_view lines) {
  const project_id id{derive_uuid(uuid{}, "fuzz")};
  project_state state;
  state.id = id;
  project_state folded = state;
  std::size_t count = 0;
  while (!lines.empty() && count < 32) {
    const auto end = lines.find('\n');
    const auto body = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    const auto posted = parse_ingest_event(body, any_source());
    if (!posted) continue;
    event e;
    e.id = {derive_uuid(id.value, std::to_string(++count))};
    e.type = posted->type;
    // The manual source stands in for an operator, so that operators' events are tried too.
    e.kind = posted->source == "manual" ? event_kind::operator_ : event_kind::source;
    e.source = posted->source;
    e.source_ref = posted->source_ref;
    e.occurred_at = posted->occurred_at;
    e.recorded_at = posted->occurred_at;
    e.project_ref = posted->project_ref;
    e.order_ref = posted->order_ref;
    e.comment = posted->comment;
    e.data = posted->payload;

    auto decided = decide(state, id, e, settings());
    for (const auto& one : decided.events) {
      require(json_document::parse(one.data).has_value(), "an event's data is JSON");
      evolve(folded, one, settings());
    }
    require(folded == decided.next, "folding the stored events gives the state after");
    require(conclude(decided.next, settings()) == held_conclusions(decided.next), "nothing is left to conclude");
    state = std::move(decided.next);
  }
}

}  // namespace plo::fuzz
