// The articles of an order: what is in stock of each, and which has taken the place of which.

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "domain/project/evolve_parts.hpp"

namespace plo::fold {

namespace {

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

/// What an article has become.
struct replaced {
  const sku_replacement* last = nullptr;  // the replacement that it ends with; null: it stands as it was
  const sku_stock* said = nullptr;        // about the article that it now is, else the newest about those that it was
  std::string_view article;               // that it now is
};

/// Follows replacements to their ends, each article once.
class chains {
public:
  explicit chains(const order& o) : o_(o) {}

  replaced of(std::string_view sku) {
    if (o_.replacements.empty()) return {nullptr, find_entry(o_.stock, sku), sku};
    if (const auto known = known_.find(sku); known != known_.end()) return known->second;
    std::vector<const sku_replacement*> path;
    std::unordered_map<std::string_view, std::size_t> on_path;
    std::string_view at = sku;
    replaced end;
    for (;;) {
      if (const auto known = known_.find(at); known != known_.end()) {
        end = known->second;
        break;
      }
      const auto* next = find_entry(o_.replacements, at);
      if (const auto again = on_path.find(at); again != on_path.end()) {
        // Back where it was: the newest of these replacements is the one that stands.
        const auto newest = std::max_element(path.begin() + static_cast<std::ptrdiff_t>(again->second), path.end(),
                                             [](const auto* a, const auto* b) { return a->by.as_of < b->by.as_of; });
        end = {*newest, find_entry(o_.stock, *(*newest)->by.value), *(*newest)->by.value};
        break;
      }
      if (next == nullptr || !next->by.has()) {
        end = {next, find_entry(o_.stock, at), at};
        if (next != nullptr) known_.emplace(next->sku, end);
        break;
      }
      on_path.emplace(at, path.size());
      path.push_back(next);
      at = *next->by.value;
    }
    const bool by_itself = end.said != nullptr && end.said->sku == end.article;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
      if (end.last == nullptr) end.last = *step;
      const auto* own = find_entry(o_.stock, (*step)->sku);
      if (!by_itself && own != nullptr && (end.said == nullptr || end.said->said.as_of < own->said.as_of)) end.said = own;
      known_.emplace((*step)->sku, end);
    }
    return end;
  }

private:
  const order& o_;
  std::unordered_map<std::string_view, replaced> known_;
};

/// How much of an article is asked for, and how much of what is there has not been given to a line yet.
struct supply {
  double asked = 0;
  double left = 0;
};

stock_status judge(const sku_stock& s, double quantity, supply& of) {
  const auto said = *s.said.value;
  if (said == stock_status::available || !s.available) return said;
  // Nothing there is a shortage, less than ordered is on its way.
  if (*s.available <= 0) return stock_status::shortage;
  // Whoever says shortage and counts enough means those that others wait for.
  if (said == stock_status::shortage && of.asked <= *s.available) return said;
  const bool enough = of.left >= quantity;
  of.left = enough ? of.left - quantity : 0;
  return enough ? stock_status::available : said;
}

bool is_short(stock_status s) { return s == stock_status::shortage || s == stock_status::backordered; }

void sort_once(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace

void refresh_articles(order& o) {
  chains replacements(o);
  o.articles_short.clear();
  o.articles_unvalidated.clear();
  std::vector<replaced> now;
  now.reserve(o.lines.size());
  std::unordered_set<std::string_view> articles;
  std::unordered_map<const sku_stock*, supply> supplies;
  for (auto& line : o.lines) {
    const auto& it = now.emplace_back(replacements.of(line.sku));
    articles.insert(it.article);
    if (it.said == nullptr) continue;
    auto& of = supplies.try_emplace(it.said, supply{0, it.said->available.value_or(0)}).first->second;
    of.asked += line.quantity;
  }
  for (std::size_t i = 0; i < o.lines.size(); ++i) {
    auto& line = o.lines[i];
    const auto& it = now[i];
    line.replaced_by.reset();
    line.replacement_validated.reset();
    if (it.last != nullptr) {
      line.replaced_by = it.last->by.value;
      line.replacement_validated = it.last->validated.value;
    }
    line.stock = {};
    if (it.said != nullptr && it.said->said.as_of > o.whole_stock.as_of)
      line.stock = {judge(*it.said, line.quantity, supplies.at(it.said)), it.said->said.as_of.at};
    else if (o.whole_stock.has()) line.stock = {o.whole_stock.value, o.whole_stock.as_of.at};
    if (line.stock.has() && is_short(*line.stock.value)) o.articles_short.emplace_back(it.article);
  }

  // What was said of articles that no line names, and has not been left out of the order since.
  for (const auto& s : o.stock) {
    if (supplies.contains(&s) || s.said.as_of < o.whole_stock.as_of || s.said.as_of < o.lines_as_of) continue;
    if (!is_short(*s.said.value) || articles.contains(replacements.of(s.sku).article)) continue;
    o.articles_short.push_back(s.sku);
  }
  if (o.lines.empty() && o.whole_stock.has() && is_short(*o.whole_stock.value)) o.articles_short.emplace_back("*");
  sort_once(o.articles_short);

  for (const auto& r : o.replacements) {
    const auto it = replacements.of(r.sku);
    if (it.last == nullptr || it.last->validated.value.value_or(false)) continue;
    if (articles.contains(it.article) || r.validated.as_of > o.lines_as_of) o.articles_unvalidated.emplace_back(it.article);
  }
  sort_once(o.articles_unvalidated);
}

not_applied stock_said(order& o, const fact& f) {
  const auto said = f.type == event_type::stock_check_ok  ? stock_status::available
                    : f.type == event_type::stock_shortage ? stock_status::shortage
                                                           : stock_status::backordered;
  bool named = false, taken = false;
  const auto say = [&](std::string_view sku, std::optional<double> available) {
    named = true;
    auto& s = entry_of(o.stock, sku);
    if (f.when() < s.said.as_of) return;
    // The same message may name an article in several lines: what is there is there once.
    if (s.said.as_of == f.when() && s.available && available) available = std::max(*s.available, *available);
    s.said.set(said, f.when());
    s.available = available;
    taken = true;
  };
  if (const auto skus = f.data->texts("skus"))
    for (const auto& sku : *skus) say(sku, std::nullopt);
  if (const auto lines = f.data->objects("lines"))
    for (const auto& line : *lines)
      if (const auto sku = line.text("sku")) say(*sku, line.number("available_qty"));
  if (!named) {
    taken = f.when() >= o.whole_stock.as_of;
    o.whole_stock.set(said, f.when());
  }
  refresh_articles(o);
  return taken ? not_applied() : older;
}

not_applied replacement_said(order& o, const fact& f) {
  const auto sku = f.data->text("sku");
  if (!sku) return "it names no article";
  auto& r = entry_of(o.replacements, *sku);
  const bool taken = f.when() >= r.validated.as_of;
  if (const auto by = f.data->text("replacement_sku")) r.by.set(std::string(*by), f.when());
  r.validated.set(f.data->flag("customer_validated").value_or(false), f.when());
  refresh_articles(o);
  return taken ? not_applied() : older;
}

}  // namespace plo::fold
