// Who a request comes from, once its session has been checked.
#pragma once

#include <string>

#include "domain/event/role.hpp"

namespace plo::http {

struct identity {
  std::string user_id;
  std::string email;
  plo::role role = plo::role::viewer;
};

/// The Idempotency-Key of a command and a digest of the command itself.
struct idempotency_key {
  std::string key;
  std::string digest;
};

}  // namespace plo::http
