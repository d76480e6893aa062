#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "domain/project/evolve_parts.hpp"

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

/// Confirmations and cancellations by time: the last one counts, and a confirmation dates from the first of its run.
void status_said(order& o, bool confirmed, sighted when) {
  auto& said = o.confirmations;
  const auto behind = std::upper_bound(said.begin(), said.end(), when, [](sighted t, const order::said_status& s) { return t < s.when; });
  said.insert(behind, {when, confirmed});
  std::optional<sighted> since, cancelled;
  for (const auto& s : said) {
    if (s.confirmed) {
      if (!since || cancelled) since = s.when;
      cancelled.reset();
    } else if (!cancelled) {
      cancelled = s.when;
    }
  }
  o.confirmed_at = time_of(since);
  o.confirmed_version = since ? since->version : 0;
  o.cancelled_at = time_of(cancelled);
  o.cancelled_version = cancelled ? cancelled->version : 0;
}

}  // namespace

void order_details(order& o, const payload& data, sighted when) {
  const instant at = when.at;
  o.delivery_address.set_if(data.raw("delivery_address"), at);
  o.installation_address.set_if(data.raw("installation_address"), at);
  o.installation_required.set_if(data->flag("installation_required"), at);
  o.lead_time_days.set_if(data->integer("lead_time_days"), at);
  o.promised_delivery_date.set_if(data->day("promised_delivery_date"), at);
  o.promised_installation_date.set_if(data->day("promised_installation_date"), at);
  o.customer_id.set_if(data->text("customer_id"), at);

  // The lines of a confirmation are the whole order: what was added before it is among them, or gone.
  const auto stated = data->objects("lines");
  if (!stated || when < o.lines_as_of) return;
  o.lines_as_of = when;
  std::vector<order_line> added;
  for (auto& line : o.lines) {
    if (!line.added_at || *line.added_at < when) continue;
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
  refresh_articles(o);
}

std::string_view order_event(order& o, const fact& f) {
  using t = event_type;
  o.seen.note(f.type, f.at, f.version);
  switch (f.type) {
    case t::order_confirmed:
      order_details(o, f.data, f.when());
      status_said(o, true, f.when());
      return {};
    case t::order_cancelled: status_said(o, false, f.when()); return {};
    case t::order_line_added: {
      if (f.when() < o.lines_as_of) return "the order was confirmed with its lines after this";
      std::vector<json_fields> lines = f.data->objects("lines").value_or(std::vector<json_fields>{});
      if (lines.empty() && f.data->has("sku")) lines.push_back(f.data.fields());
      if (lines.empty()) return "it names no line";
      std::vector<order_line> added;
      for (const auto& line : lines) {
        added.push_back(read_line(line));
        added.back().added_at = f.when();
      }
      merge_lines(o.lines, std::move(added));
      number_lines(o.lines);
      refresh_articles(o);
      return {};
    }
    case t::order_line_replaced: return replacement_said(o, f);
    case t::stock_check_ok:
    case t::stock_shortage:
    case t::stock_partial: return stock_said(o, f);
    default: return {};
  }
}

}  // namespace plo::fold
