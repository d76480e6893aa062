#include "eventstore/index/references.hpp"

#include <fmt/format.h>

#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {

namespace {

constexpr auto family_of_references = layout::families::refs;

class reference_index final : public log_index {
public:
  std::string_view name() const override { return "references"; }
  std::uint32_t version() const override { return 1; }
  rows own() const override { return {family_of_references, "RK"}; }

  void apply(const indexed_event& e, index_rows& to) const override {
    const auto project = e->stream.project();
    if (!project || !may_teach_references(*e)) return;
    for (const auto& known : references_taught_by(*e, e.data())) {
      to.put(family_of_references, layout::reference_key(known, *project), {});
      to.put(family_of_references, layout::reference_known_key(known.ref), {});
    }
  }

  description describe(std::string_view key, std::string_view) const override {
    if (key.size() < 3) return {"a row that is none", {}};
    const bool known = key.front() == 'K';
    key.remove_prefix(1);
    const auto ref = keys::take_text(key);
    if (known) return {fmt::format("that '{}' is known", ref), {}};
    if (key.size() < 3 + 16) return {"a row that is none", {}};
    const auto kind = static_cast<reference_kind>(key.front());
    key.remove_prefix(1);
    return {fmt::format("{} '{}' of {}", to_string(kind), ref, keys::take_text(key)), {}};
  }
};

}  // namespace

std::shared_ptr<const log_index> make_reference_index() { return std::make_shared<reference_index>(); }

void each_reference(const kv_reader& rows, std::string_view ref, const std::function<void(const known_reference&, std::string_view value)>& visit) {
  if (!rows.get(family_of_references, layout::reference_known_key(ref))) return;
  const auto prefix = layout::reference_prefix(ref);
  rows.scan(family_of_references, prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
    key.remove_prefix(prefix.size());
    const auto source = key.substr(3, key.size() - 3 - 16);  // behind the kind and the length
    visit({static_cast<reference_kind>(key[0]), std::string(source), {keys::get_uuid(key.substr(key.size() - 16))}}, value);
    return true;
  });
}

std::vector<known_reference> find_references(const log& log, std::string_view ref) {
  std::vector<known_reference> found;
  each_reference(log.store(), ref, [&](const known_reference& known, std::string_view) { found.push_back(known); });
  return found;
}

}  // namespace plo::eventstore
