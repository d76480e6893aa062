#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "domain/evolve_parts.hpp"

namespace plo::fold {

namespace {

order_line read_line(const json_fields& data) {
  order_line line;
  if (const auto id = data.text("line_id")) line.line_id = *id;
  line.numbered = line.line_id.empty();
  line.sku = data.text("sku").value_or("");
  line.label = data.text("label").value_or("");
  line.quantity = data.number("qty").value_or(1);
  line.unit_price = data.number("unit_price");
  line.warehouse = data.text("warehouse").value_or("");
  line.main = data.flag("main").value_or(false);
  line.installation_required = data.flag("installation_required");
  return line;
}

/// Each added line takes the place of the line with its id, or stands behind the lines added before it. `added` is in the order of time, and
/// so are the lines that are not stated, which stand behind the stated ones.
void merge_lines(std::vector<order_line>& lines, std::vector<order_line> added) {
  if (added.empty()) return;
  std::unordered_map<std::string, std::size_t> named;  // lines with an id of the source; of several of one id the first
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!lines[i].numbered) named.emplace(lines[i].line_id, i);
  const auto held = lines.size();
  std::vector<bool> gone(held + added.size());
  for (auto& line : added) {
    if (!line.numbered) {
      const auto [known, fresh] = named.emplace(line.line_id, lines.size());
      if (!fresh) {
        auto& same = lines[known->second];
        if (same.added_at && *same.added_at > *line.added_at) continue;
        if (same.stated) {
          line.stated = true;
          same = std::move(line);
          continue;
        }
        gone[known->second] = true;
        known->second = lines.size();
      }
    }
    lines.push_back(std::move(line));
  }
  std::size_t kept = 0, first_added = 0, first_fresh = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == held) first_fresh = kept;
    if (gone[i]) continue;
    if (kept != i) lines[kept] = std::move(lines[i]);
    if (lines[kept].stated) first_added = kept + 1;
    ++kept;
  }
  if (lines.size() == held) first_fresh = kept;
  lines.resize(kept);
  const auto at = [&](std::size_t i) { return lines.begin() + static_cast<std::ptrdiff_t>(i); };
  std::inplace_merge(at(first_added), at(first_fresh), lines.end(),
                     [](const order_line& a, const order_line& b) { return *a.added_at < *b.added_at; });
}

/// Lines without an id of the source are numbered by their place; a number that the source uses itself is passed over.
void number_lines(std::vector<order_line>& lines) {
  std::unordered_set<std::string_view> taken;
  for (const auto& line : lines)
    if (!line.numbered) taken.insert(line.line_id);
  std::size_t next = 1;
  for (auto& line : lines) {
    if (!line.numbered) {
      ++next;
      continue;
    }
    do {
      line.line_id = std::to_string(next++);
    } while (taken.contains(line.line_id));
  }
}

stock_status judge(const sku_stock& s, const order_line& line) {
  // stock.partial gives quantities: nothing there is a shortage, less than ordered is on its way.
  if (*s.said.value != stock_status::backordered || !s.available) return *s.said.value;
  if (*s.available <= 0) return stock_status::shortage;
  return *s.available >= line.quantity ? stock_status::available : stock_status::backordered;
}

/// Where the entry of a SKU is, or belongs, in a list sorted by SKU that has each once.
template <class List>
auto place_of(List& list, std::string_view sku) {
  return std::lower_bound(list.begin(), list.end(), sku, [](const auto& e, std::string_view s) { return e.sku < s; });
}

template <class Entry>
const Entry* find_entry(const std::vector<Entry>& list, std::string_view sku) {
  const auto at = place_of(list, sku);
  return at == list.end() || at->sku != sku ? nullptr : &*at;
}

/// Brings what is known by SKU to the lines.
void refresh_lines(order& o) {
  for (auto& line : o.lines) {
    line.replaced_by = {};
    line.replacement_validated = {};
    if (const auto* r = find_entry(o.replacements, line.sku)) {
      line.replaced_by = r->by;
      line.replacement_validated = r->validated;
    }
    line.stock = {};
    if (o.all_available_at) line.stock.set(stock_status::available, *o.all_available_at);
    // Of two that were said at once the one later in the list counts.
    const auto* own = find_entry(o.stock, line.sku);
    const auto* other = line.replaced_by.has() ? find_entry(o.stock, *line.replaced_by.value) : nullptr;
    if (own != nullptr && other != nullptr && other < own) std::swap(own, other);
    for (const auto* s : {own, other})
      if (s != nullptr) line.stock.set(judge(*s, line), s->said.as_of);
  }
}

