#include "projections/core/rows.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plo::projections {

eventstore::family row_reader::place_of(std::string_view view) const {
  const auto found = places_->find(view);
  if (found == places_->end()) throw std::logic_error(fmt::format("there is no read model {}", view));
  const auto& place = found->second;
  if (!place.where) throw view_not_ready(fmt::format("the read model {} is being built", view));
  if (place.stands_at && *place.stands_at < at_least_)
    throw view_not_ready(fmt::format("the read model {} stands at position {}", view, place.stands_at->value));
  if (place.stands_at) oldest_read_ = std::min(*place.stands_at, oldest_read_.value_or(*place.stands_at));
  return *place.where;
}

}  // namespace plo::projections
