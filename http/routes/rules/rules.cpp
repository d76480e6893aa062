// Rules as administrators see them: list, define, change, delete, override, and what they were before.
#include <cmath>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "domain/rules/rule_set.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/rules/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/memory_page.hpp"
#include "http/server/reading.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/rule_trial.hpp"

namespace plo::http {

namespace {

using actors::rule_reply;
using rules::rule_command;

constexpr char rules_cursor = 'u', history_cursor = 'h';
constexpr std::size_t max_rule_bytes = 1u << 20;

response no_such_rule() { return make_problem(404, "there is no rule with this id"); }

problem wrong_definition(const rules::definition_errors& errors) {
  std::vector<field_error> fields;
  for (const auto& error : errors) fields.push_back({error.pointer, error.message});
  return make_problem(422, "the definition has errors", std::move(fields));
}

task<answer> get_rules(service& s, request& r) {
  parameters p(r);
  const auto page = page_of(p, rules_cursor);
  const auto respond = [&](const projections::row_reader&) {
    const auto rules = s.engine.rules();
    auto at = page.after ? rules->all().upper_bound(*page.after) : rules->all().begin();
    return response(200, page_of_items(page, rules->all().size(), rules_cursor, [&]() -> listed {
      if (at == rules->all().end()) return std::nullopt;
      const auto& [id, entry] = *at++;
      return std::pair(id, rules::to_json(*entry));
    }));
  };
  co_return co_await from_views(s, p, respond);
}

task<answer> get_rule(service& s, request& r) {
  parameters p(r);
  const auto respond = [&](const projections::row_reader&) {
    const auto rules = s.engine.rules();
    const auto* entry = rules->find(r.path_parameters.at("id"));
    return entry ? response(200, rules::to_json(*entry)) : no_such_rule();
  };
  co_return co_await from_views(s, p, respond);
}

/// What a rule was in each of its versions, newest first.
task<answer> get_history(service& s, request& r) {
  parameters p(r);
  const auto page = page_of(p, history_cursor);
  const auto& id = r.path_parameters.at("id");
  const auto respond = [&](const projections::row_reader&) {
    std::vector<std::pair<std::string, std::string>> changes;
    s.engine.log().read_stream(stream_id::rules(), {1}, [&](const recorded_event& e) {
      const auto data = json_document::parse(e.data);
      if (!data || json::get_string(data->root(), "rule_id") != id) return true;
      json_writer json;
      json.begin_object().field("version", changes.size() + 1).field("position", e.pos).field("type", e.type);
      json.field("recorded_at", e.recorded_at).field_or_null("operator_id", e.operator_id).field_raw("data", public_data(e)).end_object();
      changes.push_back({fmt::format("{:020}", e.pos.value), json.str()});
      return true;
    });
    if (changes.empty()) return no_such_rule();
    auto at = changes.rbegin();
    while (page.after && at != changes.rend() && at->first >= *page.after) ++at;
    return response(200, page_of_items(page, changes.size(), history_cursor, [&]() -> listed {
      return at == changes.rend() ? listed() : listed(*at++);
    }));
  };
  co_return co_await from_folds(s, p, respond);
}

task<answer> get_overrides(service& s, request& r) {
  parameters p(r);
  const auto respond = [&](const projections::row_reader&) {
    const auto rules = s.engine.rules();
    const auto* entry = rules->find(r.path_parameters.at("id"));
    return entry ? response(200, rules::to_json(entry->overrides)) : no_such_rule();
  };
  co_return co_await from_views(s, p, respond);
}

problem problem_of(const rule_reply& reply) {
  if (reply.what == rule_reply::outcome::invalid) return make_problem(422, reply.reason);
  if (!reply.refusal) return nothing_was_changed();
  switch (*reply.refusal) {
    case rules::rule_refusal::unknown_rule: return make_problem(404, "there is no rule with this id");
    case rules::rule_refusal::id_in_use: return make_problem(409, "a rule with this id exists already");
    case rules::rule_refusal::has_fired: return make_problem(409, "the rule has raised anomalies that refer to it: deactivate it instead");
    case rules::rule_refusal::too_many: return make_problem(409, fmt::format("there are {} rules already", rules::max_rules));
  }
  return make_problem(500, "");
}

task<rule_reply> carry_out(service& s, rule_command& command, const command_stamp& by) {
  auto start = [&s, &command, &by](actors::rule_completion done) { s.engine.change_rules(std::move(command), by, std::move(done)); };
  auto reply = co_await await_completion<rule_reply>(start);
  co_return reply;
}

/// Carries a command out and answers with the rule as it is then.
task<answer> change(service& s, const request& r, rule_command& command, const std::string& id, unsigned status) {
  const auto by = stamp_of(r, {}, status);
  auto reply = co_await carry_out(s, command, by);
  if (reply.what != rule_reply::outcome::done) co_return response(problem_of(reply));
  const auto rules = s.engine.rules();
  const auto* entry = rules->find(id);
  co_return response(status, with_position(entry ? rules::to_json(*entry) : rules::gone_json(id), reply.pos));
}

task<answer> post_rule(service& s, request& r) {
  const auto document = read_json_body(r);
  if (!document) co_return response(document.error());
  auto rule = rules::parse_rule(document->root());
  if (!rule) co_return response(wrong_definition(rule.error()));
  rule_command command;
  command.what = rule_command::verb::define;
  command.rule = *rule;
  const auto id = (*rule)->id;
  co_return co_await change(s, r, command, id, 201);
}

/// The definition of a rule whose id is said elsewhere; the fields that a GET adds may stay in.
tl::expected<rules::rule_pointer, problem> definition_of(json::element body, const std::string& id) {
  if (!body.is_object()) return tl::unexpected(make_problem(422, "a rule must be a JSON object", {{"", "must be an object"}}));
  const auto given = json::get(body, "id");
  if (given && (!given->is_string() || std::string_view(given->get_string().value_unsafe()) != id))
    return tl::unexpected(make_problem(422, "the rule's id cannot be changed", {{"/id", "must be the id in the path"}}));
  json_writer json;
  json.begin_object().field("id", id);
  for (const auto member : simdjson::dom::object(body)) {
    const std::string_view key = member.key;
    const bool added = key == "version" || key == "origin" || key == "changed_at" || key == "changed_by" || key == "overrides" || key == "position";
    if (key != "id" && !added) json.field_raw(key, simdjson::to_string(member.value));
  }
  json.end_object();
  const auto whole = json_document::parse(json.view());
  auto rule = rules::parse_rule(whole->root());
  if (!rule) return tl::unexpected(wrong_definition(rule.error()));
  return *rule;
}

task<answer> put_rule(service& s, request& r) {
  const auto id = r.path_parameters.at("id");
  if (s.engine.rules()->find(id) == nullptr) co_return no_such_rule();
  const auto document = read_json_body(r);
  if (!document) co_return response(document.error());
  auto rule = definition_of(document->root(), id);
  if (!rule) co_return response(rule.error());
  rule_command command;
  command.what = rule_command::verb::change;
  command.rule_id = id;
  command.rule = *rule;
  co_return co_await change(s, r, command, id, 200);
}

task<answer> delete_rule(service& s, request& r) {
  const auto id = r.path_parameters.at("id");
  rule_command command;
  command.what = rule_command::verb::remove;
  command.rule_id = id;
  // What the log holds counts, not what the read models have got so far.
  const auto head = s.engine.log().head().last;
  const bool reached = co_await wait_for(s, head);
  if (!reached) co_return response(make_problem(503, "the read models are behind; try again"));
  command.has_fired = projections::has_fired(*s.engine.views(), id);
  co_return co_await change(s, r, command, id, 200);
}

task<answer> set_overrides(service& s, const request& r, const std::string& id, std::vector<rules::rule_override> overrides) {
  rule_command command;
  command.what = rule_command::verb::override_;
  command.rule_id = id;
  command.overrides = std::move(overrides);
  co_return co_await change(s, r, command, id, 200);
}

task<answer> put_overrides(service& s, request& r) {
  const auto id = r.path_parameters.at("id");
  if (s.engine.rules()->find(id) == nullptr) co_return no_such_rule();
  const auto document = read_json_body(r);
  if (!document) co_return response(document.error());
  auto overrides = rules::parse_overrides(document->root());
  if (!overrides) co_return response(wrong_definition(overrides.error()));
  auto& all = *overrides;
  co_return co_await set_overrides(s, r, id, std::move(all));
}

task<answer> delete_override(service& s, request& r) {
  const auto id = r.path_parameters.at("id");
  const auto rules = s.engine.rules();
  const auto* entry = rules->find(id);
  if (entry == nullptr) co_return no_such_rule();
  parameters p(r);
  const auto store = p.text("store_id");
  const auto type = p.text("project_type");
  if (!p.ok()) co_return response(p.refusal());
  auto rest = entry->overrides;
  // Without a parameter all of them go.
  const bool all = store.empty() && type.empty();
  const auto removed = std::erase_if(rest, [&](const rules::rule_override& o) { return all || (o.store_id == store && o.project_type == type); });
  if (removed == 0 && !all) co_return response(make_problem(404, "the rule has no override for this store and type"));
  co_return co_await set_overrides(s, r, id, std::move(rest));
}

using trial_result = std::optional<std::string>;

constexpr std::chrono::seconds longest_trial{25};

/// What a trial came to, and why it was broken off where it came to nothing.
struct trial_end {
  trial_result result;
  bool out_of_time = false;
};

/// Tries rules on the days that were asked for; ends with its client, with the server, and when it takes too long.
trial_end run_trial(service& s, const request& r, const projections::trial_rules& rules, std::uint64_t days) {
  const auto until = std::chrono::steady_clock::now() + longest_trial;
  trial_end end;
  projections::trial_settings settings;
  settings.domain = s.engine.domain();
  settings.now = s.engine.now();
  settings.since = settings.now - days * milliseconds(std::chrono::hours(24));
  settings.wall = s.engine.on_wall_clock();
  settings.should_stop = [&] {
    end.out_of_time = std::chrono::steady_clock::now() > until;
    return end.out_of_time || r.has_gone() || s.stopping.load();
  };
  end.result = projections::try_rules(s.engine.log(), rules, settings);
  return end;
}

/// One trial at a time: it may take a whole core.
class trial_turn {
public:
  explicit trial_turn(std::atomic<bool>& taken) : taken_(taken), held_(!taken.exchange(true)) {}
  ~trial_turn() {
    if (held_) taken_ = false;
  }
  trial_turn(const trial_turn&) = delete;
  trial_turn& operator=(const trial_turn&) = delete;
  [[nodiscard]] bool held() const { return held_; }

private:
  std::atomic<bool>& taken_;
  bool held_;
};

task<answer> try_rule(service& s, request& r) {
  constexpr double longest = 3650;
  const auto id = r.path_parameters.at("id");
  const auto in_force = s.engine.rules();
  if (in_force->find(id) == nullptr) co_return no_such_rule();
  const auto document = read_json_body(r);
  if (!document) co_return response(document.error());
  const auto given = json::get(document->root(), "rule");
  const auto given_days = json::get(document->root(), "days");
  const double days = given_days ? json::get_number(document->root(), "days").value_or(0) : 30;
  std::vector<field_error> errors;
  if (!given) errors.push_back({"/rule", "is missing"});
  if (days < 1 || days > longest || days != std::floor(days)) errors.push_back({"/days", "must be a whole number between 1 and 3650"});
  if (!errors.empty()) co_return response(make_problem(422, "the body has errors", std::move(errors)));
  auto rule = definition_of(*given, id);
  if (!rule) {
    auto wrong = rule.error();
    for (auto& error : wrong.errors) error.pointer = "/rule" + error.pointer;
    co_return response(wrong);
  }
  const trial_turn turn(s.trying);
  if (!turn.held()) co_return response(overloaded("another rule is being tried", 5));
  const auto rules = projections::with_changed(*in_force, {*rule});
  auto work = [&] { return run_trial(s, r, rules, static_cast<std::uint64_t>(days)); };
  auto end = co_await on_pool(s.trials, work);
  if (end && end->result) co_return response(200, std::move(*end->result));
  const bool slow = end && end->out_of_time;
  co_return response(overloaded(slow ? fmt::format("the trial took longer than {} s: ask for fewer days, or for a simpler condition", longest_trial.count())
                                     : std::string("the trial was broken off"), 5));
}

}  // namespace

void add_rule_routes(router& routes, service& s) {
  routes.add({"GET", "/api/rules", [&s](request& r) { return get_rules(s, r); }});
  routes.add({"POST", "/api/rules", [&s](request& r) { return post_rule(s, r); }, max_rule_bytes, access::admin});
  routes.add({"GET", "/api/rules/{id}", [&s](request& r) { return get_rule(s, r); }});
  routes.add({"PUT", "/api/rules/{id}", [&s](request& r) { return put_rule(s, r); }, max_rule_bytes, access::admin});
  routes.add({"DELETE", "/api/rules/{id}", [&s](request& r) { return delete_rule(s, r); }, max_rule_bytes, access::admin});
  routes.add({"POST", "/api/rules/{id}/try", [&s](request& r) { return try_rule(s, r); }, max_rule_bytes, {}, false, true});
  routes.add({"GET", "/api/rules/{id}/history", [&s](request& r) { return get_history(s, r); }});
  routes.add({"GET", "/api/rules/{id}/overrides", [&s](request& r) { return get_overrides(s, r); }});
  routes.add({"PUT", "/api/rules/{id}/overrides", [&s](request& r) { return put_overrides(s, r); }, max_rule_bytes, access::admin});
  routes.add({"DELETE", "/api/rules/{id}/overrides", [&s](request& r) { return delete_override(s, r); }, max_rule_bytes, access::admin, true});
}

}  // namespace plo::http
