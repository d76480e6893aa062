#include "domain/rules/rule_set.hpp"

#include <algorithm>

namespace plo::rules {

effective_rule::effective_rule(const rule_entry& entry, std::string_view store_id, std::string_view project_type)
    : entry_(&entry) {
  for (const auto& o : entry.overrides) {
    const bool any_store = o.store_id.empty(), any_type = o.project_type.empty();
    if ((!any_store && o.store_id != store_id) || (!any_type && o.project_type != project_type)) continue;
    chain_[any_store ? 2 : any_type ? 1 : 0] = &o;
  }
}

bool effective_rule::active() const {
  for (const auto* o : chain_)
    if (o != nullptr && o->active) return *o->active;
  return definition().active;
}

event_severity effective_rule::severity() const {
  for (const auto* o : chain_)
    if (o != nullptr && o->severity) return *o->severity;
  return definition().severity;
}

const std::vector<action>& effective_rule::actions() const {
  for (const auto* o : chain_)
    if (o != nullptr && o->actions) return *o->actions;
  return definition().actions;
}

value effective_rule::param(std::string_view name) const {
  for (const auto* o : chain_) {
    if (o == nullptr || !o->params) continue;
    const auto given = o->params->get().as_object();
    const auto found = std::find_if(given.begin(), given.end(), [&](const member& m) { return m.key == name; });
    if (found != given.end()) return found->item;
  }
  return definition().params.get().get(name);
}

value effective_rule::params(arena& memory) const {
  std::pmr::vector<member> all(&memory);
  const auto add = [&](const parameters& from) {
    for (const auto& m : from.get().as_object())
      if (std::none_of(all.begin(), all.end(), [&](const member& known) { return known.key == m.key; })) all.push_back(m);
  };
  for (const auto* o : chain_)
    if (o != nullptr && o->params) add(*o->params);
  add(definition().params);
  auto* kept = static_cast<member*>(memory.allocate(sizeof(member) * std::max<std::size_t>(all.size(), 1), alignof(member)));
  std::uninitialized_copy(all.begin(), all.end(), kept);
  return value::of(std::span<const member>(kept, all.size()));
}

const rule_entry* rule_set::find(std::string_view id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.get();
}

const std::vector<const rule_entry*>& rule_set::on(std::string_view type) const {
  static const std::vector<const rule_entry*> none;
  const auto found = on_.find(type);
  return found == on_.end() ? none : found->second;
}

void rule_set::evolve(const event& e) {
  ++version_.value;
  const auto document = json_document::parse(e.data);
  if (!document) return;
  const auto root = document->root();
  const auto change = [&](std::string_view id, auto&& apply) {
    rule_entry next;
    if (const auto* known = find(id)) next = *known;
    const bool had_deadline = next.rule && next.rule->deadline;
    if (!apply(next)) return;
    if (had_deadline || next.rule->deadline) deadlines_version_ = version_;
    next.version = ++versions_[std::string(id)];
    if (e.type != rule_event::overridden) next.from_file = json::get_string(root, "origin") == "file";
    next.changed_at = e.recorded_at;
    next.changed_by = e.operator_id;
    entries_[std::string(id)] = std::make_shared<const rule_entry>(std::move(next));
  };
  const auto id = json::get_string(root, "rule_id").value_or("");
  if (e.type == rule_event::defined || e.type == rule_event::changed || e.type == rule_event::activated ||
      e.type == rule_event::deactivated) {
    const auto definition = json::get(root, "rule");
    if (!definition) return;
    auto parsed = parse_rule(*definition);
    if (!parsed) return;
    change((*parsed)->id, [&](rule_entry& next) {
      if (e.type == rule_event::defined) next = {};
      next.rule = *parsed;
      return true;
    });
  } else if (e.type == rule_event::overridden) {
    const auto list = json::get(root, "overrides");
    auto parsed = list ? parse_overrides(*list) : std::vector<rule_override>{};
    if (!parsed) return;
    change(id, [&](rule_entry& next) {
      if (!next.rule) return false;
      next.overrides = std::move(*parsed);
      return true;
    });
  } else if (e.type == rule_event::deleted) {
    if (const auto found = entries_.find(id); found != entries_.end()) {
      if (found->second->rule->deadline) deadlines_version_ = version_;
      ++versions_[found->first];
      entries_.erase(found);
    }
  }
}

std::string to_json(const rule_entry& entry) {
  auto text = to_json(*entry.rule);
  json_writer more;
  more.begin_object().field("version", entry.version).field("origin", entry.from_file ? "file" : "operator");
  more.field("changed_at", entry.changed_at).field_or_null("changed_by", entry.changed_by);
  more.field_raw("overrides", to_json(entry.overrides)).end_object();
  text.back() = ',';
  return text.append(more.view().substr(1));
}

std::string gone_json(std::string_view rule_id) { return json_writer().begin_object().field("rule_id", rule_id).end_object().str(); }

std::string_view concerned_by(const rule_command& command) {
  return command.what == rule_command::verb::define ? std::string_view(command.rule->id) : std::string_view(command.rule_id);
}

void rule_set::index() {
  on_.clear();
  with_deadline_.clear();
  for (const auto& [id, entry] : entries_) {
    for (const auto& type : entry->rule->on) on_[type].push_back(entry.get());
    if (entry->rule->deadline) with_deadline_.push_back(entry.get());
  }
}

namespace {

/// Collects the events of one command; each has an id of its own.
class events_of_command {
public:
  events_of_command(const event& like, rule_decision& out) : like_(like), out_(out) {}

