#include "domain/project/project.hpp"

namespace plo {

const order* project_state::find_order(std::string_view order_ref) const {
  for (const auto& o : orders) {
    if (o.order_ref == order_ref) return &o;
  }
  if (order_ref.size() != 36) return nullptr;
  const auto by_id = order_id::parse(order_ref);
  for (const auto& o : orders) {
    if (by_id && o.id == *by_id) return &o;
  }
  return nullptr;
}

bool is_open(const project_state& state) {
  return state.exists && state.status != project_status::completed && state.status != project_status::cancelled;
}

}  // namespace plo
