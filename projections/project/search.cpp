#include "projections/project/search.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <sodium.h>

#include "eventstore/kv/keys.hpp"
#include "projections/core/token_index.hpp"
#include "projections/project/customers.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// Tokens: 'T' ‖ kind ‖ token ‖ 0 ‖ place, where place is inverted created_at ‖ entity, so that the newest comes first.
// 'D' ‖ kind ‖ entity → document. 'J' ‖ project → digest of what its documents were made of ‖ their keys.
constexpr char kind_project = 'p', kind_order = 'o', kind_reference = 'r';
constexpr std::size_t keys_per_kind = 500;   // that a search looks at
constexpr std::size_t max_documents = 1000;  // of one project; further orders and references are found by their project only

struct document {
  char kind = kind_project;
  std::string entity;  // bytes: ids, or project ‖ reference
  project_id project;
  instant created_at{};
  std::string id, title, subtitle;
  token_set tokens;
};

std::string document_key(char kind, std::string_view entity) { return std::string{'D', kind}.append(entity); }
token_space space_of(char kind) { return {families::search, {'T', kind}}; }

std::string search_place(instant created_at, std::string_view entity) {
  std::string place;
  keys::put_u64(place, ~(static_cast<std::uint64_t>(created_at.time_since_epoch().count()) ^ (1ull << 63)));
  return place.append(entity);
}

std::string_view shortened(std::string_view text) { return text.substr(0, 0xffff); }

std::string encode_document(const document& d) {
  std::string row;
  keys::put_uuid(row, d.project.value);
  keys::put_time(row, d.created_at);
  for (const auto* text : {&d.id, &d.title, &d.subtitle}) keys::put_text(row, shortened(*text));
  put_tokens(row, d.tokens);
  return row;
}

struct stored_document {
  project_id project;
  instant created_at;
  std::string_view id, title, subtitle;
  token_list tokens;
};

stored_document decode_document(std::string_view row) {
  stored_document d;
  d.project = {keys::get_uuid(row)};
  d.created_at = keys::get_time(row.substr(16));
  row.remove_prefix(24);
  d.id = keys::take_text(row);
  d.title = keys::take_text(row);
  d.subtitle = keys::take_text(row);
  d.tokens = take_tokens(row);
  return d;
}

/// A digest of everything that documents_of reads, which is cheaper than making the documents.
std::string digest_of(const project_state& p) {
  std::string all;
  const auto put = [&all](std::string_view text) { keys::put_text(all, shortened(text)); };
  keys::put_time(all, p.created_at);
  for (const auto& ref : p.project_refs) put(ref);
  put("\n");
  for (const auto& o : p.orders) {
    put(o.order_ref);
    keys::put_uuid(all, o.id.value);
  }
  put("\n");
  for (const auto& r : p.refs) {
    put(r.ref);
    put(r.source);
    all.push_back(static_cast<char>(r.kind));
  }
  for (const auto* text : {&p.customer_name.value, &p.customer_id.value, &p.project_type.value}) put(text->value_or(""));
  std::string digest(16, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(), reinterpret_cast<const unsigned char*>(all.data()),
                     all.size(), nullptr, 0);
  return digest;
}

std::string id_bytes(const uuid& id) {
  std::string bytes;
  keys::put_uuid(bytes, id);
  return bytes;
}

std::vector<document> documents_of(const project_state& p) {
  std::vector<document> all(1);
  auto& project = all.front();
  const auto name = p.customer_name.value.value_or("");
  const auto customer = p.customer_id.value.value_or("");
  const auto title = p.project_refs.empty() ? p.id.to_string() : p.project_refs.front();
  project.entity = id_bytes(p.id.value);
  project.project = p.id;
  project.created_at = p.created_at;
  project.id = p.id.to_string();
  project.title = title;
  project.subtitle = name.empty() ? customer : name;
  for (const auto& ref : p.project_refs) project.tokens.add_reference(ref);
  for (const auto& o : p.orders) project.tokens.add_reference(o.order_ref);
  project.tokens.add_text(name);
  project.tokens.add_reference(customer);

  const auto add = [&](char kind, std::string entity, std::string id, std::string_view ref, std::string subtitle) {
    if (all.size() >= max_documents || ref.empty()) return;
    document d;
    d.kind = kind;
    d.entity = std::move(entity);
    d.project = p.id;
    d.created_at = p.created_at;
    d.id = std::move(id);
    d.title = ref;
    d.subtitle = std::move(subtitle);
    d.tokens.add_reference(ref);
    all.push_back(std::move(d));
  };
  for (const auto& o : p.orders) add(kind_order, id_bytes(o.id.value), o.id.to_string(), o.order_ref, title);
  // What several sources call the same is one reference.
  std::map<std::string_view, const reference*> others;
  for (const auto& r : p.refs)
    if (r.kind != reference_kind::order && std::find(p.project_refs.begin(), p.project_refs.end(), r.ref) == p.project_refs.end())
      others.emplace(r.ref, &r);
  for (const auto& [text, r] : others)
    add(kind_reference, id_bytes(p.id.value) + std::string(text), std::string(text), text, std::string(to_string(r->kind)) + ", " + title);
  return all;
}

class search_projection final : public projection {
public:
  explicit search_projection(const project_fold& projects) : projects_(projects) {}

  std::uint32_t schema_version() const override { return 2; }
  row_family rows() const override { return families::search; }

