#include "actors/upkeep/archiver.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"
#include "actors/core/single_entity.hpp"
#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "eventstore/kv/durable_files.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t max_events_per_segment = 50'000;  // their places go into the log in one batch
constexpr std::size_t events_per_frame = 1'000;         // compress well together, and are unpacked in a millisecond or two

}  // namespace

/// A segment on its way to the log.
struct archiver_state::segment {
  std::uint32_t number = 0;
  std::optional<eventstore::segment_writer> writer;
  std::vector<std::pair<recorded_event, std::string>> frame;  // not written yet
  std::vector<eventstore::archived_event> events;
  std::uint64_t streams = 0;

  void write_frame() {
    if (frame.empty()) return;
    const auto place = writer->add(frame);
    for (const auto& [e, stored] : frame) events.push_back({e.pos, place});
    frame.clear();
  }

  [[nodiscard]] bool full(std::uint64_t bytes) const {
    return writer && (writer->size() >= bytes || events.size() >= max_events_per_segment);
  }
};

void archiver_state::init(caf::event_based_actor* self, archiver_environment environment) {
  self_ = self;
  environment_ = std::move(environment);
}

void archiver_state::open(const caf::actor& committer) {
  committer_ = committer;
  if (environment_.retention.archive_after.count() > 0) self_->send(self_, archive_tick{});
}

std::uint32_t archiver_state::next_segment() const {
  // A file without a record was left by a failure; its number is not used again, as nobody can be sure what points at it.
  std::uint32_t last = 0;
  environment_.log->read_stream(stream_id::archive(), {1}, [&](const recorded_event& e) {
    const auto data = json_document::parse(e.data);
    if (data) last = std::max(last, static_cast<std::uint32_t>(json::get_number(data->root(), "segment").value_or(0)));
    return true;
  });
  while (std::filesystem::exists(eventstore::segment_file(environment_.retention.archive_dir, last + 1))) ++last;
  return last + 1;
}

void archiver_state::add_stream(const stream_id& stream, segment& into) {
  const auto& log = *environment_.log;
  const auto before = into.frame.size();
  log.read_stream(stream, {1}, [&](const recorded_event& e) {
    if (!log.is_archived(e.pos)) into.frame.emplace_back(e, log.stored_at(e.pos).value());
    return true;
  });
  if (into.frame.size() == before) return;
  if (!into.writer) {
    into.number = next_segment();
    into.writer.emplace(environment_.retention.archive_dir, into.number);
  }
  ++into.streams;
  if (into.frame.size() >= events_per_frame) into.write_frame();
}

void archiver_state::collect(segment& into) {
  const auto untouched_since = project_clock::wall_now() - environment_.retention.archive_after;
  while (!into.full(environment_.retention.segment_bytes)) {
    const auto next = environment_.next_closed(untouched_since);
    if (!next) return;
    add_stream(*next, into);
  }
}

/// Reads back what was written, before the log lets go of its own.
void archiver_state::verify(const segment& written) const {
  const eventstore::archive_reader reader(environment_.retention.archive_dir);
  for (const auto& [pos, place] : written.events) {
    const auto stored = environment_.log->stored_at(pos).value();
    if (reader.read(pos, eventstore::archived_value(eventstore::stored_hash(stored), place)) != stored)
      throw eventstore::store_error(fmt::format("archive segment {} does not read back at position {}", written.number, pos.value));
  }
}

void archiver_state::store(segment& written) {
  const auto [first, last] =
      std::minmax_element(written.events.begin(), written.events.end(), [](const auto& a, const auto& b) { return a.pos < b.pos; });
  const auto bytes = written.writer->size();
  auto e = event_now(event_kind::clock);  // what nobody asked for but time
  e.type = own_type::segment_written;
  json_writer data;
  data.begin_object().field("segment", std::uint64_t{written.number}).field("projects", written.streams);
  data.field("events", std::uint64_t{written.events.size()}).field("first_position", first->pos).field("last_position", last->pos);
  data.field("bytes", bytes).field("digest", eventstore::digest_of(eventstore::segment_file(environment_.retention.archive_dir, written.number))).end_object();
  e.data = data.str();
  spdlog::info("archived {} events of {} closed projects in segment {} ({} bytes)", written.events.size(), written.streams, written.number, bytes);
  environment_.metrics->events_archived += written.events.size();
  eventstore::append_request request;
  request.appends.push_back({stream_id::archive(), {}, {std::move(e)}});
  request.archived = std::move(written.events);
  self_->send(committer_, append_job{std::make_shared<eventstore::append_request>(std::move(request)), caf::actor_cast<caf::actor>(self_), 1, {}});
}

void archiver_state::archive() {
  const auto later = [this] { self_->delayed_send(self_, environment_.retention.check_every, archive_tick{}); };
  try {
    segment next;
    collect(next);
    if (!next.writer) return later();
    next.write_frame();
    next.writer->finish();
    verify(next);
    store(next);
  } catch (const std::exception& failure) {
    spdlog::error("nothing was archived: {}", failure.what());
    ++environment_.metrics->archive_failures;
    environment_.look_again();
    later();
  }
}

void archiver_state::on_appended(const append_done& done) {
  if (done.stored) return self_->send(self_, archive_tick{});  // there may be more
  environment_.look_again();
  ++environment_.metrics->archive_failures;
  self_->delayed_send(self_, environment_.retention.check_every, archive_tick{});
}

caf::behavior archiver(caf::stateful_actor<archiver_state>* self, archiver_environment environment) {
  die_of_exceptions(self);
  self->state.init(self, std::move(environment));
  return {
      [=](const open_archiver& open) { self->state.open(open.committer); },
      [=](archive_tick) { self->state.archive(); },
      [=](const append_done& done) { self->state.on_appended(done); },
  };
}

}  // namespace plo::actors
