#include "projections/project_detail.hpp"

#include "eventstore/keys.hpp"
#include "projections/project_json.hpp"

namespace plo::projections {

namespace {

std::string row_key(const project_id& id) {
  std::string key;
  eventstore::keys::put_uuid(key, id.value);
  return key;
}

class project_detail_projection final : public projection {
public:
  std::string_view name() const override { return "project_detail"; }
  std::uint32_t schema_version() const override { return 1; }
  eventstore::family rows() const override { return families::project_detail; }

  void apply(const projection_input& input, const eventstore::kv_reader&, eventstore::kv_batch& batch) override {
    for (const auto& [project, last] : input.projects) {
      json_writer json;
      write_project_detail(json, *project, last);
      batch.put(rows(), row_key(project->id), json.str());
    }
  }
};

}  // namespace

std::unique_ptr<projection> make_project_detail() { return std::make_unique<project_detail_projection>(); }

std::optional<std::string> find_project(const eventstore::kv_reader& views, const project_id& id) {
  return views.get(families::project_detail, row_key(id));
}

}  // namespace plo::projections
