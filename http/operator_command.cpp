#include "http/operator_command.hpp"

namespace plo::http {

command_stamp stamp_of(const request& r, std::string told, unsigned status) {
  command_stamp by;
  by.operator_id = r.operator_id();
  if (!r.once) return by;
  by.key = r.once->key;
  by.digest = r.once->digest;
  by.status = status;
  by.answer = std::move(told);
  return by;
}

void stamp(event& e, const request& r, std::string told, unsigned status) { put_stamp(e, stamp_of(r, std::move(told), status)); }

}  // namespace plo::http
