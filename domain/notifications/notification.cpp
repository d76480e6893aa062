#include "domain/notifications/notification.hpp"

#include "base/json.hpp"

namespace plo {

namespace {

std::string text_of(json::element data, std::string_view key) { return std::string(json::get_string(data, key).value_or("")); }

event outbox_event(std::string_view type, event_kind kind, const event_id& requested_by, instant now) {
  event e;
  e.id = {make_uuid_v7(now.time_since_epoch().count())};
  e.type = type;
  e.kind = kind;
  e.occurred_at = now;
  e.recorded_at = now;
  e.causation_id = requested_by;
  return e;
}

/// The fields by which everybody downstream finds the anomaly again.
json_writer begin_data(const notification_request& request) {
  json_writer json;
  json.begin_object().field("notification_id", request.id).field("project_id", request.project);
  json.field("anomaly_id", request.anomaly_id).field("rule_id", request.rule_id);
  json.field("channel", request.channel).field("recipient", request.recipient).field("severity", request.severity);
  return json;
}

}  // namespace

std::string_view to_string(notification_status status) {
  switch (status) {
    case notification_status::pending: return "pending";
    case notification_status::sent: return "sent";
    case notification_status::failed: return "failed";
  }
  return "pending";
}

std::optional<notification_status> parse_notification_status(std::string_view text) {
  for (const auto status : {notification_status::pending, notification_status::sent, notification_status::failed})
    if (text == to_string(status)) return status;
  return std::nullopt;
}

std::string lane_of(const notification_request& request) {
  return request.channel == "email" ? request.channel : request.channel + ":" + request.recipient;
}

std::optional<notification_request> read_notification_request(const recorded_event& e) {
  if (e.type != notification_type::requested || e.kind != event_kind::derived) return std::nullopt;
  const auto project = e.stream.project();
  const auto document = json_document::parse(e.data);
  if (!project || !document) return std::nullopt;
  const auto data = document->root();
  const auto id = notification_id::parse(text_of(data, "notification_id"));
  if (!id) return std::nullopt;
  notification_request request;
  request.id = *id;
  request.project = *project;
  request.anomaly_id = anomaly_id::parse(text_of(data, "anomaly_id")).value_or(anomaly_id{});
  request.rule_id = text_of(data, "rule_id");
  request.rule_version = static_cast<std::uint32_t>(json::get_number(data, "rule_version").value_or(0));
  request.rule_name = text_of(data, "rule_name");
  request.channel = text_of(data, "channel");
  request.recipient = text_of(data, "recipient");
  request.reason = text_of(data, "reason");
  request.ticket_state = text_of(data, "state");
  request.severity = text_of(data, "severity");
  request.scope = text_of(data, "scope");
  request.entity = text_of(data, "entity");
  return request;
}

event report_event(const notification_request& request, const event_id& requested_by, const delivery_report& report, instant now) {
  auto e = outbox_event(report.delivered ? notification_type::sent : notification_type::failed, event_kind::derived, requested_by, now);
  auto json = begin_data(request);
  if (!report.sent_to.empty()) json.field("sent_to", report.sent_to);
  if (!report.error.empty()) json.field("error", report.error);
  e.data = json.field("attempts", report.attempts).end_object().str();
  return e;
}

event retry_event(const notification_request& request, const event_id& requested_by, const command_stamp& by, instant now) {
  auto e = outbox_event(notification_type::retry_requested, event_kind::operator_, requested_by, now);
  e.data = begin_data(request).end_object().str();
  put_stamp(e, by);
  return e;
}

std::optional<notification_id> notification_of(const recorded_event& e) {
  if (e.stream != stream_id::outbox()) return std::nullopt;
  const auto document = json_document::parse(e.data);
  if (!document) return std::nullopt;
  return notification_id::parse(text_of(document->root(), "notification_id"));
}

delivery_report read_report(const recorded_event& e) {
  delivery_report report;
  report.delivered = e.type == notification_type::sent;
  if (const auto document = json_document::parse(e.data)) {
    report.sent_to = text_of(document->root(), "sent_to");
    report.error = text_of(document->root(), "error");
    report.attempts = static_cast<std::uint32_t>(json::get_number(document->root(), "attempts").value_or(0));
  }
  return report;
}

}  // namespace plo
