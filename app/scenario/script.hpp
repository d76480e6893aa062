// What the source systems say about one made-up client project: a whole life cycle, or one in which something goes wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace plo::app::scenario {

/// One event as a source would push it.
struct source_event {
  instant at;
  std::string source, source_ref, event_type, project_ref;
  std::string payload;  // JSON object
};

/// The body of POST /api/events/ingest.
[[nodiscard]] std::string ingest_body(const source_event& e, instant occurred_at);

/// What goes wrong, one for each rule of the catalogue.
enum class twist : std::uint8_t {
  none,
  shortage_close_to_delivery,   // ANO-01
  picking_discrepancy,          // ANO-02
  discrepancy_after_dispatch,   // ANO-03
  partial_close_to_installation,  // ANO-04, ANO-20
  installation_before_delivery,   // ANO-05, ANO-11
  installation_issue,           // ANO-06
  no_slot_before_installation,  // ANO-07
  picking_not_started,          // ANO-08
  delivery_not_reported,        // ANO-09
  no_installation_quote,        // ANO-10
  blocking_issue,               // ANO-12
  installation_not_started,     // ANO-13
  no_report,                    // ANO-14
  report_not_signed,            // ANO-15
  eta_too_late,                 // ANO-16
  not_consolidated_in_time,     // ANO-17
  consolidation_exception,      // ANO-18
  slot_before_consolidation,    // ANO-19
  partial_without_consent,      // ANO-20
  silent_shipment,              // ANO-21
  delivery_failed,              // ANO-22
  no_quote,                     // ANO-23
  quote_expired,                // ANO-24
  discontinued_product,         // ANO-25
  partial_stock,                // ANO-26
  replacement_not_validated,    // ANO-27
  shipment_exception,           // ANO-28
  consolidation_eta_too_late,   // ANO-29
  rescheduled_shortly_before,   // ANO-30
  damaged,                      // ANO-31
  untrained_installer,          // ANO-32
  installation_partial,         // ANO-33
  unhappy_client,               // ANO-34
  no_survey_answer,             // ANO-35
};
inline constexpr std::size_t twists = 35;

struct script {
  std::vector<source_event> events;  // by time
  instant trouble_at{};              // when the twist is told, or passes unsaid: its deadline
};

struct script_options {
  std::uint32_t number = 0;  // tells projects apart: references and customers are made of it
  std::string prefix = "DEMO";
  twist what = twist::none;
  instant start{};
  zone tz = zone::utc();  // promised days are days of it
};

/// The whole course of a project, from its creation to its end or to where it is stuck. The same options and random numbers give the
/// same script.
[[nodiscard]] script make_script(const script_options& options, std::mt19937_64& random);

/// The Dubois family's kitchen: two orders to different addresses, five lines, from the first inspiration to the survey.
[[nodiscard]] script dubois_script(instant start, const zone& tz);

}  // namespace plo::app::scenario
