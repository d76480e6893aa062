#include "actors/project/finder.hpp"

#include "eventstore/index/customers.hpp"
#include "eventstore/index/references.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plo::actors {

namespace {

/// About 30 MB; then the cache starts afresh.
constexpr std::size_t max_cached_references = 200'000;

dead_letter_cause ambiguous(std::string_view what, std::string_view ref, std::size_t projects) {
  return {dead_letter_kind::ambiguous, fmt::format("{} projects know the {} '{}'", projects, what, ref)};
}

template <class Pending>
auto find_pending(Pending& pending, const reference& r, const project_id& project) {
  return std::find_if(pending.begin(), pending.end(),
                      [&](const auto& p) { return p.kind == r.kind && p.source == r.source && p.project == project; });
}

}  // namespace

project_finder::verdict project_finder::find(const ingest_event& e) const {
  if (e.project) {
    if (exists(*e.project)) return found{*e.project, false};
    return dead_letter_cause{dead_letter_kind::unattached,
                             fmt::format("no project has the id {}", e.project->to_string())};
  }
  if (auto known = by_reference(reference_kind::project, e.project_ref, e.source)) return *known;
  const auto new_project = [] { return found{{make_uuid_v7(project_clock::wall_now().time_since_epoch().count())}, true}; };
  if (e.type == "project.created") return new_project();

  const std::pair<reference_kind, const std::string&> payload_references[] = {
      {reference_kind::order, e.order_ref},       {reference_kind::order, e.payload_order_ref},
      {reference_kind::shipment, e.shipment_id},  {reference_kind::lastmile, e.lastmile_id},
      {reference_kind::installation, e.installation_id},
  };
  for (const auto& [kind, ref] : payload_references)
    if (auto known = by_reference(kind, ref, e.source)) return *known;

  bool several = false;
  if (auto known = by_customer(e, several)) return *known;
  if (opens_project(e.type)) return new_project();
  if (several)
    return dead_letter_cause{dead_letter_kind::ambiguous,
                             fmt::format("customer '{}' has several open projects, and none is known as '{}'",
                                         e.customer_id, e.project_ref)};
  return dead_letter_cause{dead_letter_kind::unattached, fmt::format("no project is known as '{}'", e.project_ref)};
}

std::vector<reference> project_finder::new_references(const ingest_event& e, const found& where) const {
  auto references = references_of(e);
  if (!where.opens)
    std::erase_if(references, [&](const reference& r) {
      const auto& known = stored(r.ref);
      return std::find(known.begin(), known.end(),
                       eventstore::known_reference{r.kind, r.source, where.project}) != known.end();
    });
  return references;
}

void project_finder::learn(ticket number, const found& where, const std::vector<reference>& references,
                           const std::string& customer_id) {
  // Thousands of events may teach the same while the first of them is on its way.
  for (const auto& r : references) {
    auto& pending = pending_references_[r.ref];
    auto known = find_pending(pending, r, where.project);
    if (known == pending.end()) known = pending.insert(pending.end(), {r.kind, r.source, where.project});
    ++known->times;
  }
  if (!customer_id.empty()) pending_customers_.insert(customer_id);
  if (where.opens) opening_.insert(where.project);
  if (!references.empty() || !customer_id.empty() || where.opens)
    lessons_.emplace(number, lesson{where, references, customer_id});
}

