// /healthz, /readyz and /metrics.
#include <prometheus/text_serializer.h>

#include "base/json.hpp"
#include "http/routes/core/routes.hpp"
#include "http/server/metrics.hpp"
#include "http/server/service.hpp"

namespace plo::http {

namespace {

template <std::size_t N>
MetricFamily histogram(const char* name, const char* help, const actors::distribution<N>& d) {
  auto f = family(name, help, MetricType::Histogram);
  ClientMetric m;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < N; ++i) {
    total += d.count(i);
    m.histogram.bucket.push_back({total, d.bounds()[i]});
  }
  total += d.count(N);
  m.histogram.bucket.push_back({total, std::numeric_limits<double>::infinity()});
  m.histogram.sample_count = total;
  m.histogram.sample_sum = d.sum();
  f.metric.push_back(std::move(m));
  return f;
}

MetricFamily by_label(const char* name, const char* help, const char* label, const answer_counts& counts) {
  auto f = family(name, help, MetricType::Counter);
  for (const auto& [key, count] : counts.snapshot()) {
    ClientMetric m;
    m.label = {{label, key.first}, {"status", std::to_string(key.second)}};
    m.counter.value = static_cast<double>(count);
    f.metric.push_back(std::move(m));
  }
  return f;
}

bool takes_writes(const eventstore::write_state& state) { return state.is == eventstore::write_state::kind::open; }
bool has_failed(const eventstore::write_state& state) { return state.is == eventstore::write_state::kind::failed; }

std::string metrics_text(service& s) {
  const auto& e = s.engine.metrics();
  const auto head = s.engine.log().head().last.value;
  const auto applied = s.engine.applied().applied().value;
  std::vector<MetricFamily> families{
      by_label("plo_ingest_events_total", "Posted events by way and status", "mode", s.ingest_lines),
      by_label("plo_http_answers_total", "HTTP answers by route and status", "route", s.answers),
      counter("plo_events_committed_total", "Events appended since start", e.events_committed),
      counter("plo_events_archived_total", "Events moved to archive segments since start", e.events_archived),
      counter("plo_archive_failures_total", "Attempts to archive that failed", e.archive_failures),
      counter("plo_append_failures_total", "Append requests the store refused", e.append_failures),
      counter("plo_duplicates_total", "Events that were stored before", e.duplicates),
      counter("plo_conflicts_total", "Repeats with another payload", e.conflicts),
      counter("plo_dead_letters_total", "Events for which no project was found", e.dead_letters),
      gauge("plo_dead_letters_waiting", "Dead letters that wait to be attached",
            static_cast<double>(e.dead_letters_waiting)),
      histogram("plo_commit_group_size", "Append requests in one fsync", e.group_size),
      histogram("plo_commit_seconds", "Time of one group's write with its fsync", e.append_seconds),
      gauge("plo_log_position", "Last position of the log", static_cast<double>(head)),
      gauge("plo_projection_position", "Position the read models hold", static_cast<double>(applied)),
      gauge("plo_projection_lag_events", "Events the read models are behind", static_cast<double>(head - applied)),
      gauge("plo_ingest_in_flight", "Events under way", static_cast<double>(s.in_flight.taken())),
      gauge("plo_directory_queue", "Events waiting for one that is under way", static_cast<double>(e.directory_queue)),
      gauge("plo_deadlines_armed", "Projects that wait for a deadline", static_cast<double>(e.deadlines_armed)),
      histogram("plo_deadline_lateness_seconds", "From a deadline to its durable record, on the wall clock", e.deadline_lateness_seconds),
      gauge("plo_live_projects", "Project actors in memory", static_cast<double>(e.live_projects)),
      counter("plo_projects_replayed_total", "Project actors replayed from the log", e.projects_replayed),
      gauge("plo_http_held_bytes", "Bodies being read and answers not yet taken", static_cast<double>(s.budget.taken())),
      gauge("plo_http_held_bytes_limit", "As many may be held", static_cast<double>(s.budget.most())),
      gauge("plo_stream_subscribers", "Open event streams", static_cast<double>(s.engine.stream().subscribers())),
      gauge("plo_store_refuses_writes", "1 while the log takes no writes", takes_writes(s.engine.log().store().writing()) ? 0 : 1),
      gauge("plo_store_failed", "1 when the log takes no writes until the next start", has_failed(s.engine.log().store().writing()) ? 1 : 0),
      gauge("plo_views_refuse_writes", "1 while the read models cannot be written", takes_writes(s.engine.views_writing()) ? 0 : 1),
  };
  auto parked = family("plo_projection_parked", "Position of the event that a projection could not fold; it stands still since", MetricType::Gauge);
  for (const auto& projection : s.engine.parked()) {
    ClientMetric m;
    m.label = {{"projection", projection.name}};
    m.gauge.value = static_cast<double>(projection.at.value);
    parked.metric.push_back(std::move(m));
  }
  families.push_back(std::move(parked));
  auto building = family("plo_projection_building", "Position up to which a read model is built that is being built anew", MetricType::Gauge);
  const auto built = s.engine.building();
  for (const auto& name : built.names) {
    ClientMetric m;
    m.label = {{"projection", name}};
    m.gauge.value = static_cast<double>(built.at.value);
    building.metric.push_back(std::move(m));
  }
  families.push_back(std::move(building));
  for (const auto& add : s.more_metrics) add(families);
  return prometheus::TextSerializer().Serialize(families);
}

task<answer> get_health(request&) { co_return response(200, R"({"status":"ok"})"); }

/// What is the matter, and what may be hoped for. The log has the system's own words, with names of files, which are not for everybody.
std::string_view reason_of(const eventstore::write_state& state) {
  using kind = eventstore::write_state::kind;
  if (state.is == kind::full) return "no room on the disk, or no file left to open: writes go on by themselves when there is";
  if (state.is == kind::failed) return "a write or fsync failed, or a file is damaged: writes go on after the next start";
  return "something is the matter with the files, but writes go on";
}

task<answer> get_readiness(service& s, request&) {
  const auto head = s.engine.log().head().last;
  const auto applied = s.engine.applied().applied();
  const auto log = s.engine.log().store().writing();
  const auto views = s.engine.views_writing();
  const bool ready = takes_writes(log) && takes_writes(views) && !s.stopping;
  json_writer json;
  const auto parked = s.engine.parked();
  json.begin_object().field("status", !ready ? "not ready" : parked.empty() ? "ready" : "degraded").field("store_takes_writes", takes_writes(log));
  if (!log.reason.empty()) json.field("store_reason", reason_of(log));
  json.field("views_take_writes", takes_writes(views));
  if (!views.reason.empty()) json.field("views_reason", reason_of(views));
  json.key("parked_projections").begin_array();
  for (const auto& p : parked) json.begin_object().field("projection", p.name).field("position", p.at).field("reason", p.reason).end_object();
  json.end_array();
  const auto building = s.engine.building();
  json.key("building_projections").begin_array();
  for (const auto& name : building.names) json.begin_object().field("projection", name).field("position", building.at).end_object();
  json.end_array();
  json.field("stopping", s.stopping.load()).field("position", head).field("projection_position", applied).end_object();
  co_return response(ready ? 200 : 503, json.str());
}

task<answer> get_openapi(service& s, request&) { co_return response(200, std::string(s.settings.openapi)); }

task<answer> get_metrics(service& s, request&) {
  response result(200, metrics_text(s));
  result.content_type = "text/plain; version=0.0.4; charset=utf-8";
  co_return result;
}

}  // namespace

void add_service_routes(router& routes, service& s) {
  routes.add({"GET", "/healthz", [](request& r) { return get_health(r); }, 0, access::open});
  routes.add({"GET", "/readyz", [&s](request& r) { return get_readiness(s, r); }, 0, access::open});
  routes.add({"GET", "/openapi.json", [&s](request& r) { return get_openapi(s, r); }, 0, access::open});
  routes.add({"GET", "/metrics", [&s](request& r) { return get_metrics(s, r); }, 0, access::open});
}

}  // namespace plo::http
