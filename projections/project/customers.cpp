#include "projections/project/customers.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "eventstore/index/customers.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/core/token_index.hpp"
#include "projections/project/anomaly_json.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'J' ‖ project → its entry. 'P' ‖ customer ‖ group ‖ place → name ‖ short JSON, where place is inverted created_at ‖ project.
// 'C' ‖ customer → its row. 'N' ‖ place in the list (folded name ‖ 0 ‖ customer) → nothing. 'T' ‖ token ‖ 0 ‖ place in the list → rank.
// 'K' → how many customers.
enum customer_group : std::uint8_t { in_current, in_past, in_planned, customer_groups };

const token_space customer_tokens{families::customers, "T"};
const std::string customers_total_key = "K";

std::string_view within_key(std::string_view text) { return text.substr(0, 0xffff); }

customer_group group_of(project_status status) {
  switch (status) {
    case project_status::draft: return in_planned;
    case project_status::active:
    case project_status::on_hold: return in_current;
    case project_status::completed:
    case project_status::cancelled: return in_past;
  }
  return in_current;
}

/// A project as its customer shows it.
struct customer_entry {
  std::string customer, name;
  customer_group in = in_current;
  std::uint8_t health = 0;  // 0 green, 1 orange, 2 red
  instant created_at{};
  std::string json;
  bool operator==(const customer_entry&) const = default;
};

std::string encode_entry(const customer_entry& e) {
  std::string row;
  keys::put_text(row, e.customer);
  keys::put_text(row, e.name);
  row.push_back(static_cast<char>(e.in));
  row.push_back(static_cast<char>(e.health));
  keys::put_time(row, e.created_at);
  return row.append(e.json);
}

customer_entry decode_entry(std::string_view row) {
  customer_entry e;
  e.customer = keys::take_text(row);
  e.name = keys::take_text(row);
  e.in = static_cast<customer_group>(row[0]);
  e.health = static_cast<std::uint8_t>(row[1]);
  e.created_at = keys::get_time(row.substr(2));
  e.json = row.substr(10);
  return e;
}

customer_entry entry_of(const project_state& p) {
  customer_entry e;
  const auto found = summary_of(p);
  e.customer = within_key(p.customer_id.value.value_or(""));
  e.name = within_key(p.customer_name.value.value_or(""));
  e.in = group_of(p.status);
  e.health = found.critical > 0 ? 2 : found.warning > 0 ? 1 : 0;
  e.created_at = p.created_at;
  json_writer json;
  json.begin_object().field("project_id", p.id).field_strings("project_refs", p.project_refs).field("project_type", p.project_type.value);
  json.field("status", to_string(p.status)).field("health", found.health());
  json.field("promised_delivery_date", p.promised_delivery_date).end_object();
  e.json = json.str();
  return e;
}

std::string customer_project_key(const project_id& id) {
  std::string key(1, 'J');
  keys::put_uuid(key, id.value);
  return key;
}

std::string of_customer(std::string_view customer) {
  std::string key(1, 'P');
  keys::put_text(key, customer);
  return key;
}

std::string of_group(std::string_view customer, customer_group in) { return of_customer(customer) + static_cast<char>(in); }

std::string newest_first(const customer_entry& e, const project_id& id) {
  auto key = of_group(e.customer, e.in);
  keys::put_u64(key, ~(static_cast<std::uint64_t>(e.created_at.time_since_epoch().count()) ^ (1ull << 63)));
  keys::put_uuid(key, id.value);
  return key;
}

struct customer_row {
  std::string name;
  std::array<std::uint64_t, customer_groups> counts{};
  std::array<std::uint64_t, 3> health{};  // of the current projects: green, orange, red
  std::string place;                      // in the list
  bool operator==(const customer_row&) const = default;

  [[nodiscard]] std::uint64_t projects() const { return counts[in_current] + counts[in_past] + counts[in_planned]; }
};

std::string customer_key(std::string_view customer) { return std::string(1, 'C').append(customer); }

std::string encode_customer(const customer_row& c, const token_set& tokens) {
  std::string row;
  keys::put_text(row, c.name);
  for (const auto n : c.counts) keys::put_u64(row, n);
  for (const auto n : c.health) keys::put_u64(row, n);
  keys::put_u64(row, c.place.size());
  row.append(c.place);
  put_tokens(row, tokens);
  return row;
}

struct stored_customer {
  customer_row row;
  token_list tokens;  // views into what was decoded
};

stored_customer decode_customer(std::string_view in) {
  stored_customer c;
  c.row.name = keys::take_text(in);
  const auto number = [&in] {
    const auto n = keys::get_u64(in);
    in.remove_prefix(8);
    return n;
  };
  for (auto& n : c.row.counts) n = number();
  for (auto& n : c.row.health) n = number();
  const auto size = number();
  c.row.place = in.substr(0, size);
  in.remove_prefix(size);
  c.tokens = take_tokens(in);
  return c;
}

