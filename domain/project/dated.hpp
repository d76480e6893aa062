// Facts with the time they stem from. Everything here merges the same way whatever the order of arrival.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "domain/event/catalogue.hpp"

namespace plo {

/// A value with the time it was true at its source; an older message never overwrites a newer one.
template <class T>
struct dated {
  std::optional<T> value;
  instant as_of = instant::min();

  /// Takes the value unless what is held is newer. True when taken.
  bool set(T v, instant at) {
    if (at < as_of) return false;
    value = std::move(v);
    as_of = at;
    return true;
  }
  /// As set, when there is a value.
  template <class U>
  bool set_if(const std::optional<U>& v, instant at) {
    return v && set(T(*v), at);
  }
  [[nodiscard]] bool has() const { return value.has_value(); }
  bool operator==(const dated&) const = default;
};

/// The time a plain field stems from, for fields that are not `dated` themselves.
struct stamp {
  instant at = instant::min();
  bool operator==(const stamp&) const = default;

  template <class T, class U>
  void take(T& field, const std::optional<U>& v, instant when) {
    if (!v || when < at) return;
    field = T(*v);
    at = when;
  }
};

/// A moment of an event: its `occurred_at`, and its place in the stream. Of two messages with the same time the one that arrived later counts as
/// later (RULES.md, "Equal times"): sources stamp whole seconds.
struct sighted {
  instant at;
  std::uint64_t version = 0;
  auto operator<=>(const sighted&) const = default;
};

template <class T>
void keep_earliest(std::optional<T>& held, const T& at) {
  if (!held || at < *held) held = at;
}
template <class T>
void keep_latest(std::optional<T>& held, const T& at) {
  if (!held || at > *held) held = at;
}
/// The later of two moments, of which either may be missing.
template <class T>
[[nodiscard]] std::optional<T> later(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || (b && *b > *a) ? b : a;
}
/// The time of a moment.
[[nodiscard]] inline std::optional<instant> time_of(const std::optional<sighted>& moment) {
  return moment ? std::optional(moment->at) : std::nullopt;
}

/// A value with the moment it was said, for what is compared with other messages of the same time.
template <class T>
struct stated {
  std::optional<T> value;
  sighted as_of{instant::min()};

  void set(T v, sighted when) {
    if (when < as_of) return;
    value = std::move(v);
    as_of = when;
  }
  [[nodiscard]] bool has() const { return value.has_value(); }
  bool operator==(const stated&) const = default;
};

/// When events of each type were seen: the earliest and the latest `occurred_at`.
class sightings {
public:
  void note(event_type type, instant at, std::uint64_t version) {
    const auto it = place(type);
    if (it == seen_.end() || it->type != type) {
      seen_.insert(it, {type, at, {at, version}});
    } else {
      it->first = std::min(it->first, at);
      it->last = std::max(it->last, sighted{at, version});
    }
  }
  [[nodiscard]] std::optional<instant> first(event_type type) const {
    const auto* s = find(type);
    return s ? std::optional(s->first) : std::nullopt;
  }
  [[nodiscard]] std::optional<instant> last(event_type type) const {
    const auto* s = find(type);
    return s ? std::optional(s->last.at) : std::nullopt;
  }
  [[nodiscard]] std::optional<sighted> last_of(event_type type) const {
    const auto* s = find(type);
    return s ? std::optional(s->last) : std::nullopt;
  }
  /// The same without places in the stream, which depend on the order of arrival.
  [[nodiscard]] sightings times_only() const {
    sightings times = *this;
    for (auto& s : times.seen_) s.last.version = 0;
    return times;
  }
  bool operator==(const sightings&) const = default;

private:
  struct sighting {
    event_type type;
    instant first;
    sighted last;
    bool operator==(const sighting&) const = default;
  };
  std::vector<sighting>::iterator place(event_type type) {
    return std::lower_bound(seen_.begin(), seen_.end(), type, [](const sighting& s, event_type t) { return s.type < t; });
  }
  const sighting* find(event_type type) const {
    for (const auto& s : seen_) {
      if (s.type == type) return &s;
    }
    return nullptr;
  }
  std::vector<sighting> seen_;  // by type
};

}  // namespace plo
