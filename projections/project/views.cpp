#include "projections/project/views.hpp"

#include "projections/project/anomalies.hpp"
#include "projections/project/customers.hpp"
#include "projections/project/dead_letters.hpp"
#include "projections/project/deadlines.hpp"
#include "projections/project/kpis.hpp"
#include "projections/project/legs.hpp"
#include "projections/project/projects.hpp"
#include "projections/project/search.hpp"
#include "projections/project/stations.hpp"

namespace plo::projections {

view_module make_project_views(const view_context& context, const domain_settings& settings) {
  view_module module;
  auto fold = std::make_unique<project_fold>(context.log, settings);
  const auto& projects = *fold;
  module.shared = std::move(fold);
  auto& all = module.projections;
  all.push_back(make_projects(projects, context.indexes.add<project_index>()));
  all.push_back(make_deadlines(projects, context.log, settings, context.checkpoint));
  all.push_back(make_anomalies(projects, context.indexes.add<anomaly_index>()));
  all.push_back(make_dead_letters(context.indexes.add<dead_letter_index>()));
  all.push_back(make_search(projects));
  all.push_back(make_customers(projects));
  all.push_back(make_kpis(projects, settings));
  all.push_back(make_stations());
  return module;
}

}  // namespace plo::projections
