#include "actors/upkeep/eraser.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "actors/core/lifeline.hpp"
#include "actors/core/single_entity.hpp"
#include "domain/event/catalogue.hpp"

namespace plo::actors {

namespace {

/// {position}: what was erased up to there is in no file any more.
constexpr std::string_view erasures_purged = "privacy.purged";

}  // namespace

void eraser_state::init(caf::event_based_actor* self, eraser_environment environment) {
  self_ = self;
  environment_ = std::move(environment);
}

void eraser_state::open(const caf::actor& committer) {
  committer_ = committer;
  // A crash may have come between an erasure and the rewriting of the files.
  position erased, purged;
  environment_.log->read_stream(stream_id::privacy(), {1}, [&](const recorded_event& e) {
    (e.type == own_type::customer_erased ? erased : purged) = e.pos;
    return true;
  });
  if (erased > purged) purge_when_built();
}

void eraser_state::on_projected(const events_projected& projected) {
  const auto erases = [](const recorded_event& e) { return e.type == own_type::customer_erased; };
  if (std::any_of(projected.events->begin(), projected.events->end(), erases)) purge_when_built();
}

void eraser_state::purge_when_built() {
  waits_ = !environment_.models->building().names.empty();
  if (!waits_) purge();
}

void eraser_state::on_views_built() {
  if (std::exchange(waits_, false)) purge();
}

void eraser_state::purge() {
  const auto upto = environment_.models->checkpoint();
  try {
    environment_.log->purge_keys();
    environment_.models->purge();
  } catch (const std::exception& failure) {
    spdlog::error("erased personal data may still be in files that were not rewritten: {}; the next start tries again", failure.what());
    return;
  }
  spdlog::info("erased personal data is gone from the files of the log's keys and of the read models");
  auto e = event_now(event_kind::clock);  // what nobody asked for but time
  e.type = erasures_purged;
  e.data = fmt::format(R"({{"position":{}}})", upto.value);
  eventstore::append_request request;
  request.appends.push_back({stream_id::privacy(), {}, {std::move(e)}});
  self_->send(committer_, append_job{std::make_shared<eventstore::append_request>(std::move(request)), caf::actor_cast<caf::actor>(self_), 1, {}});
}

caf::behavior eraser(caf::stateful_actor<eraser_state>* self, eraser_environment environment) {
  die_of_exceptions(self);
  self->state.init(self, std::move(environment));
  return {
      [=](const open_eraser& open) { self->state.open(open.committer); },
      [=](const events_projected& projected) { self->state.on_projected(projected); },
      [=](views_built) { self->state.on_views_built(); },
      // What was not stored, the next start does again.
      [](const append_done&) {},
  };
}

}  // namespace plo::actors