/// Sorted by the folded name; those without a name by their id.
std::string place_in_list(const customer_row& c, std::string_view customer) {
  auto place = fold_text(c.name.empty() ? customer : std::string_view(c.name)).substr(0, 1000);
  std::replace(place.begin(), place.end(), '\0', ' ');
  place.push_back('\0');
  return place.append(customer);
}

std::string_view customer_at(std::string_view place) { return place.substr(place.find('\0') + 1); }

std::uint64_t customers_total(const row_reader& views) {
  const auto stored = views.get(families::customers, customers_total_key);
  return stored ? keys::get_u64(*stored) : 0;
}

class customers_projection final : public projection {
public:
  explicit customers_projection(const project_fold& projects) : projects_(projects) {}

  std::uint32_t schema_version() const override { return 3; }
  row_family rows() const override { return families::customers; }

  void apply(event_pointers, const row_reader& views, row_batch& batch) override {
    changes changed;
    for (const auto& touched : projects_.touched()) {
      const auto& id = touched.state->id;
      const auto before = views.get(rows(), customer_project_key(id));
      const auto now = entry_of(*touched.state);
      auto row = encode_entry(now);
      if (before && *before == row) continue;
      if (before) {
        const auto was = decode_entry(*before);
        if (!was.customer.empty()) {
          auto& c = changed[was.customer];
          --c.counts[was.in];
          if (was.in == in_current) --c.health[was.health];
          c.entries[newest_first(was, id)] = std::nullopt;
        }
      }
      if (!now.customer.empty()) {
        auto& c = changed[now.customer];
        ++c.counts[now.in];
        if (now.in == in_current) ++c.health[now.health];
        std::string value;
        keys::put_text(value, now.name);
        c.entries[newest_first(now, id)] = value + now.json;
      }
      batch.put(rows(), customer_project_key(id), std::move(row));
    }
    std::int64_t added = 0;
    for (const auto& [customer, by] : changed) added += write(customer, by, views, batch);
    if (added == 0) return;
    const auto there = customers_total(views) + static_cast<std::uint64_t>(added);
    std::string total;
    keys::put_u64(total, there);
    // As a rebuild that meets those who come and go in one step.
    if (there == 0) batch.remove(rows(), customers_total_key);
    else batch.put(rows(), customers_total_key, std::move(total));
  }

private:
  struct change {
    std::array<std::int64_t, customer_groups> counts{};
    std::array<std::int64_t, 3> health{};
    std::map<std::string, std::optional<std::string>> entries;  // keys under 'P'; empty: gone
  };
  using changes = std::map<std::string, change>;

  /// How many customers there are more.
  std::int64_t write(const std::string& customer, const change& by, const row_reader& views, row_batch& batch) const {
    for (const auto& [key, value] : by.entries) {
      if (value) batch.put(rows(), key, *value);
      else batch.remove(rows(), key);
    }
    const auto stored = views.get(rows(), customer_key(customer));
    const auto before = stored ? decode_customer(*stored) : stored_customer{};
    auto row = before.row;
    for (std::size_t i = 0; i < customer_groups; ++i) row.counts[i] += static_cast<std::uint64_t>(by.counts[i]);
    for (std::size_t i = 0; i < row.health.size(); ++i) row.health[i] += static_cast<std::uint64_t>(by.health[i]);
    if (row.projects() == 0) {
      if (!stored) return 0;
      change_tokens(batch, customer_tokens, before.tokens, before.row.place, {}, {});
      batch.remove(rows(), std::string(1, 'N') + before.row.place);
      batch.remove(rows(), customer_key(customer));
      return -1;
    }
    row.name = name_of(customer, by, views);
    row.place = place_in_list(row, customer);
    if (stored && row == before.row) return 0;
    token_set tokens;
    tokens.add_text(row.name);
    tokens.add_reference(customer);
    change_tokens(batch, customer_tokens, before.tokens, before.row.place, tokens, row.place);
    if (stored && before.row.place != row.place) batch.remove(rows(), std::string(1, 'N') + before.row.place);
    if (!stored || before.row.place != row.place) batch.put(rows(), std::string(1, 'N') + row.place, {});
    batch.put(rows(), customer_key(customer), encode_customer(row, tokens));
    return stored ? 0 : 1;
  }