  void add(std::string_view type, const json_writer& data) {
    event e = like_;
    if (!out_.events.empty()) e.id = {derive_uuid(like_.id.value, std::to_string(out_.events.size()))};
    e.type = type;
    e.data = data.str();
    out_.events.push_back(std::move(e));
  }
  void add_definition(std::string_view type, const rule& r, std::string_view origin) {
    json_writer w;
    w.begin_object().field("rule_id", r.id).field_raw("rule", to_json(r)).field("origin", origin).end_object();
    add(type, w);
  }

private:
  const event& like_;
  rule_decision& out_;
};

/// What a change amounts to: switching a rule on or off has a name of its own.
std::string_view kind_of_change(const rule& before, const rule& after) {
  if (before.active == after.active) return rule_event::changed;
  const auto neutral = [](const rule& r) {
    auto text = to_json(r);
    const auto at = text.rfind(r.active ? "\"active\":true" : "\"active\":false");
    if (at != std::string::npos) text.erase(at, r.active ? 13 : 14);
    return text;
  };
  if (neutral(before) != neutral(after)) return rule_event::changed;
  return after.active ? rule_event::activated : rule_event::deactivated;
}

void load_file(const rule_set& rules, const rule_command& command, events_of_command& out) {
  for (const auto& r : command.file) {
    const auto* known = rules.find(r->id);
    if (known == nullptr) {
      if (!rules.was_used(r->id)) out.add_definition(rule_event::defined, *r, "file");
    } else if (known->from_file && to_json(*known->rule) != to_json(*r)) {
      out.add_definition(rule_event::changed, *r, "file");
    }
  }
}

}  // namespace

tl::expected<rule_decision, rule_refusal> decide(const rule_set& rules, const rule_command& command,
                                                 const event& template_event) {
  rule_decision decided;
  events_of_command out(template_event, decided);
  const auto* known = command.what == rule_command::verb::define ? rules.find(command.rule->id) : rules.find(command.rule_id);
  using verb = rule_command::verb;
  if (command.what != verb::define && command.what != verb::load_file && known == nullptr)
    return tl::make_unexpected(rule_refusal::unknown_rule);
  switch (command.what) {
    case verb::define:
      if (known != nullptr) return tl::make_unexpected(rule_refusal::id_in_use);
      if (rules.all().size() >= max_rules) return tl::make_unexpected(rule_refusal::too_many);
      out.add_definition(rule_event::defined, *command.rule, "operator");
      break;
    case verb::change:
      // The same definition again is no change: a PUT may be repeated.
      if (to_json(*known->rule) != to_json(*command.rule))
        out.add_definition(kind_of_change(*known->rule, *command.rule), *command.rule, "operator");
      break;
    case verb::remove: {
      if (command.has_fired) return tl::make_unexpected(rule_refusal::has_fired);
      json_writer w;
      w.begin_object().field("rule_id", command.rule_id).field("origin", "operator").end_object();
      out.add(rule_event::deleted, w);
      break;
    }
    case verb::override_: {
      const auto text = to_json(command.overrides);
      if (text == to_json(known->overrides)) break;
      json_writer w;
      w.begin_object().field("rule_id", command.rule_id).field_raw("overrides", text).field("origin", "operator").end_object();
      out.add(rule_event::overridden, w);
      break;
    }
    case verb::load_file: load_file(rules, command, out); break;
  }
  return decided;
}

}  // namespace plo::rules
