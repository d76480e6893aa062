// Who did what: every event of an operator, over all streams.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "eventstore/log.hpp"
#include "projections/core/page.hpp"
#include "projections/core/projection.hpp"

namespace plo::projections {

namespace families {
inline constexpr row_family audit{"audit", 2u << 20, false};
}

struct audit_query {
  page_request page;
  // Empty: any.
  std::optional<std::string> operator_id;
  std::string type;
  std::optional<instant> from, to;  // of recorded_at: inclusive, exclusive
};

inline constexpr char audit_cursor = 'j';

[[nodiscard]] std::unique_ptr<projection> make_audit();

/// What is told of the operator behind an entry.
struct audit_author {
  std::string name, email;  // empty: not known, or not for whoever reads
};

/// A page of entries, newest first. Without `accounts` nothing is told of accounts but ids and names.
[[nodiscard]] page list_audit(const row_reader& views, const eventstore::log& log, const audit_query& query,
                              const std::function<audit_author(std::string_view operator_id)>& author_of, bool accounts);

/// What an operator's event means, as an English sentence.
[[nodiscard]] std::string audit_summary(const recorded_event& e, bool accounts = true);

}  // namespace plo::projections
