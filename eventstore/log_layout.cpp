#include "eventstore/log_layout.hpp"

namespace plo::eventstore::layout {

namespace {

std::string tagged_text(char tag, std::string_view text) {
  std::string key(1, tag);
  keys::put_text(key, text);
  return key;
}

std::string source_key(char tag, std::string_view source, std::string_view source_ref) {
  auto key = tagged_text(tag, source);
  keys::put_text(key, source_ref);
  return key;
}

}  // namespace

const store_layout& log_families() {
  static const store_layout all{{{"events", false, 64u << 20},
                                 {"streams", true},
                                 {"dedup", true},
                                 {"refs", true},
                                 {"dead_letters", true},
                                 {"meta"},
                                 {"keys", true, 4u << 20}},
                                true};
  return all;
}

std::string stream_prefix(std::string_view stream) {
  std::string key;
  keys::put_text(key, stream);
  return key;
}

std::string stream_key(std::string_view stream, std::uint64_t version) {
  auto key = stream_prefix(stream);
  keys::put_u64(key, version);
  return key;
}

std::string dedup_key(std::string_view source, std::string_view source_ref) { return source_key('E', source, source_ref); }

std::string conflict_key(std::string_view source, std::string_view source_ref, std::string_view digest) {
  return source_key('C', source, source_ref).append(digest);
}

std::string reference_prefix(std::string_view ref) { return tagged_text('R', ref); }
std::string reference_known_key(std::string_view ref) { return tagged_text('K', ref); }

std::string reference_key(const reference& known, const project_id& project) {
  auto key = reference_prefix(known.ref);
  key.push_back(static_cast<char>(known.kind));
  keys::put_text(key, known.source);
  keys::put_uuid(key, project.value);
  return key;
}

std::string customer_prefix(std::string_view customer_id) { return tagged_text('C', customer_id); }

std::string letter_key(const dead_letter_id& id) {
  std::string key(1, 'L');
  keys::put_uuid(key, id.value);
  return key;
}

std::string waiting_prefix(std::string_view project_ref) { return tagged_text('R', project_ref); }

}  // namespace plo::eventstore::layout
