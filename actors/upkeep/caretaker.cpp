#include "actors/upkeep/caretaker.hpp"

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

constexpr std::size_t projects_per_look = 500;
constexpr std::size_t max_events_per_segment = 50'000;  // their places go into the log in one batch
constexpr std::size_t events_per_frame = 1'000;         // compress well together, and are unpacked in a millisecond or two
constexpr std::array<std::string_view, 2> closed_statuses{"completed", "cancelled"};

/// {position}: what was erased up to there is in no file any more.
constexpr std::string_view erasures_purged = "privacy.purged";

/// Which of its own events an append was for.
constexpr ticket purge_note = 1, segment_note = 2;

/// What nobody asked for but time.
event note(std::string_view type) {
  auto e = event_now(event_kind::clock);
  e.type = type;
  return e;
}

/// True when the last event of a project is in the archive, and so are those before it: a start looks at all that was ever closed, and must
/// not unpack it. False as well where nobody can say without reading.
bool is_archived_already(const eventstore::log& log, const eventstore::kv_reader& rows, const project_id& id) {
  const auto item = json_document::parse(projections::project_item(rows, id));
  const auto last = item ? json::get_number(item->root(), "position") : std::nullopt;
  return last && log.is_archived({static_cast<std::uint64_t>(*last)});
}

}  // namespace

