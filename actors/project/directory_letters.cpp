// The directory's dead letters: how they are kept, and how they come back once somebody is known by their reference.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "actors/project/directory.hpp"
#include "base/printable.hpp"
#include "eventstore/index/dead_letters.hpp"

namespace plo::actors {

namespace {

/// Letters of one reference that are under way at a time: enough that the disk is busy, few enough that others are not kept waiting.
constexpr std::size_t letters_per_portion = 500;
constexpr std::size_t bytes_per_portion = 8 << 20;

}  // namespace

void directory_state::keep_as_dead_letter(work& item, const dead_letter_cause& cause, position looked_at) {
  const auto now = project_clock::wall_now();
  const dead_letter_id id{make_uuid_v7(now.time_since_epoch().count())};
  ingest_reply reply;
  reply.what = ingest_reply::outcome::dead_letter;
  reply.letter = id;
  reply.reason = cause.reason;
  ++environment_.metrics->dead_letters;
  ++unlogged_letters_;
  if (now - letter_logged_at_ >= std::chrono::seconds(1)) {
    // A source that has gone astray sends thousands: one line a second says enough.
    spdlog::warn("{} dead letter(s), the last: {} {} ({}): {}", unlogged_letters_, item.event.source,
                 printable(item.event.source_ref), printable(item.event.type), printable(cause.reason));
    letter_logged_at_ = now;
    unlogged_letters_ = 0;
  }
  auto request = dead_letter_request(item.event, id, cause, now, looked_at);
  eventstore::dead_letter_entry entry{id, item.event.project_ref, eventstore::dead_letter_status::waiting, {}};
  store_here(std::move(item), std::move(request), std::move(reply), std::move(entry));
}

void directory_state::store_here(work item, eventstore::append_request request, ingest_reply answer,
                                 std::optional<eventstore::dead_letter_entry> letter) {
  flight f;
  f.key = key_of(item.event);
  f.letter = std::move(letter);
  f.answer = std::move(answer);
  parked_[f.key] = std::move(item.repeats);
  f.stored_here = std::move(item);
  append(router_->take_ticket(), std::move(request), std::move(f));
}

void directory_state::drain_letters(const std::vector<reference>& references) {
  if (waiting_.empty()) return;
  std::unordered_set<std::string_view> texts;
  for (const auto& known : references) {
    if (!texts.insert(known.ref).second || !waiting_.contains(std::hash<std::string_view>{}(known.ref))) continue;
    const auto [draining, fresh] = drains_.try_emplace(known.ref);
    if (fresh) drain_next_portion(known.ref);
    else draining->second.again = true;
  }
}

void directory_state::drain_next_portion(const std::string& ref) try {
  auto& state = drains_.at(ref);
  std::vector<work> portion;
  std::size_t bytes = 0;
  while (portion.empty()) {
    auto letters = eventstore::waiting_dead_letters(*environment_.log, ref, state.upto, letters_per_portion);
    if (letters.empty()) {
      if (!std::exchange(state.again, false)) {
        drains_.erase(ref);
        return;
      }
      state.upto = {};
    }
    for (auto& entry : letters) {
      if (bytes > bytes_per_portion) break;
      state.upto = entry.added;
      const auto added = environment_.log->at(entry.added);
      if (!added) continue;
      if (auto e = ingest_event_of(*added, environment_.limits)) {
        bytes += e->payload.size();
        portion.push_back({std::move(*e), {}, std::move(entry)});
        portion.back().drained = true;
      } else {
        spdlog::error("dead letter {} waits on: {}", entry.id.to_string(), printable(e.error()));
      }
    }
  }
  state.under_way = portion.size();
  queue_.insert(queue_.begin(), std::make_move_iterator(portion.begin()), std::make_move_iterator(portion.end()));
} catch (const eventstore::store_error& failure) {
  spdlog::error("cannot read the dead letters of '{}', which wait until the next start: {}", printable(ref), failure.what());
  drains_.erase(ref);
}

void directory_state::drained_one(const std::string& ref) {
  const auto draining = drains_.find(ref);
  if (draining == drains_.end() || --draining->second.under_way > 0) return;
  drain_next_portion(std::string(ref));
}

void directory_state::answer_stored_here(work item, ingest_reply answer, std::optional<eventstore::dead_letter_entry> letter,
                                         const append_done& done) {
  if (!done.stored) {
    answer = {};
    if (done.refused == eventstore::append_error::unreadable) {
      answer.what = ingest_reply::outcome::invalid;
      answer.reason = not_readable;
      answer.errors = {{"", answer.reason}};
    }
    return item.reply(std::move(answer));
  }
  if (letter) answer.pos = done.first;
  item.reply(std::move(answer));
  if (!letter) return;
  note_waiting(letter->project_ref, +1);
  // Its reference may have become known while the letter was being written; a drain of it comes to this one in its turn.
  letter->added = done.first;
  if (!drains_.contains(letter->project_ref)) queue_.push_front({std::move(item.event), {}, std::move(letter)});
}

void directory_state::note_waiting(std::string_view project_ref, int change) {
  const auto hash = std::hash<std::string_view>{}(project_ref);
  environment_.metrics->dead_letters_waiting += change;
  if (change > 0) {
    ++waiting_[hash];
  } else if (const auto known = waiting_.find(hash); known != waiting_.end() && --known->second == 0) {
    waiting_.erase(known);
  }
}

}  // namespace plo::actors
