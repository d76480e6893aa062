#include "projections/operators/audit.hpp"

#include <array>
#include <map>

#include "base/json.hpp"
#include "domain/event/command_stamp.hpp"
#include "eventstore/kv/keys.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// Four orders of the same places (recorded_at ‖ position): 'A' all, 'O' ‖ operator, 'T' ‖ type, 'B' ‖ operator ‖ type. Each is kept as
// 'e' ‖ order ‖ place, with 'n' ‖ order → how many there are and 'd' ‖ order ‖ day → how many on that day (UTC). The entries
// themselves are the events of the log.
constexpr auto audit_family = families::audit;

std::string order_of(const std::optional<std::string>& operator_id, std::string_view type) {
  std::string order(1, operator_id ? (type.empty() ? 'O' : 'B') : (type.empty() ? 'A' : 'T'));
  if (operator_id) keys::put_text(order, *operator_id);
  if (!type.empty()) keys::put_text(order, type);
  return order;
}

std::string marked(char mark, std::string_view order) { return std::string(1, mark).append(order); }

std::string with_time(std::string key, instant at) {
  keys::put_time(key, at);
  return key;
}

instant day_of(instant at) { return std::chrono::floor<std::chrono::days>(at); }

class audit_projection final : public projection {
public:
  std::uint32_t schema_version() const override { return 1; }
  row_family rows() const override { return audit_family; }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    std::map<std::string, std::uint64_t> counts;
    for (const auto* e : events) {
      if (e->kind != event_kind::operator_) continue;
      for (const auto& order : std::array{order_of({}, ""), order_of(e->operator_id, ""), order_of({}, e->type), order_of(e->operator_id, e->type)}) {
        auto place = with_time(marked('e', order), e->recorded_at);
        keys::put_u64(place, e->pos.value);
        batch.put(audit_family, std::move(place), {});
        ++counts[marked('n', order)];
        ++counts[with_time(marked('d', order), day_of(e->recorded_at))];
      }
    }
    for (const auto& [key, more] : counts) {
      const auto stored = views.get(audit_family, key);
      std::string value;
      keys::put_u64(value, (stored ? keys::get_u64(*stored) : 0) + more);
      batch.put(audit_family, key, std::move(value));
    }
  }
};

/// Entries of an order in [from, until): whole days by their counts, the ends one by one.
std::uint64_t count_between(const row_reader& views, const std::string& order, instant from, instant until) {
  std::uint64_t total = 0;
  const auto entries = marked('e', order), days = marked('d', order);
  const auto one_by_one = [&](instant first, instant end) {
    if (first >= end) return;
    views.scan(audit_family, with_time(entries, first), with_time(entries, end), [&](std::string_view, std::string_view) {
      ++total;
      return true;
    });
  };
  const auto first_day = std::chrono::ceil<std::chrono::days>(from), last_day = std::chrono::floor<std::chrono::days>(until);
  if (first_day >= last_day) {
    one_by_one(from, until);
    return total;
  }
  one_by_one(from, first_day);
  one_by_one(last_day, until);
  views.scan(audit_family, with_time(days, first_day), with_time(days, last_day), [&](std::string_view, std::string_view count) {
    total += keys::get_u64(count);
    return true;
  });
  return total;
}

void write_entry(json_writer& json, const recorded_event& e, const audit_author& author, bool accounts) {
  json.begin_object().field("position", e.pos).field("recorded_at", e.recorded_at).field_or_null("operator_id", e.operator_id);
  json.field_or_null("operator_email", author.email);
  if (!accounts) json.field_or_null("operator_name", author.name);
  json.field("type", e.type);
  json.field("project_id", e.stream.project()).field("summary", audit_summary(e, accounts)).field_raw("data", public_data(e, accounts)).end_object();
}

}  // namespace

std::unique_ptr<projection> make_audit() { return std::make_unique<audit_projection>(); }

page list_audit(const row_reader& views, const eventstore::log& log, const audit_query& query,
                const std::function<audit_author(std::string_view)>& author_of, bool accounts) {
  // Times that a query may ask for, and no event has.
  constexpr instant earliest{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}}, latest{std::chrono::sys_days{std::chrono::year{9999} / 1 / 1}};
  const auto order = order_of(query.operator_id, query.type);
  const auto entries = marked('e', order);
  const auto from = std::clamp(query.from.value_or(earliest), earliest, latest), until = std::clamp(query.to.value_or(latest), earliest, latest);
  page result;
  json_writer items;
  items.begin_array();
  if (query.from || query.to) {
    result.total = count_between(views, order, from, std::max(from, until));
  } else if (const auto total = views.get(audit_family, marked('n', order))) {
    result.total = keys::get_u64(*total);
  }
  auto end = with_time(entries, until);
  if (query.page.after) end = std::min(end, entries + *query.page.after);
  std::size_t taken = 0;
  std::string last;
  views.scan_back(audit_family, with_time(entries, from), end, [&](std::string_view key, std::string_view) {
    const auto place = key.substr(entries.size());
    if (taken == query.page.limit || (taken > 0 && items.view().size() > max_page_bytes)) {
      result.next = last;
      return false;
    }
    if (const auto e = log.at({keys::get_u64(place.substr(8))})) write_entry(items, *e, author_of(e->operator_id), accounts);
    last = place;
    ++taken;
    return true;
  });
  result.items = items.end_array().str();
  return result;
}

}  // namespace plo::projections
