#include "projections/registry.hpp"

#include "projections/core/idempotency.hpp"
#include "projections/operators/audit.hpp"
#include "projections/outbox/notifications.hpp"
#include "projections/project/views.hpp"

namespace plo::projections {

namespace {

view_module one(std::unique_ptr<projection> p) {
  view_module module;
  module.projections.push_back(std::move(p));
  return module;
}

}  // namespace

view_plan all_views(domain_settings settings) {
  return {[settings = std::move(settings)](const view_context& context) {
    std::vector<view_module> all;
    all.push_back(make_project_views(context, settings));
    all.push_back(one(make_notifications(context.indexes.add<notification_index>())));
    all.push_back(one(make_idempotency()));
    all.push_back(one(make_audit()));
    return all;
  }};
}

}  // namespace plo::projections
