// Collects what sources say about one project.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/scenario/script.hpp"
#include "base/json.hpp"

namespace plo::app::scenario {

class teller {
public:
  explicit teller(const script_options& options) : ref_(fmt::format("{}-{:05}", options.prefix, options.number)) {}
  explicit teller(std::string ref) : ref_(std::move(ref)) {}

  [[nodiscard]] const std::string& ref() const { return ref_; }

  /// `fields` writes the payload's members.
  template <class Fields>
  void say(instant at, std::string_view source, std::string_view event_type, Fields fields) {
    json_writer payload;
    payload.begin_object();
    fields(payload);
    payload.end_object();
    events_.push_back({at, std::string(source), fmt::format("{}:{}", ref_, events_.size() + 1), std::string(event_type), ref_, payload.str()});
  }
  void say(instant at, std::string_view source, std::string_view event_type) {
    say(at, source, event_type, [](json_writer&) {});
  }

  /// Everything, by time. Call once.
  [[nodiscard]] script finish(instant trouble_at) {
    std::stable_sort(events_.begin(), events_.end(), [](const source_event& a, const source_event& b) { return a.at < b.at; });
    return {std::move(events_), trouble_at};
  }

private:
  std::string ref_;
  std::vector<source_event> events_;
};

}  // namespace plo::app::scenario
