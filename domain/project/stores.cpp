#include "domain/project/stores.hpp"

#include "domain/project/project.hpp"

namespace plo {

namespace {

const store* find_store(std::string_view store_id, const domain_settings& settings) {
  if (settings.stores == nullptr) return nullptr;
  const auto found = settings.stores->find(store_id);
  return found == settings.stores->end() ? nullptr : &found->second;
}

const zone& zone_in(const store* at, const domain_settings& settings) { return at != nullptr && at->tz ? *at->tz : settings.tz; }

}  // namespace

const store* store_of(const project_state& state, const domain_settings& settings) {
  return state.store_id.value ? find_store(*state.store_id.value, settings) : nullptr;
}

const zone& zone_of(const project_state& state, const domain_settings& settings) { return zone_in(store_of(state, settings), settings); }

const zone& zone_of(std::string_view store_id, const domain_settings& settings) { return zone_in(find_store(store_id, settings), settings); }

}  // namespace plo
