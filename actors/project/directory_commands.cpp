// What operators ask of the directory: commands on projects, and what becomes of dead letters.
#include <spdlog/spdlog.h>

#include "actors/core/single_entity.hpp"
#include "actors/project/directory.hpp"
#include "base/json.hpp"
#include "base/printable.hpp"
#include "domain/event/catalogue.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/sources.hpp"

namespace plo::actors {

namespace {

/// The source under which references are known that people gave by hand.
constexpr std::string_view by_hand = "manual";

command_reply refused(std::string reason) { return {command_reply::outcome::refused, {}, std::move(reason)}; }

/// What a command teaches, in the shape that the finder reads.
ingest_event lesson_of(const event& command) {
  ingest_event e;
  e.source = by_hand;
  e.type = command.type;
  e.project_ref = command.project_ref;
  e.order_ref = command.order_ref;
  e.occurred_at = command.occurred_at;
  if (const auto data = json_document::parse(command.data)) e.customer_id = json::get_string(data->root(), "customer_id").value_or("");
  return e;
}

bool teaches(const event& command) { return command.type == "project.created" || command.type == own_type::order_created; }

}  // namespace

void directory_state::command(const command_request& request) {
  if (!take_command(request)) commands_.push_back(request);
  process();
}

bool directory_state::take_command(const command_request& request) try {
  const bool creates = request.project.is_nil();
  const bool there = creates || environment_.log->version_of(stream_id::of(request.project)).value > 0 || router_->is_busy(request.project);
  const auto answer = [&](command_reply reply) {
    request.done(std::move(reply));
    return true;
  };
  if (!there) return answer({command_reply::outcome::unknown, {}, "there is no project with this id"});

  const auto number = router_->take_ticket();
  flight f;
  project_input input;
  input.input = *request.input;
  input.input->id = {make_uuid_v7(project_clock::wall_now().time_since_epoch().count())};
  input.clock.before = input.clock.now = environment_.clock->now();
  input.done = request.done;
  project_finder::found where{request.project, false};
  if (teaches(*request.input)) {
    const auto lesson = lesson_of(*request.input);
    const auto verdict = finder_->find(lesson);
    if (std::holds_alternative<not_found_yet>(verdict)) return false;
    if (const auto* known = std::get_if<project_finder::found>(&verdict)) {
      if (creates && known->opens) where = *known;
      else if (creates || known->project != request.project)
        return answer(refused(fmt::format("another project is known as '{}'", creates ? lesson.project_ref : lesson.order_ref)));
    } else if (const auto* cause = std::get_if<dead_letter_cause>(&verdict); cause && cause->kind == dead_letter_kind::ambiguous) {
      return answer(refused(cause->reason));
    }
    finder_->learn(number, where, finder_->new_references(lesson, where), lesson.customer_id);
    // What is refused has taught nothing: nobody may be let in by it.
    f.drains = true;
  }
  send_input(number, where.project, std::move(input), std::move(f));
  return true;
} catch (const eventstore::store_error& failure) {
  spdlog::error("cannot take the command {}: {}", printable(request.input->type), failure.what());
  request.done(command_reply{});
  return true;
}

void directory_state::settle_letter(const letter_request& request) try {
  const auto indexed = eventstore::find_dead_letter(*environment_.log, request.letter.id);
  auto letter = indexed.value_or(request.letter);
  if (letter.status != eventstore::dead_letter_status::waiting) return request.done(refused("the dead letter is not waiting any more"));
  const auto added = environment_.log->at(letter.added);
  if (!added) return request.done(command_reply{command_reply::outcome::unknown, {}, "there is no dead letter with this id"});
  if (request.project) {
    auto kept = ingest_event_of(*added, environment_.limits);
    if (environment_.log->version_of(stream_id::of(*request.project)).value == 0)
      return request.done(command_reply{command_reply::outcome::unknown, {}, "there is no project with this id"});
    if (added->type == eventstore::conflict_type) return request.done(refused("a contradiction cannot be attached: its event is stored already"));
    if (!kept) return request.done(refused(kept.error()));
    work item{std::move(*kept), {}, std::move(letter)};
    item.event.project = request.project;
    item.attached_by = request.by;
    item.done = request.done;
    queue_.push_front(std::move(item));
    return process();
  }
  // What is on its way to a project, or to be discarded, cannot be discarded any more.
  for (const auto& [number, flying] : flights_)
    if (flying.letter && flying.letter->id == letter.id) return request.done(refused("the dead letter is being attached or discarded"));
  flight f;
  f.letter = letter;
  f.told = request.done;
  f.waited = indexed.has_value();
  append(router_->take_ticket(), discard_request(letter, request.by, project_clock::wall_now()), std::move(f));
} catch (const eventstore::store_error& failure) {
  spdlog::error("cannot settle the dead letter {}: {}", request.letter.id.to_string(), failure.what());
  request.done(command_reply{});
}

void directory_state::erase(const erase_request& request) try {
  const auto customer = eventstore::subject_customer(request.customer_id);
  const auto entries = eventstore::customer_projects(*environment_.log, request.customer_id);
  if (entries.empty() && !environment_.log->has_key(customer))
    return request.done(command_reply{command_reply::outcome::unknown, {}, "there is no customer with this id"});

  auto e = event_now(event_kind::operator_);
  e.type = own_type::customer_erased;
  e.comment = request.comment;
  eventstore::append_request job;
  job.erased_subjects.push_back(customer);
  flight f;
  json_writer data;
  data.begin_object().field("customer_id", request.customer_id).key("project_ids").begin_array();
  for (const auto& entry : entries) {
    data.value(entry.project.to_string());
    f.erased.push_back(entry.project);
    bool is_theirs = false;
    // What waited for one of the project's references before anybody knew whose it was.
    project_state project;
    project.id = entry.project;
    environment_.log->read_stream(stream_id::of(entry.project), {1}, [&](const recorded_event& past) {
      evolve(project, past, environment_.domain);
      is_theirs = is_theirs || project.customer_id.value == request.customer_id;
      return true;
    });
    // In a project of somebody else they are named, and no more.
    if (!is_theirs) continue;
    job.erased_subjects.push_back(eventstore::subject_project(entry.project));
    for (const auto& known : project.refs) job.erased_subjects.push_back(eventstore::subject_reference(known.ref));
  }
  data.end_array();
  if (!request.comment.empty()) data.field("comment", request.comment);
  data.end_object();
  e.data = data.str();
  put_stamp(e, request.by);
  job.appends.push_back({stream_id::privacy(), {}, {std::move(e)}});
  f.told = request.done;
  append(router_->take_ticket(), std::move(job), std::move(f));
} catch (const eventstore::store_error& failure) {
  spdlog::error("cannot erase a customer: {}", failure.what());
  request.done(command_reply{});
}

}  // namespace plo::actors
