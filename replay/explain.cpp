#include "replay/explain.hpp"

#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "domain/event/catalogue.hpp"
#include "domain/notifications/notification.hpp"
#include "domain/rules/facts.hpp"
#include "projections/project/anomaly_detail.hpp"
#include "projections/project/anomaly_json.hpp"

namespace plo::replay {

namespace {

std::optional<anomaly_id> anomaly_of(const event& e) {
  const auto data = json_document::parse(e.data);
  return data ? anomaly_id::parse(json::get_string(data->root(), "anomaly_id").value_or("")) : std::nullopt;
}

std::optional<recorded_event> find_raised(const eventstore::log& log, const anomaly_id& id, const progress& show) {
  std::optional<recorded_event> raised;
  const auto text = id.to_string();
  const auto total = log.head().last.value;
  log.read({1}, [&](const recorded_event& e) {
    if (show && e.pos.value % 1024 == 0) show(e.pos.value, total);
    if (e.type == own_type::anomaly_raised && e.data.find(text) != std::string::npos && anomaly_of(e) == id) raised = e;
    return !raised;
  });
  if (show) show(total, total);
  return raised;
}

struct notification_story {
  notification_request request;
  instant requested_at{};
  notification_status status = notification_status::pending;
  std::optional<instant> sent_at;
  delivery_report report;
};

/// Goes along the project's stream and keeps what concerns the anomaly.
class story {
public:
  story(const eventstore::log& log, const recorded_event& raised, const anomaly_id& id, const domain_settings& settings)
      : log_(log), raised_(raised), id_(id), settings_(settings), project_(*raised.stream.project()) {
    state_.id = project_;
    read_cause();
  }

  std::string tell() {
    log_.read_stream(raised_.stream, {1}, [&](const recorded_event& e) {
      take(e);
      return true;
    });
    read_outbox();
    json_writer json;
    projections::write_anomaly(json, anomaly_, project_);
    auto text = json.str();
    text.pop_back();
    text += R"(,"explanation":)" + projections::explanation_of(log_, {project_, anomaly_.rule_id, version_, facts_, anomaly_.cause_event, deadline_text()});
    return text + R"(,"chain":)" + chain() + R"(,"notifications":)" + told() + R"(,"operators":)" + done() + "}";
  }

private:
  void read_cause() {
    const auto data = json_document::parse(raised_.data);
    const auto root = data->root();
    version_ = static_cast<std::uint32_t>(json::get_number(root, "rule_version").value_or(0));
    about_ = key_of(parse_event_scope(json::get_string(root, "scope").value_or("")).value_or(event_scope::project), json::get_string(root, "entity").value_or(""));
    if (const auto cause = json::get(root, "cause")) deadline_ = parse_instant(json::get_string(*cause, "deadline").value_or(""));
    const auto definition = projections::definition_at(log_, json::get_string(root, "rule_id").value_or(""), version_);
    const auto text = definition ? json_document::parse(*definition) : tl::unexpected(json_error{});
    auto rule = text ? rules::parse_rule(text->root()) : tl::unexpected(rules::definition_errors{});
    if (rule) rule_.rule = *rule;
  }

  void take(const recorded_event& e) {
    evolve(state_, e, settings_);
    if (e.pos < raised_.pos) {
      note_anchor(e);
      if (e.kind != event_kind::derived) inputs_.insert_or_assign(e.id, e);
      return;
    }
    for (const auto& a : state_.anomalies)
      if (a.id == id_) anomaly_ = a;
    if (e.pos == raised_.pos) facts_ = anomaly_.facts;
    if (const auto request = read_notification_request(e); request && request->anomaly_id == id_) notifications_.push_back({*request, e.recorded_at, {}, {}, {}});
    if (e.kind == event_kind::operator_ && e.data.find(id_.to_string()) != std::string::npos && anomaly_of(e) == id_) commands_.push_back(e);
  }

  /// The event since which the deadline has stood where it passed.
  void note_anchor(const recorded_event& e) {
    if (!deadline_ || !rule_.rule || !rule_.rule->deadline || e.kind == event_kind::clock) return;
    const rules::effective_rule rule(rule_, state_.store_id.value.value_or(""), state_.project_type.value.value_or(""));
    const auto due = rules::due_of(rule, state_, find_entity(about_, state_), settings_);
    if (due != deadline_) anchor_.reset();
    else if (!anchor_) anchor_ = e;
  }

