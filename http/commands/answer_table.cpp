#include "http/commands/answer_table.hpp"

#include "projections/core/idempotency.hpp"

namespace plo::http {

std::optional<answer_table::given> answer_table::claim(const command_key& key, const std::string& digest, instant now) {
  const std::lock_guard lock(guard_);
  const auto known = entries_.find(key);
  if (known != entries_.end()) {
    const auto& answer = known->second.answer;
    if (answer.under_way || now - answer.at < projections::idempotency_period) return answer;
    bytes_ -= answer.body.size();
    kept_.erase(known->second.place);
    entries_.erase(known);
  }
  entry fresh;
  fresh.answer.digest = digest;
  fresh.place = kept_.end();
  entries_.emplace(key, std::move(fresh));
  return std::nullopt;
}

void answer_table::keep(const command_key& key, given answer, position applied) {
  const std::lock_guard lock(guard_);
  auto& known = entries_.at(key);
  bytes_ += answer.body.size();
  known.answer = std::move(answer);
  known.place = kept_.insert(kept_.end(), key);
  while (kept_.size() > max_answers || bytes_ > max_answer_bytes) {
    if (entries_.at(kept_.front()).answer.head > applied) break;  // nobody else could give it yet
    forget_first();
  }
}

void answer_table::forget_first() {
  const auto first = entries_.find(kept_.front());
  bytes_ -= first->second.answer.body.size();
  entries_.erase(first);
  kept_.pop_front();
}

void answer_table::release(const command_key& key) {
  const std::lock_guard lock(guard_);
  const auto known = entries_.find(key);
  if (known != entries_.end() && known->second.answer.under_way) entries_.erase(known);
}

}  // namespace plo::http
