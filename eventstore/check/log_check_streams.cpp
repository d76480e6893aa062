// The pass over the streams: their versions, and what the projects in them are known by.
#include <set>

#include <fmt/format.h>

#include "domain/event/ingest_event.hpp"
#include "eventstore/check/log_check_parts.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"
#include "eventstore/record/vault.hpp"

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
    end_stream();
    if (entries_ != counts.events)
      p_.faults.add({}, fmt::format("the index of streams has {} entries for {} events", entries_, counts.events));
    compare_references();
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
      end_stream();
      begin_stream(*name);
    }
    if (*version != version_ + 1)
      p_.faults.add(pos, fmt::format("{} has no version {}: {} follows {}", stream_.name, version_ + 1, *version, version_));
    if (pos <= last_) p_.faults.add(pos, fmt::format("{} version {} stands at position {}, before the version ahead of it", stream_.name, *version, pos.value));
    version_ = *version;
    last_ = pos;
    if (project_) fold(pos);
  }

  void begin_stream(std::string_view name) {
    ++streams_;
    stream_ = {std::string(name)};
    version_ = 0;
    last_ = {};
    project_ = stream_.project();
    state_ = {};
    if (project_) state_.id = *project_;
  }

  /// An event that is missing or damaged is told of by the pass over the events.
  void fold(position pos) {
    const auto e = event_at(p_, pos);
    if (!e || e->stream != stream_) return;
    evolve(state_, *e, p_.options.settings);
    for (const auto& known : references_taught_by(*e)) {
      auto entry = layout::reference_key(known, *project_);
      if (references_.contains(entry)) continue;
      if (!p_.store.get(families::refs, entry) || !p_.store.get(families::refs, layout::reference_known_key(known.ref)))
        p_.faults.add(pos, fmt::format("the index of references lacks {} '{}' of {}, which {} was told at position {}", to_string(known.kind), known.ref,
                                       known.source, stream_.name, pos.value));
      references_.insert(std::move(entry));
    }
    if (const auto& customer = state_.customer_id.value; customer && !customer->empty()) customers_.insert(*customer);
    if (auto named = customer_named_by(*e); !named.empty()) named_.insert(std::move(named));
  }

  void end_stream() {
    if (!project_) return;
    taught_ += references_.size();
    for (const auto& customer : customers_) {
      ++customer_entries_;
      auto key = layout::customer_prefix(customer);
      keys::put_uuid(key, project_->value);
      const auto held = p_.store.get(families::refs, key);
      const bool present = state_.customer_id.value == customer;
      const bool open = present && is_open(state_);
      const bool says_open = held && held->size() > 8 && (*held)[8] == 1;
      if (!held) p_.faults.add(last_, fmt::format("the index of customers lacks {} of the customer '{}'", stream_.name, customer));
      else if (says_open != open) p_.faults.add(last_, fmt::format("the index of customers says that {} is {}", stream_.name, says_open ? "open" : "closed"));
      else if (present && keys::get_u64(*held) != static_cast<std::uint64_t>(state_.created_at.time_since_epoch().count()))
        p_.faults.add(last_, fmt::format("the index of customers has another instant for the creation of {}", stream_.name));
    }
    // Logs of before do not know those who are named without being the project's customer.
    for (const auto& customer : named_) {
      if (customers_.contains(customer)) continue;
      auto key = layout::customer_prefix(customer);
      keys::put_uuid(key, project_->value);
      if (p_.store.get(families::refs, key)) ++customer_entries_;
    }
    references_.clear();
    customers_.clear();
    named_.clear();
    project_.reset();
  }

  /// Every entry that must be there has been looked for: more of them would be for nothing.
  void compare_references() {
    std::uint64_t references = 0, customers = 0;
    p_.store.scan(families::refs, {}, {}, [&](std::string_view key, std::string_view) {
      key_reader in(key);
      const auto tag = in.byte().value_or('\0');
      const auto text = in.text();
      if (tag == 'R') {
        ++references;
        const bool known = text && p_.store.get(families::refs, layout::reference_known_key(*text));
        if (!known) p_.faults.add({}, fmt::format("the index of references has '{}' but does not know it", text.value_or("?")));
      } else if (tag == 'K') {
        bool any = false;
        if (text) {
          const auto prefix = layout::reference_prefix(*text);
          p_.store.scan(families::refs, prefix, keys::after(prefix), [&](std::string_view, std::string_view) {
            any = true;
            return false;
          });
        }
        if (!any) p_.faults.add({}, fmt::format("the index of references knows '{}' but does not have it", text.value_or("?")));
      } else {
        ++customers;
      }
      return true;
    });
    if (references > taught_)
      p_.faults.add({}, fmt::format("the index of references has {} entries, {} of them taught by no event", references, references - taught_));
    if (customers > customer_entries_)
      p_.faults.add({}, fmt::format("the index of customers has {} entries, {} of them for no project", customers, customers - customer_entries_));
  }

  pass& p_;
  stream_id stream_;
  std::uint64_t version_ = 0;
  position last_;
  std::uint64_t entries_ = 0, streams_ = 0, taught_ = 0, customer_entries_ = 0;
  // Of the project whose stream is read.
  std::optional<project_id> project_;
  project_state state_;
  std::set<std::string> references_;
  std::set<std::string> customers_;
  std::set<std::string> named_;
};

}  // namespace

std::uint64_t check_streams(pass& p, const event_counts& counts) { return streams_pass(p).run(counts); }

}  // namespace plo::eventstore::checking
