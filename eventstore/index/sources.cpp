#include "eventstore/index/sources.hpp"

#include <fmt/format.h>

#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

constexpr auto family_of_sources = layout::families::dedup;

class source_index final : public log_index {
public:
  std::string_view name() const override { return "source events"; }
  std::uint32_t version() const override { return 1; }
  rows own() const override { return {family_of_sources, "EC"}; }

  void apply(const indexed_event& e, index_rows& to) const override {
    if (e->kind != event_kind::source || e->source_ref.empty()) return;
    // A dead letter that is attached gives its place to the project's event.
    auto key = e->type == conflict_type ? layout::conflict_key(e->source, e->source_ref, e.text("digest")) : layout::dedup_key(e->source, e->source_ref);
    to.put(family_of_sources, std::move(key), keys::of(e->pos));
  }

  description describe(std::string_view key, std::string_view value) const override {
    if (key.size() < 5 || value.size() != 8) return {"a row that is none", {}};
    const bool conflict = key.front() == 'C';
    key.remove_prefix(1);
    const auto source = keys::take_text(key);
    return {fmt::format("{} {}{}", source, keys::take_text(key), conflict ? ", a contradiction" : ""), {keys::get_u64(value)}};
  }
};

}  // namespace

std::shared_ptr<const log_index> make_source_index() { return std::make_shared<source_index>(); }

std::optional<position> find_source_event(const log& log, std::string_view source, std::string_view source_ref) {
  const auto value = log.store().get(family_of_sources, layout::dedup_key(source, source_ref));
  if (!value) return std::nullopt;
  return position{keys::get_u64(*value)};
}

bool knows_conflict(const log& log, std::string_view source, std::string_view source_ref, std::string_view digest) {
  return log.store().get(family_of_sources, layout::conflict_key(source, source_ref, digest)).has_value();
}

}  // namespace plo::eventstore