/// A segment on its way to the log.
struct caretaker_state::segment {
  std::uint32_t number = 0;
  std::optional<eventstore::segment_writer> writer;
  std::vector<std::pair<recorded_event, std::string>> frame;  // not written yet
  std::vector<eventstore::archived_event> events;
  std::uint64_t projects = 0;

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

void caretaker_state::init(caf::event_based_actor* self, caretaker_environment environment) {
  self_ = self;
  environment_ = std::move(environment);
}

void caretaker_state::open(const caf::actor& committer) {
  committer_ = committer;
  // A crash may have come between an erasure and the rewriting of the files.
  position erased, purged;
  environment_.log->read_stream(stream_id::privacy(), {1}, [&](const recorded_event& e) {
    (e.type == own_type::customer_erased ? erased : purged) = e.pos;
    return true;
  });
  if (erased > purged) purge();
  if (environment_.retention.archive_after.count() > 0) self_->send(self_, archive_tick{});
}

void caretaker_state::on_projected(const events_projected& projected) {
  const auto erases = [](const recorded_event& e) { return e.type == own_type::customer_erased; };
  if (std::any_of(projected.events->begin(), projected.events->end(), erases)) purge();
}

void caretaker_state::purge() {
  const auto upto = environment_.models->checkpoint();
  try {
    environment_.log->purge_keys();
    environment_.models->purge();
  } catch (const std::exception& failure) {
    spdlog::error("erased personal data may still be in files that were not rewritten: {}; the next start tries again", failure.what());
    return;
  }
  spdlog::info("erased personal data is gone from the files of the log's keys and of the read models");
  auto e = note(erasures_purged);
  e.data = fmt::format(R"({{"position":{}}})", upto.value);
  eventstore::append_request request;
  request.appends.push_back({stream_id::privacy(), {}, {std::move(e)}});
  self_->send(committer_, append_job{std::make_shared<eventstore::append_request>(std::move(request)), caf::actor_cast<caf::actor>(self_), purge_note, {}});
}

std::uint32_t caretaker_state::next_segment() const {
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

void caretaker_state::add_project(const project_id& id, segment& into) {
  const auto& log = *environment_.log;
  const auto before = into.frame.size();
  log.read_stream(stream_id::of(id), {1}, [&](const recorded_event& e) {
    if (!log.is_archived(e.pos)) into.frame.emplace_back(e, log.stored_at(e.pos).value());
    return true;
  });
  if (into.frame.size() == before) return;
  if (!into.writer) {
    into.number = next_segment();
    into.writer.emplace(environment_.retention.archive_dir, into.number);
  }
  ++into.projects;
  if (into.frame.size() >= events_per_frame) into.write_frame();
}

void caretaker_state::collect(segment& into) {
  const auto untouched_since = project_clock::wall_now() - environment_.retention.archive_after;
  for (const auto status : closed_statuses) {
    auto& after = looked_at_[std::string(status)];
    while (!into.full(environment_.retention.segment_bytes)) {
      auto views = environment_.models->read();
      const auto found = projections::closed_projects(views, status, untouched_since, after, projects_per_look);
      const auto rows = views.take_rows();
      if (found.empty()) break;
      for (const auto& place : found) {
        if (!is_archived_already(*environment_.log, *rows, {place.id})) add_project({place.id}, into);
        after = place;
        if (into.full(environment_.retention.segment_bytes)) break;
      }
    }
  }
}

/// Reads back what was written, before the log lets go of its own.
void caretaker_state::verify(const segment& written) const {
  const eventstore::archive_reader reader(environment_.retention.archive_dir);
  for (const auto& [pos, place] : written.events) {
    const auto stored = environment_.log->stored_at(pos).value();
    if (reader.read(pos, eventstore::archived_value(eventstore::stored_hash(stored), place)) != stored)
      throw eventstore::store_error(fmt::format("archive segment {} does not read back at position {}", written.number, pos.value));
  }
}

void caretaker_state::archive() {
  const auto looked_at_before = looked_at_;
  const auto later = [this] { self_->delayed_send(self_, environment_.retention.check_every, archive_tick{}); };
  try {
    segment next;
    collect(next);
    if (!next.writer) return later();
    next.write_frame();
    const auto bytes = next.writer->size();
    next.writer->finish();
    verify(next);
    const auto [first, last] = std::minmax_element(next.events.begin(), next.events.end(), [](const auto& a, const auto& b) { return a.pos < b.pos; });
    auto e = note(own_type::segment_written);
    json_writer data;
    data.begin_object().field("segment", std::uint64_t{next.number}).field("projects", next.projects);
    data.field("events", std::uint64_t{next.events.size()}).field("first_position", first->pos).field("last_position", last->pos);
    data.field("bytes", bytes).field("digest", eventstore::digest_of(eventstore::segment_file(environment_.retention.archive_dir, next.number))).end_object();
    e.data = data.str();
    spdlog::info("archived {} events of {} closed projects in segment {} ({} bytes)", next.events.size(), next.projects, next.number, bytes);
    environment_.metrics->events_archived += next.events.size();
    eventstore::append_request request;
    request.appends.push_back({stream_id::archive(), {}, {std::move(e)}});
    request.archived = std::move(next.events);
    self_->send(committer_, append_job{std::make_shared<eventstore::append_request>(std::move(request)), caf::actor_cast<caf::actor>(self_), segment_note, {}});
  } catch (const std::exception& failure) {
    spdlog::error("nothing was archived: {}", failure.what());
    ++environment_.metrics->archive_failures;
    looked_at_ = looked_at_before;
    later();
  }
}

void caretaker_state::on_appended(const append_done& done) {
  if (done.number != segment_note) return;
  if (done.stored) return self_->send(self_, archive_tick{});  // there may be more
  // The projects are where they were: the next look begins from the start.
  looked_at_.clear();
  ++environment_.metrics->archive_failures;
  self_->delayed_send(self_, environment_.retention.check_every, archive_tick{});
}

caf::behavior caretaker(caf::stateful_actor<caretaker_state>* self, caretaker_environment environment) {
  die_of_exceptions(self);
  self->state.init(self, std::move(environment));
  return {
      [=](const open_caretaker& open) { self->state.open(open.committer); },
      [=](const events_projected& projected) { self->state.on_projected(projected); },
      [=](archive_tick) { self->state.archive(); },
      [=](const append_done& done) { self->state.on_appended(done); },
  };
}

}  // namespace plo::actors
