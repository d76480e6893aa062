#include "replay/routing.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.hpp"
#include "domain/event/dead_letter.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/kv/keys.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::replay {

namespace {

namespace keys = eventstore::keys;
namespace layout = eventstore::layout;

// The rows: those of the index of customers; references as in the log, each with the position where it was taught first; and
constexpr auto rows = layout::families::refs;
const char customer_tag = layout::customer_prefix({}).front();
constexpr char entry_tag = 'N';    // 'N' ‖ customer ‖ project ‖ position → what that entry of a customer was from there on
constexpr char project_tag = 'X';  // 'X' ‖ project → where it began

/// The log may grow by more than this while a project is looked for; then the later of these changes are not tried.
constexpr std::size_t most_tries = 100;

std::string key_of(char tag, std::string_view rest) { return std::string(1, tag).append(rest); }

std::string project_row(const project_id& project) {
  std::string key(1, project_tag);
  keys::put_uuid(key, project.value);
  return key;
}

std::string said(const finding& f) {
  if (const auto* found = std::get_if<found_project>(&f)) return found->project ? "it belongs to project " + found->project->to_string() : "it opens a project";
  if (const auto* cause = std::get_if<dead_letter_cause>(&f)) return "it is a dead letter: " + cause->reason;
  return "it has to wait";
}

/// A letter's event as it was posted.
ingest_event posted_of(const recorded_event& added, const json_document& data) {
  const auto text = [&](std::string_view name) { return std::string(json::get_string(data.root(), name).value_or("")); };
  event inside;
  inside.source = added.source;
  inside.occurred_at = added.occurred_at;
  inside.type = text("event_type");
  inside.project_ref = text("project_ref");
  inside.order_ref = text("order_ref");
  inside.data = letter_payload(added.data);
  const auto named = project_id::parse(text("named_project_id"));
  const auto payload = json_document::parse(inside.data);
  return posted_as(inside, named, payload ? &*payload : nullptr);
}

}  // namespace

/// What was known in front of a position; of one project, everything: what is behind it on its way to that project is decided behind it.
class routing_audit::knowledge final : public known_projects {
public:
  knowledge(const eventstore::kv_reader& store, std::uint64_t before, std::optional<project_id> own) : store_(store), before_(before), own_(own) {}

  void each(const std::string& ref, const each_knower& visit) const override {
    eventstore::each_reference(store_, ref, [&](const eventstore::known_reference& known, std::string_view taught) {
      if (is_known(keys::get_u64(taught)) || known.project == own_) visit(known.kind, known.source, known.project, false);
    });
  }

  std::optional<std::vector<customers_project>> of_customer(const std::string& customer_id) const override {
    std::vector<customers_project> theirs;
    const auto prefix = key_of(entry_tag, std::string_view(layout::customer_prefix(customer_id)).substr(1));
    store_.scan(rows, prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
      key.remove_prefix(key.size() - 16 - 8);
      const project_id project{keys::get_uuid(key)};
      if (!is_known(keys::get_u64(key.substr(16)))) return true;
      if (theirs.empty() || theirs.back().project != project) theirs.push_back({project});
      const auto entry = eventstore::read_customer_entry(value);
      theirs.back().created_at = entry.created_at;
      theirs.back().open = entry.open;
      return true;
    });
    return theirs;
  }

  bool exists(const project_id& project) const override {
    const auto began = store_.get(rows, project_row(project));
    return began && is_known(keys::get_u64(*began));
  }

  /// What was asked for and came only later.
  [[nodiscard]] const std::vector<std::uint64_t>& later() const { return later_; }

private:
  bool is_known(std::uint64_t at) const {
    if (at >= before_) later_.push_back(at);
    return at < before_;
  }

  const eventstore::kv_reader& store_;
  std::uint64_t before_;
  std::optional<project_id> own_;
  mutable std::vector<std::uint64_t> later_;
};

routing_audit::routing_audit(std::uint64_t events)
    : store_("routing", layout::log_families(), events), customers_(eventstore::make_customer_index()) {}

routing_audit::verdict routing_audit::take(const recorded_event& e, const std::optional<finding_settings>& settings) {
  const eventstore::indexed_event indexed(e);
  auto judged = settings ? judge(indexed, *settings) : verdict();
  learn(indexed);
  return judged;
}

routing_audit::verdict routing_audit::judge(const eventstore::indexed_event& e, const finding_settings& settings) const {
  if (e->kind != event_kind::source) return {};
  if (const auto project = e->stream.project()) {
    const bool is_first = e->version.value == 1;
    const bool is_named = e->found_at.value == 0;
    return compare(*e, posted_as(*e, is_named ? project : std::nullopt, e.data()), settings, [&](const finding& f) {
      const auto* found = std::get_if<found_project>(&f);
      return found != nullptr && (found->project ? *found->project == *project : is_first);
    });
  }
  if (e->type != "dead_letter.added" || e.data() == nullptr) return {};
  const auto kind = e.text("kind");
  return compare(*e, posted_of(*e, *e.data()), settings, [&](const finding& f) {
    const auto* cause = std::get_if<dead_letter_cause>(&f);
    return cause != nullptr && to_string(cause->kind) == kind;
  });
}

routing_audit::verdict routing_audit::compare(const recorded_event& e, const ingest_event& posted, const finding_settings& settings,
                                              const std::function<bool(const finding&)>& is_right) const {
  const auto own = e.stream.project();
  const knowledge first(*store_, e.found_at.value == 0 ? e.pos.value : e.found_at.value, own);
  const auto found = find_project(posted, settings, first);
  if (is_right(found)) return {outcome::same, {}};
  // The log grew while it was looked for, or what it had to wait for was stored.
  auto later = first.later();
  std::sort(later.begin(), later.end());
  later.erase(std::unique(later.begin(), later.end()), later.end());
  if (later.size() > most_tries) later.resize(most_tries);
  for (const auto at : later)
    if (is_right(find_project(posted, settings, knowledge(*store_, at + 1, own)))) return {outcome::same, {}};
  return {outcome::differs, "stands where it does not belong: " + said(found)};
}

void routing_audit::learn(const eventstore::indexed_event& e) {
  const auto project = e->stream.project();
  if (!project) return;
  eventstore::kv_batch batch;
  eventstore::index_rows to(*store_, batch);
  customers_->apply(e, to);
  const auto here = keys::of(e->pos);
  for (std::size_t i = 0, n = batch.changes.size(); i < n; ++i) {
    const auto& key = batch.changes[i].key;
    const bool is_entry = key.starts_with(customer_tag);
    if (!is_entry || store_->get(rows, key) == batch.changes[i].value) continue;
    batch.put(rows, key_of(entry_tag, std::string_view(key).substr(1)).append(here), *batch.changes[i].value);
  }
  if (e->version.value == 1) batch.put(rows, project_row(*project), here);
  if (may_teach_references(*e)) {
    for (const auto& known : references_taught_by(*e, e.data())) {
      auto key = layout::reference_key(known, *project);
      if (store_->get(rows, key)) continue;
      batch.put(rows, std::move(key), here);
      batch.put(rows, layout::reference_known_key(known.ref), {});
    }
  }
  if (!batch.changes.empty()) store_->write(batch);
}

}  // namespace plo::replay