  void read_outbox() {
    if (notifications_.empty()) return;
    std::map<notification_id, notification_story*> by_id;
    for (auto& n : notifications_) by_id[n.request.id] = &n;
    log_.read_stream(stream_id::outbox(), {1}, [&](const recorded_event& e) {
      if (e.pos < raised_.pos) return true;
      const auto id = notification_of(e);
      const auto known = id ? by_id.find(*id) : by_id.end();
      if (known == by_id.end()) return true;
      auto& n = *known->second;
      if (e.kind == event_kind::operator_) {
        commands_.push_back(e);
        n.status = notification_status::pending;
        return true;
      }
      n.report = read_report(e);
      n.status = n.report.delivered ? notification_status::sent : notification_status::failed;
      if (n.report.delivered) n.sent_at = e.recorded_at;
      return true;
    });
  }

  [[nodiscard]] std::optional<std::string> deadline_text() const { return deadline_ ? std::optional(format_instant(*deadline_)) : std::nullopt; }

  /// Back along the causes, told from the beginning.
  [[nodiscard]] std::string chain() const {
    std::vector<recorded_event> links{raised_};
    for (auto cause = raised_.causation_id; cause;) {
      const auto found = inputs_.find(*cause);
      if (found == inputs_.end()) break;
      links.push_back(found->second);
      cause = found->second.causation_id;
    }
    if (anchor_) {
      const auto said = anchor_->causation_id ? inputs_.find(*anchor_->causation_id) : inputs_.end();
      if (links.back().id != anchor_->id) links.push_back(*anchor_);
      if (said != inputs_.end()) links.push_back(said->second);
    }
    std::sort(links.begin(), links.end(), [](const auto& a, const auto& b) { return a.pos < b.pos; });
    json_writer json;
    json.begin_array();
    for (const auto& e : links) json.raw(to_json(e));
    return json.end_array().str();
  }

  [[nodiscard]] std::string told() const {
    json_writer json;
    json.begin_array();
    for (const auto& n : notifications_) {
      json.begin_object().field("notification_id", n.request.id).field("channel", n.request.channel).field("recipient", n.request.recipient);
      json.field("reason", n.request.reason).field("requested_at", n.requested_at).field("status", to_string(n.status));
      json.field("sent_at", n.sent_at).field_or_null("sent_to", n.report.sent_to).field("attempts", n.report.attempts);
      json.field_or_null("error", n.report.error).end_object();
    }
    return json.end_array().str();
  }

  [[nodiscard]] std::string done() const {
    json_writer json;
    json.begin_array();
    for (const auto& e : commands_) {
      json.begin_object().field("position", e.pos).field("type", e.type).field("at", e.occurred_at).field_or_null("operator_id", e.operator_id);
      const auto data = json_document::parse(e.data);
      const auto said = data ? json::get_string(data->root(), "comment").value_or(e.comment) : std::string_view(e.comment);
      json.field_or_null("comment", said).end_object();
    }
    return json.end_array().str();
  }

  const eventstore::log& log_;
  const recorded_event& raised_;
  anomaly_id id_;
  const domain_settings& settings_;
  project_id project_;
  std::uint32_t version_ = 0;
  std::string facts_ = "[]";
  entity_key about_;
  std::optional<instant> deadline_;
  rules::rule_entry rule_;
  project_state state_;
  anomaly anomaly_;
  std::map<event_id, recorded_event> inputs_;  // ahead of it
  std::optional<recorded_event> anchor_;
  std::vector<notification_story> notifications_;
  std::vector<recorded_event> commands_;
};

}  // namespace

std::optional<std::string> explain(const eventstore::log& log, const anomaly_id& id, const domain_settings& settings, const progress& show) {
  const auto raised = find_raised(log, id, show);
  if (!raised || !raised->stream.project()) return std::nullopt;
  return story(log, *raised, id, settings).tell();
}

}  // namespace plo::replay
