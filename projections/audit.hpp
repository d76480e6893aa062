// Who did what: every event of an operator, over all streams.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "eventstore/log.hpp"
#include "projections/page.hpp"
#include "projections/read_models.hpp"

namespace plo::projections {

struct audit_query {
  page_request page;
  // Empty: any.
  std::optional<std::string> operator_id;
  std::string type;
  std::optional<instant> from, to;  // of recorded_at: inclusive, exclusive
};

inline constexpr char audit_cursor = 'j';

[[nodiscard]] std::unique_ptr<projection> make_audit();

/// A page of entries, newest first. `email_of` names operators.
[[nodiscard]] page list_audit(const eventstore::kv_reader& views, const eventstore::log& log, const audit_query& query,
                              const std::function<std::string(std::string_view operator_id)>& email_of);

/// What an operator's event means, as an English sentence.
[[nodiscard]] std::string audit_summary(const recorded_event& e);

}  // namespace plo::projections
