// The pass over the streams and their versions.
#include <fmt/format.h>

#include "eventstore/check/log_check_parts.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore::checking {

namespace families = layout::families;

namespace {

class streams_pass {
public:
  explicit streams_pass(pass& p) : p_(p) {}

  std::uint64_t run(const event_counts& counts) {
    p_.store.scan(families::streams, {}, {}, [&](std::string_view key, std::string_view value) {
      take(key, value);
      p_.step();
      return true;
    });
    if (entries_ != counts.events)
      p_.faults.add({}, fmt::format("the index of streams has {} entries for {} events", entries_, counts.events));
    return streams_;
  }

private:
  void take(std::string_view key, std::string_view value) {
    ++entries_;
    key_reader in(key);
    const auto name = in.text();
    const auto version = in.number();
    const position pos{keys::get_u64(value)};
    if (!name || !version || !in.at_end()) return p_.faults.add(pos, "the index of streams has a key that is none");
    if (*name != stream_.name) {
      ++streams_;
      stream_ = {std::string(*name)};
      version_ = 0;
      last_ = {};
    }
    if (*version != version_ + 1)
      p_.faults.add(pos, fmt::format("{} has no version {}: {} follows {}", stream_.name, version_ + 1, *version, version_));
    if (pos <= last_) p_.faults.add(pos, fmt::format("{} version {} stands at position {}, before the version ahead of it", stream_.name, *version, pos.value));
    version_ = *version;
    last_ = pos;
  }

  pass& p_;
  stream_id stream_;
  std::uint64_t version_ = 0;
  position last_;
  std::uint64_t entries_ = 0, streams_ = 0;
};

}  // namespace

std::uint64_t check_streams(pass& p, const event_counts& counts) { return streams_pass(p).run(counts); }

}  // namespace plo::eventstore::checking
