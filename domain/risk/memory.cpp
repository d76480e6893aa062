#include "domain/risk/memory.hpp"

#include <array>

namespace plo::risk {

namespace {

// What the belief about a lane's parent is worth, in legs seen. Destinations differ about as much as single legs to one of them, so two
// or three tell more than all others; carriers and origins change far less.
constexpr double weight_of_first_belief = 1;
constexpr double weight_of_all = 2;
constexpr double weight_of_wider_lane = 10;

double weight_of_parent(std::size_t depth) { return depth == 0 ? weight_of_first_belief : depth == 1 ? weight_of_all : weight_of_wider_lane; }

std::string trend_key(leg_kind kind) { return {static_cast<char>('a' + static_cast<int>(kind)), '\x1e'}; }

/// Before anything was seen: four days, where three weeks are allowed.
belief first_belief(const trend* of_kind) {
  static const double took = log_days(std::chrono::days(4)), allowed = log_days(std::chrono::days(21));
  static const trend nothing;
  return {took, allowed, (of_kind != nullptr ? *of_kind : nothing).variance()};
}

bool of_announcement(leg_kind kind) { return kind == leg_kind::eta_error || kind == leg_kind::slot_error || kind == leg_kind::lateness; }

belief believed(const memory& known, const std::vector<std::string>& keys, const trend* of_kind, bool this_lane) {
  auto b = first_belief(of_kind);
  for (std::size_t depth = 0; depth < (this_lane ? keys.size() : 1); ++depth)
    if (const auto* lane = known.find_as<pace>(keys[depth])) b = lane->draw(b, weight_of_parent(depth));
  return b;
}

template <class T>
T* changed(memory& known, const std::string& key) {
  auto* to_change = known.change(key, T{});
  if (to_change == nullptr) return nullptr;
  if (!std::holds_alternative<T>(*to_change)) *to_change = T{};
  return &std::get<T>(*to_change);
}

}  // namespace

std::string encode(const learnt& l) {
  std::string bytes(1, static_cast<char>('0' + l.index()));
  if (const auto* p = std::get_if<pace>(&l)) return bytes += encode(*p);
  if (const auto* t = std::get_if<trend>(&l)) return bytes += t->encode();
  return bytes += std::get<durations>(l).encode();
}

std::optional<learnt> decode(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto rest = bytes.substr(1);
  const auto as_learnt = [](auto read) { return read ? std::optional<learnt>(*read) : std::nullopt; };
  switch (bytes.front()) {
    case '0': return as_learnt(decode_pace(rest));
    case '1': return as_learnt(trend::decode(rest));
    case '2': return durations::decode(rest);
    default: return std::nullopt;
  }
}

void learn(memory& known, const leg_observation& ended) {
  const auto keys = keys_of(ended.what);
  if (of_announcement(ended.what.kind)) {
    for (const auto& key : keys)
      if (auto* counted = changed<durations>(known, key)) counted->observe(ended.took);
    return;
  }
  auto* of_kind = changed<trend>(known, trend_key(ended.what.kind));
  if (of_kind == nullptr) return;
  const auto of_lane = believed(known, keys, of_kind, true);
  const double took = log_days(ended.took);
  const auto allowed = ended.allowed ? std::optional(log_days(*ended.allowed)) : std::nullopt;
  const double squared_error = of_kind->observe(of_lane, took, allowed, ended.at);
  for (const auto& key : keys)
    if (auto* lane = changed<pace>(known, key)) lane->observe(took, allowed.value_or(of_lane.allowed), squared_error);
}

expectation expected(const memory& known, const leg& l, std::optional<milliseconds> allowed, instant now, bool this_lane) {
  static const trend nothing;
  const auto* of_kind = known.find_as<trend>(trend_key(l.kind));
  const auto of_lane = believed(known, keys_of(l), of_kind, this_lane);
  return (of_kind != nullptr ? *of_kind : nothing).expected(of_lane, allowed ? std::optional(log_days(*allowed)) : std::nullopt, now);
}

spread expected_error(const memory& known, const leg& l, bool this_lane) {
  auto s = expected_lateness();
  for (const auto& key : keys_of(l)) {
    if (const auto* counted = known.find_as<durations>(key)) s = counted->learnt_from(s);
    if (!this_lane) break;
  }
  return s;
}

double seen_of(const memory& known, leg_kind kind) {
  const auto* all = known.find_as<pace>(keys_of({kind, {}}).front());
  return all != nullptr ? all->seen : 0;
}

double seen_nearest(const memory& known, const leg& l) {
  double seen = 0;
  for (const auto& key : keys_of(l))
    if (const auto* lane = known.find_as<pace>(key); lane != nullptr && lane->seen > 0) seen = lane->seen;
  return seen;
}

}  // namespace plo::risk
