// Metrics as Prometheus families.
#pragma once

#include <cstdint>

#include <prometheus/metric_family.h>

namespace plo::http {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

[[nodiscard]] inline MetricFamily family(const char* name, const char* help, MetricType type) {
  MetricFamily f;
  f.name = name;
  f.help = help;
  f.type = type;
  return f;
}

[[nodiscard]] inline MetricFamily counter(const char* name, const char* help, std::uint64_t value) {
  auto f = family(name, help, MetricType::Counter);
  ClientMetric m;
  m.counter.value = static_cast<double>(value);
  f.metric.push_back(std::move(m));
  return f;
}

[[nodiscard]] inline MetricFamily gauge(const char* name, const char* help, double value) {
  auto f = family(name, help, MetricType::Gauge);
  ClientMetric m;
  m.gauge.value = value;
  f.metric.push_back(std::move(m));
  return f;
}

}  // namespace plo::http
