// What templates can speak of: the project, its parts and the event that caused the notification, in words of the language.
//
// Objects: project, order, shipment, consolidation, lastmile, installation, quote, survey, replacement, cause. Lists: orders,
// products, shortage, picking, missing_products, quote_lines, facts. What is not known is absent, so that {{#x}}…{{/x}} asks for it.
#pragma once

#include <string>
#include <vector>

#include <kainjow/mustache.hpp>

#include "domain/notifications/wording.hpp"
#include "domain/project/messages/compose.hpp"
#include "domain/project/payload.hpp"

namespace plo::notifications {

using view = kainjow::mustache::data;

[[nodiscard]] view make_view(const occasion& told, const message_settings& settings, const wording& words);

// The parts of it, for view*.cpp alone.

/// Sets a text on one line; an empty one is left out.
void put(view& into, const char* name, std::string_view text);
/// Sets a list of at most 40 items with `NAME_more` for how many there are beyond; an empty one is left out.
void put_list(view& into, const std::string& name, const std::vector<view>& items);

/// The order that the notification is about; null when it is about none, or about several.
[[nodiscard]] const order* order_of(const occasion& told, const json_fields* cause);
/// What is known of an SKU in the project: an item with sku, label, asked and available.
[[nodiscard]] view product_item(const project_state& project, const order* of, std::string_view sku, const wording& words);
/// What the causing event's payload says: cause, shortage, picking, missing_products, shipment, quote, survey, replacement.
void add_cause(view& into, const occasion& told, const json_fields* payload, const order* of, const wording& words);

}  // namespace plo::notifications
