#include "domain/project/limits.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "domain/event/catalogue.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/payload.hpp"

namespace plo {

namespace {

using t = event_type;

/// One look at one event.
class measuring {
public:
  measuring(const project_state& state, const event& e, const ingest_limits& limits, const payload& data)
      : state_(state), e_(e), limits_(limits), data_(data), order_ref_(data->text("order_ref").value_or(e.order_ref)) {}

  std::optional<ingest_error> run() {
    const auto* known = e_.kind == event_kind::source ? find_type(e_.type) : nullptr;
    if (known != nullptr || e_.type == own_type::order_created) orders();
    if (e_.type == own_type::order_created) lines(t::order_confirmed);
    if (e_.kind == event_kind::source) {
      names(reference_kind::lastmile, "lastmile_id", limits_.tours_per_project, "tours");
      names(reference_kind::installation, "installation_id", limits_.visits_per_project, "visits");
      names(reference_kind::shipment, "shipment_id", limits_.legs_per_project, "legs");
    }
    if (known != nullptr) measure(known->type);
    return std::move(found_);
  }

private:
  void measure(t type) {
    switch (type) {
      case t::order_confirmed: return lines(type);
      case t::order_line_added:
        lines(type);
        return foreign_lines();
      case t::order_line_replaced: return replacement();
      case t::stock_check_ok:
      case t::stock_shortage:
      case t::stock_partial: return stock();
      case t::shipment_dispatched:
      case t::shipment_in_transit:
      case t::shipment_eta_updated:
      case t::shipment_arrived_at_station:
      case t::shipment_exception: return legs();
      case t::lastmile_delivered:
      case t::lastmile_partial_delivered: return outcomes();
      default: return;
    }
  }

  void refuse(std::string_view field, std::size_t most, std::string_view what) {
    if (found_) return;
    auto message = fmt::format("{} must not have more than {} {}", what == "lines" || what == "articles" ? "an order" : "a project", most, what);
    // An operator's command has no payload: its fields are the body's.
    const std::string_view parent = e_.kind == event_kind::source ? "/payload" : "";
    found_ = ingest_error{ingest_error::kind::invalid, message, {{fmt::format("{}/{}", parent, field), message}}};
  }

  [[nodiscard]] const order* named() const {
    if (!order_ref_.empty()) return state_.find_order(order_ref_);
    return state_.orders.size() == 1 ? &state_.orders.front() : nullptr;
  }

  void orders() {
    if (state_.orders.size() < limits_.orders_per_project || order_ref_.empty() || state_.find_order(order_ref_) != nullptr) return;
    refuse("order_ref", limits_.orders_per_project, "orders");
  }

  /// Lines of a confirmation stand beside those that were added after it; an added one with the id of a line takes its place.
  void lines(t type) {
    const auto given = data_->objects("lines");
    const auto* held = named();
    const bool one = !given && type == t::order_line_added;
    std::size_t count = 0;
    std::unordered_set<std::string_view> ids;
    const auto add = [&](std::string_view id) { count += id.empty() || ids.insert(id).second; };
    if (held != nullptr)
      for (const auto& line : held->lines)
        if (type == t::order_line_added || (line.added_at && line.added_at->at > e_.occurred_at)) add(line.numbered ? std::string_view() : std::string_view(line.line_id));
    const auto before = count;
    if (given)
      for (const auto& line : *given) add(line.text("line_id").value_or(""));
    else if (one) add(data_->text("line_id").value_or(""));
    if (count > limits_.lines_per_order && count > before) refuse(given ? "lines" : "line_id", limits_.lines_per_order, "lines");
  }

  /// A line that came without an id has the number that PLO gave it: a source that takes it for its own would mean another line.
  void foreign_lines() {
    const auto* held = named();
    if (held == nullptr || found_) return;
    const auto check = [&](std::string_view id, const std::string& pointer) {
      const auto is_ours = [&](const order_line& line) { return line.numbered && line.line_id == id; };
      if (id.empty() || found_ || std::none_of(held->lines.begin(), held->lines.end(), is_ours)) return;
      const auto message = fmt::format("'{}' is the number that a line has here which came without a line_id", id);
      found_ = ingest_error{ingest_error::kind::invalid, message, {{pointer, message}}};
    };
    check(data_->text("line_id").value_or(""), "/payload/line_id");
    if (const auto given = data_->objects("lines"))
      for (std::size_t i = 0; i < given->size(); ++i) check((*given)[i].text("line_id").value_or(""), fmt::format("/payload/lines/{}/line_id", i));
  }

  template <class Entries>
  void articles(const Entries& held, const std::vector<std::string>& named, std::string_view field) {
    if (held.size() + named.size() <= limits_.lines_per_order) return;
    std::set<std::string_view> known;
    for (const auto& entry : held) known.insert(entry.sku);
    const auto before = known.size();
    for (const auto& sku : named) known.insert(sku);
    if (known.size() > limits_.lines_per_order && known.size() > before) refuse(field, limits_.lines_per_order, "articles");
  }

