// Lines of an order merge as one by one, whatever their number; and a large project stays quick.
#include <chrono>
#include <random>

#include <fmt/format.h>

#include "tests/project/given.hpp"

namespace plo::spec {
namespace {

/// A line as the rules of merging see it.
struct plain_line {
  std::string id;  // empty: none of its own
  std::string sku;
  bool stated = false;
  std::optional<sighted> added_at;
};

/// The rules of merging, one line at a time: an added line takes the place of the line with its id, or stands behind those added before it.
void merge(std::vector<plain_line>& lines, plain_line line) {
  if (!line.id.empty()) {
    const auto same = std::find_if(lines.begin(), lines.end(), [&](const plain_line& l) { return l.id == line.id; });
    if (same != lines.end()) {
      if (same->added_at && *same->added_at > *line.added_at) return;
      if (same->stated) {
        line.stated = true;
        *same = std::move(line);
        return;
      }
      lines.erase(same);
    }
  }
  const auto behind = std::find_if(lines.begin(), lines.end(), [&](const plain_line& l) { return !l.stated && *l.added_at > *line.added_at; });
  lines.insert(behind, std::move(line));
}

std::vector<std::string> numbered(const std::vector<plain_line>& lines) {
  std::vector<std::string> ids;
  std::size_t next = 1;
  for (const auto& line : lines) {
    if (!line.id.empty()) {
      ++next;
      ids.push_back(line.id);
      continue;
    }
    std::string id;
    do id = std::to_string(next++);
    while (std::any_of(lines.begin(), lines.end(), [&](const plain_line& l) { return l.id == id; }));
    ids.push_back(id);
  }
  return ids;
}

struct plain_order {
  std::vector<plain_line> lines;
  sighted as_of{instant::min()};

  void confirmed(const std::vector<plain_line>& stated, sighted at) {
    if (at < as_of) return;
    as_of = at;
    std::vector<plain_line> added;
    for (auto& line : lines) {
      if (!line.added_at || *line.added_at < at) continue;
      line.stated = false;
      added.push_back(line);
    }
    std::stable_sort(added.begin(), added.end(), [](const plain_line& a, const plain_line& b) { return *a.added_at < *b.added_at; });
    lines = stated;
    for (auto& line : lines) line.stated = true;
    for (auto& line : added) merge(lines, line);
  }
  void added(const std::vector<plain_line>& some, sighted at) {
    if (at < as_of) return;
    for (auto line : some) {
      line.added_at = at;
      merge(lines, line);
    }
  }
};

std::string payload_of(const std::vector<plain_line>& lines) {
  json_writer w;
  w.begin_object().field("order_ref", "O").key("lines").begin_array();
  for (const auto& line : lines) {
    w.begin_object();
    if (!line.id.empty()) w.field("line_id", line.id);
    w.field("sku", line.sku).end_object();
  }
  w.end_array().end_object();
  return w.str();
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

project_state folded(project_state state, const event& e) {
  state.id = test_project;
  return decide(std::move(state), test_project, e, paris()).next;
}

}  // namespace

TEST(domain_lines, many_at_once_merge_as_one_by_one) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return random() % n; };
    plain_order expected;
    project_state state;
    state.id = test_project;
    int sku = 0;
    for (int i = 0; i < 12; ++i) {
      std::vector<plain_line> some(below(6));
      for (auto& line : some) {
        line.sku = "S" + std::to_string(sku++);
        if (below(3) > 0) line.id = std::to_string(1 + below(7));
      }
      const auto when = at("06-01") + std::chrono::hours(below(8));
      const bool confirms = below(3) == 0;
      auto e = said(confirms ? "order.confirmed" : "order.line_added", "06-01", payload_of(some));
      e.occurred_at = when;
      if (confirms) expected.confirmed(some, {when, static_cast<std::uint64_t>(i)});
      else expected.added(some, {when, static_cast<std::uint64_t>(i)});
      evolve(state, e, paris());
      const auto ids = numbered(expected.lines);
      const auto& got = state.orders.front().lines;
      ASSERT_EQ(got.size(), expected.lines.size()) << "seed " << seed << " event " << i;
      for (std::size_t n = 0; n < got.size(); ++n) {
        ASSERT_EQ(got[n].sku, expected.lines[n].sku) << "seed " << seed << " event " << i << " line " << n;
        ASSERT_EQ(got[n].line_id, ids[n]) << "seed " << seed << " event " << i << " line " << n;
        ASSERT_EQ(got[n].stated, expected.lines[n].stated);
      }
    }
  }
}

TEST(domain_lines, of_a_line_and_its_replacement_the_stock_of_what_it_now_is_counts) {
  for (const bool replaced_is_first : {true, false}) {
    project p;
    const std::string own = replaced_is_first ? "M" : "A", other = replaced_is_first ? "A" : "M";
    p.when(said("order.confirmed", "06-01", R"({"order_ref":"O","lines":[{"sku":")" + own + R"("}]})"));
    p.when(said("order.line_replaced", "06-02", fmt::format(R"({{"order_ref":"O","sku":"{}","replacement_sku":"{}"}})", own, other)));
    p.when(said("stock.shortage", "06-03", R"({"order_ref":"O","skus":["A"]})"));
    p.when(said("stock.check_ok", "06-03", R"({"order_ref":"O","skus":["M"]})"));
    EXPECT_EQ(p.of("O").lines.front().stock.value, other == "M" ? stock_status::available : stock_status::shortage);
  }
}

/// The largest order there may be; times are printed, and bounded generously.
TEST(domain_lines, an_order_of_2000_lines_and_articles_stays_quick) {
  std::vector<plain_line> lines(2000);
  std::string skus;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].sku = fmt::format("sku-{:05}", i);
    skus += fmt::format(R"({}"other-{:05}")", i ? "," : "", i);
  }
  auto state = folded({}, said("order.confirmed", "06-01", payload_of(lines)));
  const double stock = seconds_of([&] { state = folded(std::move(state), said("stock.shortage", "06-02", R"({"order_ref":"O","skus":[)" + skus + "]}")); });
  const double small = seconds_of([&] { state = folded(std::move(state), said("stock.check_ok", "06-03", R"({"order_ref":"O","skus":["sku-00001"]})")); });
  const double added = seconds_of([&] { state = folded(std::move(state), said("order.line_added", "06-04", payload_of(lines))); });
  fmt::print("2,000 lines: 2,000 articles {:.2f} ms, one small event {:.2f} ms, 2,000 more lines {:.2f} ms\n", stock * 1e3, small * 1e3, added * 1e3);
  EXPECT_LT(small, 0.2);
  EXPECT_LT(added, 1.0);
}

TEST(domain_lines, a_project_of_500_orders_and_1000_legs_stays_quick) {
  project_state state;
  const double all = seconds_of([&] {
    for (int i = 0; i < 500; ++i) {
      state = folded(std::move(state), said("order.confirmed", "06-01", fmt::format(R"({{"order_ref":"O{}","promised_delivery_date":"2025-09-01"}})", i)));
      for (int leg = 1; leg <= 2; ++leg)
        state = folded(std::move(state), said("shipment.dispatched", "06-02", fmt::format(R"({{"order_ref":"O{}","leg_number":{}}})", i, leg)));
    }
  });
  const double small = seconds_of([&] { state = folded(std::move(state), said("stock.check_ok", "06-03", R"({"order_ref":"O499"})")); });
  fmt::print("500 orders: built by 1,500 events in {:.2f} s, one small event {:.2f} ms\n", all, small * 1e3);
  EXPECT_LT(small, 0.2);
}

}  // namespace plo::spec