std::vector<reference> project_finder::forget(ticket number, settlement what) {
  const auto learnt = lessons_.find(number);
  if (learnt == lessons_.end()) return {};
  for (const auto& r : learnt->second.references) {
    if (const auto under = pending_references_.find(r.ref); under != pending_references_.end()) {
      const auto known = find_pending(under->second, r, learnt->second.where.project);
      if (known != under->second.end() && --known->times == 0) under->second.erase(known);
      if (under->second.empty()) pending_references_.erase(under);
    }
    if (what == settlement::unknown) cache_.erase(r.ref);
    if (what != settlement::stored) continue;
    if (const auto cached = cache_.find(r.ref); cached != cache_.end()) {
      const eventstore::known_reference known{r.kind, r.source, learnt->second.where.project};
      if (std::find(cached->second.begin(), cached->second.end(), known) == cached->second.end())
        cached->second.push_back(known);
    }
  }
  const auto drop_one = [](auto& set, const auto& value) {
    if (const auto it = set.find(value); it != set.end()) set.erase(it);
  };
  drop_one(pending_customers_, learnt->second.customer_id);
  if (learnt->second.where.opens) drop_one(opening_, learnt->second.where.project);
  auto taught = std::move(learnt->second.references);
  lessons_.erase(learnt);
  return taught;
}

const project_finder::known_references& project_finder::stored(const std::string& ref) const {
  if (const auto cached = cache_.find(ref); cached != cache_.end()) return cached->second;
  if (cache_.size() >= max_cached_references) cache_.clear();
  return cache_.emplace(ref, eventstore::find_references(log_, ref)).first->second;
}

project_finder::knowing project_finder::who_knows(const std::string& ref, std::optional<reference_kind> kind,
                                                 std::optional<std::string_view> source) const {
  knowing known_to;
  const auto is_wanted = [&](reference_kind of_kind, std::string_view of_source) { return (!kind || *kind == of_kind) && (!source || *source == of_source); };
  const auto is_new = [&](const project_id& project) { return std::find(known_to.projects.begin(), known_to.projects.end(), project) == known_to.projects.end(); };
  for (const auto& known : stored(ref))
    if (is_wanted(known.kind, known.source) && is_new(known.project)) known_to.projects.push_back(known.project);
  if (const auto pending = pending_references_.find(ref); pending != pending_references_.end()) {
    for (const auto& r : pending->second) {
      if (!is_wanted(r.kind, r.source) || !is_new(r.project)) continue;
      known_to.projects.push_back(r.project);
      known_to.pending = reference{r.kind, r.source, ref};
    }
  }
  return known_to;
}

/// As the sender calls it first, then as anybody does, whatever it names. Empty when nobody knows the reference.
std::optional<project_finder::verdict> project_finder::by_reference(reference_kind kind, const std::string& ref,
                                                                    const std::string& source) const {
  if (ref.empty()) return std::nullopt;
  auto known = who_knows(ref, kind, source);
  // What a payload names is of its own kind first; a project_ref may be anything that is known.
  if (known.projects.empty() && kind != reference_kind::project) known = who_knows(ref, kind, std::nullopt);
  if (known.projects.empty()) known = who_knows(ref, std::nullopt, std::nullopt);
  if (known.projects.empty()) return std::nullopt;
  if (known.projects.size() == 1) return found{known.projects.front(), false, std::move(known.pending)};
  // Whether it is several has yet to come out.
  if (known.pending) return not_yet{};
  return ambiguous(kind == reference_kind::project ? "reference" : to_string(kind), ref, known.projects.size());
}

std::optional<project_finder::verdict> project_finder::by_customer(const ingest_event& e, bool& several) const {
  if (e.customer_id.empty()) return std::nullopt;
  if (pending_customers_.contains(e.customer_id)) return not_yet{};
  std::vector<project_id> open;
  for (const auto& entry : eventstore::customer_projects(log_, e.customer_id)) {
    if (is_busy_(entry.project)) return not_yet{};
    if (entry.open && entry.created_at >= e.occurred_at - settings_.attach_period) open.push_back(entry.project);
  }
  several = open.size() > 1;
  if (open.size() != 1) return std::nullopt;
  return found{open.front(), false};
}

bool project_finder::exists(const project_id& project) const {
  return opening_.contains(project) || log_.version_of(stream_id::of(project)).value > 0;
}

bool project_finder::opens_project(std::string_view type) const {
  return std::find(settings_.opens_project.begin(), settings_.opens_project.end(), type) !=
         settings_.opens_project.end();
}

}  // namespace plo::actors