  void stock() {
    auto skus = data_->texts("skus").value_or(std::vector<std::string>{});
    const bool by_lines = skus.empty();
    if (const auto stock_lines = data_->objects("lines"))
      for (const auto& line : *stock_lines)
        if (const auto sku = line.text("sku")) skus.emplace_back(*sku);
    static const std::vector<sku_stock> none;
    const auto* o = named();
    articles(o ? o->stock : none, skus, by_lines ? "lines" : "skus");
  }

  void replacement() {
    if (const auto* o = named()) articles(o->replacements, {std::string(data_->text("sku").value_or(""))}, "sku");
  }

  void legs() {
    std::size_t held = 0;
    for (const auto& o : state_.orders) held += o.shipments.size();
    if (held < limits_.legs_per_project) return;
    const auto* o = named();
    const auto id = data_->text("shipment_id");
    const auto leg = fmt::format("{}/{}", o ? std::string_view(o->order_ref) : order_ref_, data_->integer("leg_number").value_or(1));
    const auto number = data_->integer("leg_number");
    const auto is_it = [&](const shipment& s) {
      return s.shipment_id == (id ? *id : std::string_view(leg)) && (!number || !s.leg_number || s.leg_number == number);
    };
    const auto has_it = [&](const order& any) { return std::any_of(any.shipments.begin(), any.shipments.end(), is_it); };
    const bool known = o != nullptr ? has_it(*o) : std::any_of(state_.orders.begin(), state_.orders.end(), has_it);
    // Without an order that it is about, it changes none.
    if (!known && (o != nullptr || !order_ref_.empty())) refuse(id ? "shipment_id" : "leg_number", limits_.legs_per_project, "legs");
  }

  /// A delivery that ends unlike any before it is a tour of its own, named or not.
  void outcomes() {
    std::size_t held = 0;
    for (const auto& l : state_.lastmiles) held += l.outcomes.size();
    if (held < limits_.tours_per_project) return;
    auto missing = data_->texts("missing_order_ids").value_or(std::vector<std::string>{});
    std::sort(missing.begin(), missing.end());
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    const auto ends_so = [&](const delivery_outcome& o) { return o.missing == missing; };
    const auto has_it = [&](const lastmile& l) { return std::any_of(l.outcomes.begin(), l.outcomes.end(), ends_so); };
    if (missing.empty() || std::any_of(state_.lastmiles.begin(), state_.lastmiles.end(), has_it)) return;
    refuse("missing_order_ids", limits_.tours_per_project, "tours");
  }

  void names(reference_kind kind, std::string_view field, std::size_t most, std::string_view what) {
    if (state_.refs.size() < most) return;
    const auto id = data_->text(field);
    if (!id) return;
    std::set<std::string_view> known;
    for (const auto& r : state_.refs)
      if (r.kind == kind) known.insert(r.ref);
    if (known.size() >= most && !known.contains(*id)) refuse(field, most, what);
  }

  const project_state& state_;
  const event& e_;
  const ingest_limits& limits_;
  const payload& data_;
  std::string_view order_ref_;
  std::optional<ingest_error> found_;
};

/// Most events cannot make a project larger, and nearly all projects are small: neither is read again for this.
bool may_exceed(const project_state& state, const event& e, const ingest_limits& limits) {
  if (e.type == own_type::order_created) return true;
  if (e.kind != event_kind::source) return false;
  const auto smallest = std::min({limits.orders_per_project, limits.legs_per_project, limits.tours_per_project, limits.visits_per_project});
  if (state.refs.size() >= smallest || state.orders.size() >= limits.orders_per_project) return true;
  const auto* known = find_type(e.type);
  if (known == nullptr) return false;
  switch (known->type) {
    case t::order_confirmed:
    case t::order_line_added:
    case t::order_line_replaced:
    case t::stock_check_ok:
    case t::stock_shortage:
    case t::stock_partial:
    case t::shipment_dispatched:
    case t::shipment_in_transit:
    case t::shipment_eta_updated:
    case t::shipment_arrived_at_station:
    case t::shipment_exception:
    case t::lastmile_delivered:
    case t::lastmile_partial_delivered: return true;
    default: return false;
  }
}

}  // namespace

std::optional<ingest_error> exceeds(const project_state& state, const event& given, const ingest_limits& limits) {
  if (given.kind != event_kind::source && given.kind != event_kind::operator_) return std::nullopt;
  if (!may_exceed(state, given, limits)) return std::nullopt;
  static const domain_settings any_zone;
  const auto data = payload::of(given, any_zone);
  if (!data) return std::nullopt;
  return measuring(state, given, limits, *data).run();
}

}  // namespace plo
