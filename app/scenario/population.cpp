#include "app/scenario/population.hpp"

#include <algorithm>
#include <iterator>

namespace plo::app::scenario {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t projects_in_each_trouble = 3;
constexpr std::size_t projects_about_to = 16;
constexpr std::size_t healthy_projects = 180;
constexpr auto longest_life = hours(24 * 45);

/// Their deadlines run from what was said, not from a morning: they can be put at any minute.
constexpr twist any_minute[] = {twist::no_installation_quote, twist::silent_shipment, twist::no_quote, twist::no_survey_answer};

void add_told(std::vector<source_event>& all, script told, instant now) {
  std::copy_if(std::make_move_iterator(told.events.begin()), std::make_move_iterator(told.events.end()), std::back_inserter(all),
               [&](const source_event& e) { return e.at < now; });
}

}  // namespace

script script_with_trouble_at(script_options options, instant when, std::uint64_t seed) {
  options.start = when - longest_life;
  // Slots and promised days keep to mornings and midnights, so a later start may move the trouble by hours: come nearer until it fits.
  for (int attempt = 0;; ++attempt) {
    std::mt19937_64 random(seed);
    auto told = make_script(options, random);
    const auto off = when - told.trouble_at;
    if (off == milliseconds(0) || attempt == 6) return told;
    if (attempt > 1 && off > milliseconds(0) && off < hours(24)) return told;
    options.start += off < milliseconds(0) ? off - hours(1) * attempt : off;
  }
}

std::vector<source_event> demo_history(instant now, const zone& tz, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto within = [&](milliseconds most) { return milliseconds(std::uniform_int_distribution<std::int64_t>(0, most.count())(random)); };
  std::vector<source_event> all;
  add_told(all, dubois_script(now - hours(24 * 42), tz), now);
  script_options options;
  options.tz = tz;
  const auto next = [&](twist what) {
    ++options.number;
    options.what = what;
  };
  for (std::size_t t = 1; t < twists; ++t) {
    for (std::size_t i = 0; i < projects_in_each_trouble; ++i) {
      next(static_cast<twist>(t));
      add_told(all, script_with_trouble_at(options, now - hours(1) - within(hours(24 * 4)), random()), now);
    }
  }
  for (std::size_t i = 0; i < projects_about_to; ++i) {
    next(any_minute[i % std::size(any_minute)]);
    add_told(all, script_with_trouble_at(options, now + minutes(1) + within(minutes(14)), random()), now);
  }
  for (std::size_t i = 0; i < healthy_projects; ++i) {
    next(twist::none);
    options.start = now - minutes(5) - within(longest_life);
    add_told(all, make_script(options, random), now);
  }
  std::stable_sort(all.begin(), all.end(), [](const source_event& a, const source_event& b) { return a.at < b.at; });
  return all;
}

}  // namespace plo::app::scenario
