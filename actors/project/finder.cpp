#include "actors/project/finder.hpp"

#include "eventstore/index/customers.hpp"
#include "eventstore/index/references.hpp"

#include <algorithm>

namespace plo::actors {

namespace {

/// About 30 MB; then the cache starts afresh.
constexpr std::size_t max_cached_references = 200'000;

template <class Pending>
auto find_pending(Pending& pending, const reference& r, const project_id& project) {
  return std::find_if(pending.begin(), pending.end(),
                      [&](const auto& p) { return p.kind == r.kind && p.source == r.source && p.project == project; });
}

}  // namespace

project_finder::verdict project_finder::find(const ingest_event& e) const {
  auto result = find_project(e, settings_, *this);
  if (auto* cause = std::get_if<dead_letter_cause>(&result)) return std::move(*cause);
  if (std::holds_alternative<not_found_yet>(result)) return not_found_yet{};
  auto& at = std::get<found_project>(result);
  if (!at.project) return found{{make_uuid_v7(project_clock::wall_now().time_since_epoch().count())}, true};
  return found{*at.project, false, std::move(at.known_by)};
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

void project_finder::each(const std::string& ref, const each_knower& visit) const {
  for (const auto& known : stored(ref)) visit(known.kind, known.source, known.project, false);
  if (const auto pending = pending_references_.find(ref); pending != pending_references_.end())
    for (const auto& r : pending->second) visit(r.kind, r.source, r.project, true);
}

std::optional<std::vector<customers_project>> project_finder::of_customer(const std::string& customer_id) const {
  if (pending_customers_.contains(customer_id)) return std::nullopt;
  std::vector<customers_project> theirs;
  for (const auto& entry : eventstore::customer_projects(log_, customer_id)) {
    if (is_busy_(entry.project)) return std::nullopt;
    theirs.push_back({entry.project, entry.created_at, entry.open});
  }
  return theirs;
}

bool project_finder::exists(const project_id& project) const {
  return opening_.contains(project) || log_.version_of(stream_id::of(project)).value > 0;
}

}  // namespace plo::actors
