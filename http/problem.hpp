// Answers that say what went wrong: RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/ingest_event.hpp"

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

}  // namespace plo::http
