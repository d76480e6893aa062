#include "http/routes/project/list_queries.hpp"

namespace plo::http {

projections::project_query read_project_query(parameters& p, const zone& tz) {
  using projections::project_order;
  projections::project_query query;
  auto sort = p.word("sort", {"-oldest_anomaly", "oldest_anomaly", "-updated_at", "updated_at", "-created_at", "created_at", "-risk", "risk"});
  if (!sort.empty()) {
    query.descending = sort.front() == '-';
    if (query.descending) sort.erase(0, 1);
    query.order = sort == "updated_at"   ? project_order::updated_at
                  : sort == "created_at" ? project_order::created_at
                  : sort == "risk"       ? project_order::risk
                                         : project_order::oldest_anomaly;
  }
  query.status = p.word("status", {"draft", "active", "on_hold", "completed", "cancelled"});
  query.severity = p.word("severity", {"warning", "critical"});
  query.type = p.text("type");
  query.store_id = p.text("store_id");
  query.customer_id = p.text("customer_id");
  query.assigned_to = p.text("assigned_to");
  query.text = p.text("q", max_filter_bytes);
  query.from = p.time("from", tz);
  query.to = p.time("to", tz);
  query.risk_min = p.share("risk_min");
  return query;
}

projections::anomaly_query read_anomaly_query(parameters& p, const zone& tz) {
  using projections::anomaly_order;
  projections::anomaly_query query;
  const auto sort = p.word("sort", {"-severity", "severity", "-raised_at", "raised_at"});
  query.order = sort.ends_with("raised_at") ? anomaly_order::raised_at : anomaly_order::severity;
  query.descending = sort.empty() || sort.front() == '-';
  const auto status = p.word("status", {"open", "acknowledged", "snoozed", "resolved", "all"});
  query.status = anomaly_status::open;
  if (status == "all") query.status.reset();
  for (const auto each : {anomaly_status::acknowledged, anomaly_status::snoozed, anomaly_status::resolved})
    if (status == to_string(each)) query.status = each;
  query.severity = p.word("severity", {"warning", "critical"});
  query.rule_id = p.text("rule_id");
  query.store_id = p.text("store_id");
  query.type = p.text("type");
  query.assigned_to = p.text("assigned_to");
  query.project = p.id<project_id>("project_id");
  query.from = p.time("from", tz);
  query.to = p.time("to", tz);
  return query;
}

}  // namespace plo::http