  /// The name that the newest of the projects shown has; depends on the projects alone, not on the order of their changes.
  std::string name_of(const std::string& customer, const change& by, const row_reader& views) const {
    std::string best_place, best_name;
    for (const auto in : {in_current, in_past, in_planned}) {
      const auto prefix = of_group(customer, in);
      std::map<std::string, std::string> newest;
      views.scan(rows(), prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
        newest.emplace(key, keys::take_text(value));
        return newest.size() < max_projects_shown + by.entries.size();
      });
      for (auto it = by.entries.lower_bound(prefix); it != by.entries.end() && it->first.starts_with(prefix); ++it) {
        newest.erase(it->first);
        if (!it->second) continue;
        std::string_view value = *it->second;
        newest.emplace(it->first, keys::take_text(value));
      }
      std::size_t looked_at = 0;
      for (const auto& [key, name] : newest) {
        if (looked_at++ == max_projects_shown) break;
        if (name.empty()) continue;
        const auto place = key.substr(prefix.size());
        if (best_name.empty() || place < best_place) {
          best_place = place;
          best_name = name;
        }
        break;
      }
    }
    return best_name;
  }
  const project_fold& projects_;
};

void write_customer(json_writer& json, const row_reader& views, std::string_view customer, const customer_row& row) {
  static constexpr std::array<std::string_view, customer_groups> names{"current", "past", "planned"};
  json.begin_object().field("customer_id", customer).field_or_null("name", row.name);
  json.key("projects").begin_object();
  for (const auto in : {in_current, in_past, in_planned}) {
    json.key(names[in]).begin_array();
    const auto prefix = of_group(customer, in);
    std::size_t shown = 0;
    views.scan(families::customers, prefix, keys::after(prefix), [&](std::string_view, std::string_view value) {
      (void)keys::take_text(value);
      json.raw(value);
      return ++shown < max_projects_shown;
    });
    json.end_array();
  }
  json.end_object().key("project_counts").begin_object();
  for (const auto in : {in_current, in_past, in_planned}) json.field(names[in], row.counts[in]);
  json.end_object().field("health", row.health[2] > 0 ? "red" : row.health[1] > 0 ? "orange" : "green").end_object();
}

}  // namespace

std::unique_ptr<projection> make_customers(const project_fold& projects) { return std::make_unique<customers_projection>(projects); }

std::optional<std::string> customer_json(const row_reader& views, std::string_view customer_id) {
  const auto stored = views.get(families::customers, customer_key(customer_id));
  if (!stored) return std::nullopt;
  json_writer json;
  write_customer(json, views, customer_id, decode_customer(*stored).row);
  return json.str();
}

page list_customers(const row_reader& views, const customer_query& query) {
  const auto write = [&](json_writer& items, const std::string& customer) {
    if (const auto found = customer_json(views, customer)) items.raw(*found);
  };
  const auto terms = search_terms(query.text);
  if (terms.empty() && query.text.find_first_not_of(' ') == std::string::npos) {
    const auto load = [](std::string_view place, std::string_view) { return std::optional<std::string>(customer_at(place)); };
    return scan_page(views, families::customers, "N", customers_total(views), query.page, load, write);
  }
  const auto has_terms = [&](std::string_view place, const std::vector<std::string>& wanted) {
    const auto row = views.get(families::customers, customer_key(customer_at(place)));
    return row && match_of(wanted, decode_customer(*row).tokens) > 0;
  };
  // A token's rest is the place in the list, so what is found is in its order already.
  std::vector<std::string> found;
  for (const auto& asked : {terms, search_words(query.text)})
    if (found.empty() && !asked.empty()) found = find_all(views, customer_tokens, asked, has_terms);
  page result;
  result.total = found.size();
  json_writer items;
  items.begin_array();
  auto at = query.page.after ? std::upper_bound(found.begin(), found.end(), *query.page.after) : found.begin();
  for (std::size_t taken = 0; at != found.end() && taken < query.page.limit; ++at, ++taken) write(items, std::string(customer_at(*at)));
  if (at != found.end()) result.next = *std::prev(at);
  result.items = items.end_array().str();
  return result;
}

std::vector<uuid> projects_of_customer(const row_reader& views, std::string_view customer_id) {
  std::vector<uuid> ids;
  const auto prefix = of_customer(within_key(customer_id));
  views.scan(families::customers, prefix, keys::after(prefix), [&](std::string_view key, std::string_view) {
    ids.push_back(keys::get_uuid(key.substr(key.size() - 16)));
    return true;
  });
  return ids;
}

std::vector<customer_match> find_customers(const row_reader& views, const std::vector<std::string>& terms, std::size_t most) {
  std::vector<customer_match> matches;
  auto places = find_some(views, customer_tokens, terms, most);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (const auto& place : places) {
    std::string customer(customer_at(place));
    const auto row = views.get(families::customers, customer_key(customer));
    if (!row) continue;
    const auto c = decode_customer(*row);
    if (const auto match = match_of(terms, c.tokens); match > 0) matches.push_back({std::move(customer), c.row.name, match});
  }
  return matches;
}

}  // namespace plo::projections