template <class Entry>
Entry& entry_of(std::vector<Entry>& list, std::string_view sku) {
  auto at = place_of(list, sku);
  if (at == list.end() || at->sku != sku) {
    Entry fresh;
    fresh.sku = sku;
    at = list.insert(at, std::move(fresh));
  }
  return *at;
}

void stock_said(order& o, const fact& f) {
  const auto said = f.type == event_type::stock_check_ok  ? stock_status::available
                    : f.type == event_type::stock_shortage ? stock_status::shortage
                                                           : stock_status::backordered;
  bool named = false;
  const auto say = [&](std::string_view sku, std::optional<double> available) {
    auto& s = entry_of(o.stock, sku);
    named = true;
    if (s.said.set(said, f.at)) s.available = available;
  };
  if (const auto skus = f.data->texts("skus")) {
    for (const auto& sku : *skus) say(sku, std::nullopt);
  }
  if (const auto lines = f.data->objects("lines")) {
    for (const auto& line : *lines) {
      if (const auto sku = line.text("sku")) say(*sku, line.number("available_qty"));
    }
  }
  if (!named && said == stock_status::available) keep_latest(o.all_available_at, f.at);
}

/// Confirmations and cancellations by time: the last one counts, and a confirmation dates from the first of its run.
void status_said(order& o, bool confirmed, instant at) {
  auto& said = o.confirmations;
  const auto behind = std::upper_bound(said.begin(), said.end(), at, [](instant t, const order::said_status& s) { return t < s.at; });
  said.insert(behind, {at, confirmed});
  o.confirmed_at.reset();
  o.cancelled_at.reset();
  for (const auto& s : said) {
    if (s.confirmed) {
      if (!o.confirmed_at || o.cancelled_at) o.confirmed_at = s.at;
      o.cancelled_at.reset();
    } else if (!o.cancelled_at) {
      o.cancelled_at = s.at;
    }
  }
}

}  // namespace

void order_details(order& o, const payload& data, instant at) {
  o.delivery_address.set_if(data.raw("delivery_address"), at);
  o.installation_address.set_if(data.raw("installation_address"), at);
  o.installation_required.set_if(data->flag("installation_required"), at);
  o.lead_time_days.set_if(data->integer("lead_time_days"), at);
  o.promised_delivery_date.set_if(data->day("promised_delivery_date"), at);
  o.promised_installation_date.set_if(data->day("promised_installation_date"), at);
  o.customer_id.set_if(data->text("customer_id"), at);

  // The lines of a confirmation are the whole order: what was added before it is among them, or gone.
  const auto stated = data->objects("lines");
  if (!stated || at < o.lines_as_of) return;
  o.lines_as_of = at;
  std::vector<order_line> added;
  for (auto& line : o.lines) {
    if (!line.added_at || *line.added_at <= at) continue;
    line.stated = false;
    added.push_back(std::move(line));
  }
  // Those that had taken the place of a stated line stand among the others by their time again.
  std::stable_sort(added.begin(), added.end(), [](const order_line& a, const order_line& b) { return *a.added_at < *b.added_at; });
  o.lines.clear();
  for (const auto& line : *stated) {
    o.lines.push_back(read_line(line));
    o.lines.back().stated = true;
  }
  merge_lines(o.lines, std::move(added));
  number_lines(o.lines);
  refresh_lines(o);
}

void order_event(order& o, const fact& f) {
  using t = event_type;
  o.seen.note(f.type, f.at, f.version);
  switch (f.type) {
    case t::order_confirmed:
      order_details(o, f.data, f.at);
      status_said(o, true, f.at);
      break;
    case t::order_cancelled: status_said(o, false, f.at); break;
    case t::order_line_added: {
      if (f.at <= o.lines_as_of) break;
      std::vector<json_fields> lines = f.data->objects("lines").value_or(std::vector<json_fields>{});
      if (lines.empty() && f.data->has("sku")) lines.push_back(f.data.fields());
      std::vector<order_line> added;
      for (const auto& line : lines) {
        added.push_back(read_line(line));
        added.back().added_at = f.at;
      }
      merge_lines(o.lines, std::move(added));
      number_lines(o.lines);
      refresh_lines(o);
      break;
    }
    case t::order_line_replaced:
      if (const auto sku = f.data->text("sku")) {
        auto& r = entry_of(o.replacements, *sku);
        r.by.set_if(f.data->text("replacement_sku"), f.at);
        r.validated.set(f.data->flag("customer_validated").value_or(false), f.at);
        refresh_lines(o);
      }
      break;
    case t::stock_check_ok:
    case t::stock_shortage:
    case t::stock_partial:
      stock_said(o, f);
      refresh_lines(o);
      break;
    default: break;
  }
}

}  // namespace plo::fold
