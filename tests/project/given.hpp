// given(events).when(event): the project as a fold of what it was told, with the promises of `decide` checked at every step.
//
// Times are written short: "06-15 14:30" is 2025-06-15T14:30:00Z, "06-15" its midnight; anything longer is RFC 3339.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/consent.hpp"
#include "domain/project/entity.hpp"
#include "domain/project/project.hpp"

namespace plo::spec {

inline instant at(std::string_view text) {
  std::string full(text);
  if (full.size() == 5) full += " 00:00";
  if (full.size() == 11) full = "2025-" + full + ":00Z";
  const auto parsed = parse_instant(full);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(instant{});
}

inline local_day day(std::string_view text) {
  const auto parsed = parse_day(text.size() == 5 ? "2025-" + std::string(text) : std::string(text));
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(local_day{});
}

/// Ids ascend in the order of making, so that failures read the same on every run.
inline event_id next_event_id() {
  static std::uint64_t count = 0;
  uuid id;
  const std::uint64_t n = ++count;
  for (int i = 0; i < 8; ++i) id.bytes[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(n >> (8 * i));
  id.bytes[6] = 0x70;
  id.bytes[8] |= 0x80;
  return {id};
}

inline event said(std::string_view type, std::string_view when, std::string_view payload = "{}") {
  event e;
  e.id = next_event_id();
  e.type = type;
  e.kind = event_kind::source;
  e.source = "erp";
  e.source_ref = e.id.to_string();
  e.occurred_at = at(when);
  e.recorded_at = at("2026-01-01T00:00:00Z");
  e.correlation_id = "c-" + e.source_ref;
  e.project_ref = "CMD-1";
  e.data = minify_json(payload);
  return e;
}

inline event did(std::string_view type, std::string_view when, std::string_view payload = "{}") {
  event e = said(type, when, payload);
  e.kind = event_kind::operator_;
  e.source.clear();
  e.source_ref.clear();
  e.project_ref.clear();
  e.operator_id = "anna";
  return e;
}

inline const project_id test_project{uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057").value()};

inline domain_settings paris() {
  return {zone::find("Europe/Paris").value(), "FR"};
}

class project {
public:
  project() { folded_.id = test_project; }

  /// Decides, checks what `decide` promises, and goes on from the state after.
  const std::vector<event>& when(const event& input) {
    const auto settings = paris();
    auto decided = decide(state_, test_project, input, settings);
    const auto again = decide(state_, test_project, input, settings);
    EXPECT_EQ(decided.events, again.events) << "deciding again gives the same events, ids included";
    EXPECT_EQ(decided.next, again.next);

    EXPECT_EQ(decided.events.front(), input);
    for (std::size_t i = 0; i < decided.events.size(); ++i) {
      const event& e = decided.events[i];
      if (i > 0) {
        EXPECT_EQ(e.kind, event_kind::derived);
        EXPECT_EQ(e.causation_id, input.id);
        EXPECT_EQ(e.correlation_id, input.correlation_id);
        EXPECT_EQ(e.occurred_at, input.occurred_at);
        EXPECT_EQ(e.recorded_at, input.recorded_at);
        EXPECT_TRUE(e.source.empty());
      }
      const auto data = json_document::parse(e.data);
      EXPECT_TRUE(data) << e.data;
      EXPECT_EQ(minify_json(e.data), e.data);
      evolve(folded_, e, settings);
    }
    EXPECT_EQ(folded_, decided.next) << "folding the stored events gives the state after";
    EXPECT_EQ(conclude(decided.next, settings), held_conclusions(decided.next)) << "nothing is left to conclude";
    state_ = std::move(decided.next);
    last_ = std::move(decided.events);
    return last_;
  }

  project& told(const std::vector<event>& inputs) {
    for (const auto& e : inputs) when(e);
    return *this;
  }

  const project_state& operator*() const { return state_; }
  const project_state* operator->() const { return &state_; }

  const order& of(std::string_view order_ref) const {
    const auto* found = state_.find_order(order_ref);
    EXPECT_NE(found, nullptr) << order_ref;
    static const order none;
    return found ? *found : none;
  }
  const step& step_of(step_type type, std::string_view order_ref = {}) const {
    const auto& steps = scope_of(type) == step_scope::project ? state_.steps
                        : scope_of(type) == step_scope::order ? of(order_ref).concluded.steps
                                                              : state_.installation_steps;
    for (const auto& s : steps) {
      if (s.type == type) return s;
    }
    ADD_FAILURE() << "no step " << to_string(type);
    static const step none;
    return none;
  }
  step_status status_of(step_type type, std::string_view order_ref = {}) const { return step_of(type, order_ref).status; }

  /// The types of what followed from the last input.
  std::vector<std::string> derived() const {
    std::vector<std::string> types;
    for (std::size_t i = 1; i < last_.size(); ++i) types.push_back(last_[i].type);
    return types;
  }
  const event& derived(std::string_view type) const {
    for (std::size_t i = 1; i < last_.size(); ++i) {
      if (last_[i].type == type) return last_[i];
    }
    ADD_FAILURE() << "no " << type;
    return last_.front();
  }

private:
  project_state state_;
  project_state folded_;
  std::vector<event> last_;
};

inline project given(const std::vector<event>& history) {
  project p;
  p.told(history);
  return p;
}

/// An order confirmed on 06-01 10:00 and promised for 06-20.
inline event confirmed(std::string_view order_ref, std::string_view when = "06-01 10:00", std::string_view more = "") {
  return said("order.confirmed", when,
              R"({"order_ref":")" + std::string(order_ref) + R"(","promised_delivery_date":"2025-06-20","lines":[{"sku":"A","qty":2}])" +
                  std::string(more) + "}");
}

}  // namespace plo::spec

namespace plo {

// What gtest prints when such values differ.
inline void PrintTo(instant at, std::ostream* os) { *os << format_instant(at); }
inline void PrintTo(project_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(order_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(step_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(consolidation_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(lastmile_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(installation_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(shipment_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(stock_status s, std::ostream* os) { *os << to_string(s); }
inline void PrintTo(const event& e, std::ostream* os) { *os << e.type << " " << format_instant(e.occurred_at) << " " << e.data; }
inline void PrintTo(const project_state& s, std::ostream* os) { *os << "project after " << s.events << " events"; }

}  // namespace plo