  void apply(event_pointers, const row_reader& views, row_batch& batch) override {
    for (const auto& touched : projects_.touched()) {
      const auto& project = *touched.state;
      const auto key = std::string("J") + id_bytes(project.id.value);
      const auto digest = digest_of(project);
      const auto before = views.get(rows(), key);
      if (before && std::string_view(*before).substr(0, digest.size()) == digest) continue;
      std::map<std::string, std::string> old;  // document key → row
      std::string_view known = before ? std::string_view(*before).substr(digest.size()) : std::string_view();
      while (!known.empty()) {
        std::string old_key(keys::take_text(known));
        if (auto row = views.get(rows(), old_key)) old.emplace(std::move(old_key), std::move(*row));
      }
      auto now = digest;
      for (const auto& d : documents_of(project)) {
        auto document_at = document_key(d.kind, d.entity);
        keys::put_text(now, document_at);
        const auto was = old.find(document_at);
        write(d, was == old.end() ? std::string_view() : std::string_view(was->second), batch);
        if (was != old.end()) old.erase(was);
      }
      for (const auto& [gone, row] : old) {
        const auto d = decode_document(row);
        change_tokens(batch, space_of(gone[1]), d.tokens, search_place(d.created_at, std::string_view(gone).substr(2)), {}, {});
        batch.remove(rows(), gone);
      }
      batch.put(rows(), key, std::move(now));
    }
  }

private:
  void write(const document& d, std::string_view before, row_batch& batch) const {
    auto row = encode_document(d);
    if (row == before) return;
    const auto was = before.empty() ? stored_document{} : decode_document(before);
    change_tokens(batch, space_of(d.kind), was.tokens, search_place(was.created_at, d.entity), d.tokens, search_place(d.created_at, d.entity));
    batch.put(rows(), document_key(d.kind, d.entity), std::move(row));
  }
  const project_fold& projects_;
};

struct hit {
  std::string_view kind;
  int match = 0;
  instant created_at{};
  std::string id, title, subtitle;
  std::optional<project_id> project;
};

void add_documents(const row_reader& views, char kind, std::string_view name, const std::vector<std::string>& terms,
                   std::vector<hit>& hits) {
  auto places = find_some(views, space_of(kind), terms, keys_per_kind);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (const auto& place : places) {
    const auto row = views.get(families::search, document_key(kind, std::string_view(place).substr(8)));
    if (!row) continue;
    const auto d = decode_document(*row);
    if (const auto match = match_of(terms, d.tokens); match > 0)
      hits.push_back({name, match, d.created_at, std::string(d.id), std::string(d.title), std::string(d.subtitle), d.project});
  }
}

void add_customers(const row_reader& views, const std::vector<std::string>& terms, std::vector<hit>& hits) {
  for (auto& found : find_customers(views, terms, keys_per_kind))
    hits.push_back({"customer", found.match, instant::min(), found.customer_id, found.name.empty() ? found.customer_id : found.name, found.customer_id, {}});
}

/// There are few rules: all are looked at.
void add_rules(const rules::rule_set& rules, const std::vector<std::string>& terms, std::vector<hit>& hits) {
  for (const auto& [id, entry] : rules.all()) {
    token_set tokens;
    tokens.add_reference(id);
    tokens.add_text(entry->rule->name);
    std::string kept;
    put_tokens(kept, tokens);
    std::string_view rest = kept;
    if (const auto match = match_of(terms, take_tokens(rest)); match > 0)
      hits.push_back({"rule", match, entry->changed_at, id, entry->rule->name, id, {}});
  }
}

}  // namespace

std::unique_ptr<projection> make_search(const project_fold& projects) { return std::make_unique<search_projection>(projects); }

std::string search(const row_reader& views, const rules::rule_set& rules, std::string_view text) {
  std::vector<hit> hits;
  // `jean-pierre` is one term, and in "Jean Pierre" there are two words: what is not found as it was typed is asked for word by word.
  for (const auto& terms : {search_terms(text), search_words(text)}) {
    if (terms.empty() || !hits.empty()) continue;
    add_documents(views, kind_project, "project", terms, hits);
    add_customers(views, terms, hits);
    add_documents(views, kind_order, "order", terms, hits);
    add_documents(views, kind_reference, "reference", terms, hits);
    add_rules(rules, terms, hits);
  }
  std::stable_sort(hits.begin(), hits.end(), [](const hit& a, const hit& b) {
    return std::tie(b.match, b.created_at) < std::tie(a.match, a.created_at);
  });
  if (hits.size() > max_hits) hits.resize(max_hits);
  constexpr std::array<double, 4> scores{0, 0.25, 0.5, 1};
  json_writer json;
  json.begin_object().key("items").begin_array();
  for (const auto& h : hits) {
    json.begin_object().field("kind", h.kind).field("id", h.id).field("project_id", h.project).field("title", h.title);
    json.field_or_null("subtitle", h.subtitle).field("score", scores[static_cast<std::size_t>(h.match)]).end_object();
  }
  json.end_array().end_object();
  return json.str();
}

std::optional<std::vector<uuid>> find_projects_by_text(const row_reader& views, std::string_view text) {
  const auto terms = search_terms(text);
  if (terms.empty()) return text.find_first_not_of(' ') == std::string_view::npos ? std::nullopt : std::optional<std::vector<uuid>>(std::in_place);
  const auto has_terms = [&](std::string_view place, const std::vector<std::string>& wanted) {
    const auto row = views.get(families::search, document_key(kind_project, place.substr(8)));
    return row && match_of(wanted, decode_document(*row).tokens) > 0;
  };
  std::vector<uuid> ids;
  for (const auto& asked : {terms, search_words(text)}) {
    if (!ids.empty() || asked.empty()) continue;
    for (const auto& place : find_all(views, space_of(kind_project), asked, has_terms)) ids.push_back(keys::get_uuid(std::string_view(place).substr(8)));
  }
  return ids;
}

}  // namespace plo::projections
