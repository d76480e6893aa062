#include "projections/registry.hpp"

#include "projections/core/idempotency.hpp"
#include "projections/operators/audit.hpp"
#include "projections/outbox/notifications.hpp"
#include "projections/project/views.hpp"

namespace plo::projections {

namespace {

/// Each family at the number that its module gives it, with the size of its write buffer.
const eventstore::store_layout layout{
    {{"meta"}, {"projects", true, 8u << 20}, {"deadlines", true, 4u << 20}, {"anomalies", true, 4u << 20}, {"notifications", true, 4u << 20},
     {"dead_letters", true, 2u << 20}, {"search", true, 8u << 20}, {"customers", true, 4u << 20}, {"kpis", true, 4u << 20}, {"legs", true, 2u << 20},
     {"stations", true, 1u << 20}, {"idempotency", true, 2u << 20}, {"audit", false, 2u << 20}},
    false};

view_module one(std::unique_ptr<projection> p) {
  view_module module;
  module.projections.push_back(std::move(p));
  return module;
}

}  // namespace

view_plan all_views(domain_settings settings) {
  return {layout, [settings = std::move(settings)](const view_context& context) {
            std::vector<view_module> all;
            all.push_back(make_project_views(context, settings));
            all.push_back(one(make_notifications(context.indexes.add<notification_index>())));
            all.push_back(one(make_idempotency()));
            all.push_back(one(make_audit()));
            return all;
          }};
}

std::unique_ptr<eventstore::kv_store> open_views_store(const std::filesystem::path& data_dir, eventstore::open_mode mode) {
  return eventstore::open_rocksdb_store(data_dir / "views", layout, mode);
}

}  // namespace plo::projections
