#include "eventstore/index/customers.hpp"

#include <fmt/format.h>

#include "domain/event/catalogue.hpp"
#include "domain/event/upcast.hpp"
#include "domain/event/vocabulary.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

constexpr auto family_of_customers = layout::families::refs;
constexpr char customer_tag = 'C';
constexpr char project_tag = 'P';  // 'P' ‖ project → what is held of it: as_of ‖ created_at ‖ stated ‖ open ‖ customer

std::uint64_t number_of(instant at) { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }
instant instant_of(std::uint64_t number) { return instant(milliseconds(static_cast<std::int64_t>(number))); }

/// What decides a project's entries.
struct held_project {
  std::string customer;
  instant as_of = instant::min();  // when it was said whose it is
  bool stated = false;             // by project.created
  instant created_at{};
  bool open = true;

  [[nodiscard]] std::string encode() const {
    std::string row;
    keys::put_u64(row, number_of(as_of));
    keys::put_u64(row, number_of(created_at));
    row.push_back(stated ? 1 : 0);
    row.push_back(open ? 1 : 0);
    return row.append(customer);
  }

  static held_project decode(std::string_view row) {
    held_project held;
    if (row.size() < 18) return held;
    held.as_of = instant_of(keys::get_u64(row));
    held.created_at = instant_of(keys::get_u64(row.substr(8)));
    held.stated = row[16] == 1;
    held.open = row[17] == 1;
    held.customer = row.substr(18);
    return held;
  }
};

std::string project_key(const project_id& project) {
  std::string key(1, project_tag);
  keys::put_uuid(key, project.value);
  return key;
}

void put_entry(const std::string& customer, const project_id& project, instant created_at, bool open, index_rows& to) {
  if (customer.empty()) return;
  auto key = layout::customer_prefix(customer);
  keys::put_uuid(key, project.value);
  std::string value;
  keys::put_u64(value, number_of(created_at));
  value.push_back(open ? 1 : 0);
  to.put(family_of_customers, std::move(key), std::move(value));
}

/// The same as `evolve` makes of it (domain/project): what project.created says stands; until then the earliest event that names one.
void name_customer(held_project& held, std::string_view type, instant at, std::string_view customer) {
  if (type == "project.created") {
    if (!held.stated) held.as_of = instant::min();
    if (held.stated && at < held.as_of) return;
    held.stated = true;
  } else if (held.stated || (!held.customer.empty() && at >= held.as_of)) {
    return;
  }
  held.customer = customer;
  held.as_of = at;
}

class customer_index final : public log_index {
public:
  std::string_view name() const override { return "customers"; }
  std::uint32_t version() const override { return 2; }
  rows own() const override { return {family_of_customers, {customer_tag, project_tag}}; }

  void apply(const indexed_event& e, index_rows& to) const override {
    const auto project = e->stream.project();
    if (!project) return;
    const bool said = (e->kind == event_kind::source || e->kind == event_kind::operator_) && e->data.find("\"customer_id\"") != std::string::npos;
    const bool moved = e->type == own_type::project_status_changed;
    if (!said && !moved && e->version.value != 1) return;
    if (is_outdated(*e)) {
      recorded_event today = *e;
      static_cast<event&>(today) = upcast(*e);
      return fold(indexed_event(today), *project, said, moved, to);
    }
    fold(e, *project, said, moved, to);
  }

  description describe(std::string_view key, std::string_view value) const override {
    if (key.size() < 17) return {"a row that is none", {}};
    const auto project = project_id{keys::get_uuid(key.substr(key.size() - 16))}.to_string();
    if (key.front() == project_tag) return {"project:" + project, {}};
    key.remove_prefix(1);
    const bool open = value.size() > 8 && value[8] == 1;
    return {fmt::format("project:{}, {}, of the customer '{}'", project, open ? "open" : "closed", keys::take_text(key)), {}};
  }

private:
  static void fold(const indexed_event& e, const project_id& project, bool said, bool moved, index_rows& to) {
    const auto key = project_key(project);
    const auto row = to.get(family_of_customers, key);
    held_project held;
    if (row) held = held_project::decode(*row);
    else held.created_at = e->occurred_at;
    const auto before = held;
    const auto named = said ? std::string(e.text("customer_id")) : std::string();
    if (!named.empty() && is_known_type(e->type)) name_customer(held, e->type, e->occurred_at, named);
    if (moved) {
      const auto status = parse_project_status(e.text("to"));
      if (status) held.open = *status != project_status::completed && *status != project_status::cancelled;
    }
    auto now = held.encode();
    if (row != now) {
      to.set(family_of_customers, key, std::move(now));
      if (before.customer != held.customer) put_entry(before.customer, project, held.created_at, false, to);
      put_entry(held.customer, project, held.created_at, held.open, to);
    }
    // Whoever else is named can be found to be erased; the project is not theirs to join.
    if (named != held.customer) put_entry(named, project, held.created_at, false, to);
  }
};

}  // namespace

std::shared_ptr<const log_index> make_customer_index() { return std::make_shared<customer_index>(); }

customer_entry read_customer_entry(std::string_view value) {
  customer_entry entry;
  entry.created_at = instant_of(keys::get_u64(value));
  entry.open = value.size() > 8 && value[8] == 1;
  return entry;
}

std::vector<customer_entry> customer_projects(const log& log, std::string_view customer_id) {
  std::vector<customer_entry> found;
  const auto prefix = layout::customer_prefix(customer_id);
  log.store().scan(family_of_customers, prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
    auto entry = read_customer_entry(value);
    entry.customer_id = customer_id;
    entry.project = {keys::get_uuid(key.substr(key.size() - 16))};
    found.push_back(std::move(entry));
    return true;
  });
  return found;
}

}  // namespace plo::eventstore
