// What the outbox and the event webhooks count.
#include "actors/outbox/webhook_publisher.hpp"
#include "http/routes/outbox/routes.hpp"
#include "http/server/metrics.hpp"
#include "http/server/service.hpp"
#include "projections/outbox/notifications.hpp"

namespace plo::http {

namespace {

/// How many there are in each state, as the read models have it: exact over restarts.
MetricFamily notifications(service& s) {
  auto f = family("plo_notifications", "Notifications by channel and status", MetricType::Gauge);
  for (const auto& [channel, status, count] : projections::notification_counts(*s.engine.views())) {
    ClientMetric m;
    m.label = {{"channel", channel}, {"status", std::string(to_string(status))}};
    m.gauge.value = static_cast<double>(count);
    f.metric.push_back(std::move(m));
  }
  return f;
}

/// One family for each thing that is counted of the event webhooks.
void add_webhooks(const actors::webhook_publisher& publisher, std::uint64_t head, std::vector<MetricFamily>& all) {
  auto delivered = family("plo_webhook_deliveries_total", "Messages that event webhooks took", MetricType::Counter);
  auto failed = family("plo_webhook_failed_attempts_total", "Attempts to deliver to an event webhook that failed", MetricType::Counter);
  auto given_up = family("plo_webhook_given_up_total", "Messages that an event webhook refused until patience ended", MetricType::Counter);
  auto behind = family("plo_webhook_lag_events", "Events that an event webhook has not settled yet", MetricType::Gauge);
  for (const auto* counts : publisher.counts()) {
    ClientMetric m;
    m.label = {{"webhook", counts->name}};
    const auto add = [&](MetricFamily& to, double value) {
      m.counter.value = m.gauge.value = value;
      to.metric.push_back(m);
    };
    add(delivered, static_cast<double>(counts->delivered));
    add(failed, static_cast<double>(counts->failed_attempts));
    add(given_up, static_cast<double>(counts->given_up));
    add(behind, static_cast<double>(head - std::min<std::uint64_t>(head, counts->position)));
  }
  for (auto* each : {&delivered, &failed, &given_up, &behind}) all.push_back(std::move(*each));
}

void add_outbox(service& s, std::vector<MetricFamily>& all) {
  const auto& counts = s.engine.outbox_counts();
  all.push_back(notifications(s));
  all.push_back(counter("plo_notification_attempts_total", "Attempts to deliver a notification", counts.attempts));
  all.push_back(counter("plo_notification_failed_attempts_total", "Of these, those to be tried again", counts.failed_attempts));
  all.push_back(gauge("plo_notifications_sending", "Notifications with a sender", static_cast<double>(counts.sending)));
  all.push_back(gauge("plo_notifications_waiting", "Notifications that wait for another try", static_cast<double>(counts.waiting)));
  if (s.settings.webhooks != nullptr) add_webhooks(*s.settings.webhooks, s.engine.log().head().last.value, all);
}

}  // namespace

void add_outbox_metrics(service& s) {
  s.more_metrics.emplace_back([&s](std::vector<MetricFamily>& all) { add_outbox(s, all); });
}

}  // namespace plo::http
