#include "http/routes/project/tracking_pages.hpp"

#include "projections/project/tracking.hpp"

namespace plo::http {

tracking_pages::page tracking_pages::page_of(const eventstore::log& log, const project_id& project, const domain_settings& settings) {
  // Asked before the stream is read: a page may be newer than its version says, never older.
  const auto version = log.version_of(stream_id::of(project));
  if (auto known = find(project, version)) return known;
  auto text = projections::tracking_page(log, project, settings);
  if (!text) return nullptr;
  auto made = std::make_shared<const std::string>(std::move(*text));
  keep(project, version, made);
  return made;
}

bool tracking_pages::is_kept(const eventstore::log& log, const project_id& project) {
  return find(project, log.version_of(stream_id::of(project))) != nullptr;
}

tracking_pages::page tracking_pages::find(const project_id& project, stream_version version) {
  const std::lock_guard lock(guard_);
  const auto known = pages_.find(project);
  if (known == pages_.end() || known->second.version != version) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, known->second.place);
  return known->second.text;
}

void tracking_pages::keep(const project_id& project, stream_version version, page text) {
  const std::lock_guard lock(guard_);
  if (const auto known = pages_.find(project); known != pages_.end()) forget(known);
  bytes_ += text->size();
  by_use_.push_front(project);
  pages_.emplace(project, entry{version, std::move(text), by_use_.begin()});
  while (bytes_ > max_bytes) forget(pages_.find(by_use_.back()));
}

void tracking_pages::forget(std::unordered_map<project_id, entry>::iterator known) {
  bytes_ -= known->second.text->size();
  by_use_.erase(known->second.place);
  pages_.erase(known);
}

}  // namespace plo::http
