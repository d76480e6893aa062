// Answers that say what went wrong: RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/event/ingest_event.hpp"

namespace plo::http {

struct problem {
  unsigned status = 500;
  std::string title;
  std::string detail;
  std::vector<field_error> errors;
  unsigned retry_after_s = 0;  // 0: no Retry-After

  /// The JSON document: `{type, title, status, detail, errors?}`.
  [[nodiscard]] std::string to_json() const;
};

/// The standard title of a status, and a detail.
[[nodiscard]] problem make_problem(unsigned status, std::string detail, std::vector<field_error> errors = {});

/// 503: come back in `retry_after_s` seconds.
[[nodiscard]] problem overloaded(std::string detail, unsigned retry_after_s = 1);
/// What a command is told when the store refuses writes.
[[nodiscard]] problem nothing_was_changed();
/// 503: as many exports are under way as may be, or as many of this person.
[[nodiscard]] problem too_many_exports();

}  // namespace plo::http
