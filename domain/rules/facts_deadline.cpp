// When a rule's deadline is due.
#include <array>
#include <memory_resource>

#include "domain/rules/facts_tell.hpp"

namespace plo::rules {

namespace {

instant add(value anchor, const offset& by, const business_calendar& calendar, bool business, const zone& tz) {
  const bool is_day = anchor.what() == value::kind::day;
  if (!business && !is_day) return anchor.as_instant() + by.days * milliseconds(std::chrono::hours(24)) + by.rest;
  const local_day day = is_day ? anchor.as_day() : tz.day_of(anchor.as_instant());
  const milliseconds time_of_day = is_day ? milliseconds{0} : anchor.as_instant() - tz.at(day);
  const local_day moved = business ? calendar.add_working_days(day, by.days) : day + date::days(by.days);
  return tz.at(moved) + time_of_day + by.rest;
}

}  // namespace

std::optional<instant> due_of(const effective_rule& rule, const project_state& state, const entity& e,
                              const domain_settings& settings) {
  const auto& d = *rule.definition().deadline;
  if (is_cancelled(e)) return std::nullopt;

  std::array<std::byte, 1024> room;
  std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
  const tell::surroundings with{state, settings, memory};
  auto anchor = tell::state_fact(state, e, d.anchor_path.front(), fact_path(d.anchor_path).subspan(1), with);
  if (anchor.what() == value::kind::text) {
    // A time that came as text, such as one of the metadata.
    if (const auto day = parse_day(anchor.as_text())) anchor = value::of(*day);
    else anchor = value::of(parse_instant(anchor.as_text()));
  }
  if (anchor.what() != value::kind::instant && anchor.what() != value::kind::day) return std::nullopt;

  std::optional<offset> by;
  if (!d.offset_param.empty()) {
    const auto given = rule.param(d.offset_param);
    if (given.what() == value::kind::text) by = offset::parse(given.as_text());
  }
  if (!by) by = d.by;
  if (!by) return std::nullopt;
  static const business_calendar plain;
  // That it has passed is kept as it is written: an instant beyond what can be written would never have passed.
  return within_written_years(add(anchor, *by, d.business ? calendar_of(state, e.of_order, settings) : plain, d.business, zone_of(state, settings)));
}

}  // namespace plo::rules
