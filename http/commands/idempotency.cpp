#include "http/commands/idempotency.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "domain/event/command_stamp.hpp"
#include "projections/core/idempotency.hpp"

namespace plo::http {

namespace {

/// Keyed, because a request may hold a password and the digest is kept.
std::string digest_of(const request& r, std::string_view secret) {
  crypto_generichash_state state;
  unsigned char key[crypto_generichash_KEYBYTES];
  crypto_generichash(key, sizeof key, reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr, 0);
  crypto_generichash_init(&state, key, sizeof key, crypto_generichash_BYTES);
  const auto add = [&state](std::string_view text) {
    const auto sized = fmt::format("{}:", text.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(sized.data()), sized.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  add(r.method);
  add(r.path);
  for (const auto& [name, value] : r.query) {
    add(name);
    add(value);
  }
  add(r.body);
  unsigned char digest[crypto_generichash_BYTES];
  crypto_generichash_final(&state, digest, sizeof digest);
  char hex[2 * sizeof digest + 1];
  return sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
}

bool can_be_repeated(const route& to, const request& r) {
  // A session is no command: it begins and ends when it is said.
  return to.method != "GET" && to.needs != access::open && !to.pattern.starts_with("/api/auth/") && r.who;
}

response replay(unsigned status, std::string body, std::string content_type = "application/json") {
  response again(status, std::move(body));
  again.content_type = std::move(content_type);
  again.headers.emplace_back("Idempotency-Replayed", "true");
  return again;
}

response another_request() { return make_problem(409, "this Idempotency-Key belongs to another request"); }

response still_under_way() {
  auto p = make_problem(409, "a request with this Idempotency-Key is still under way");
  p.retry_after_s = 1;
  return p;
}

/// Frees the key unless the answer was kept, however the handler ends.
class claimed_key {
public:
  claimed_key(answer_table& table, answer_table::command_key key) : table_(table), key_(std::move(key)) {}
  ~claimed_key() { table_.release(key_); }
  claimed_key(const claimed_key&) = delete;
  claimed_key& operator=(const claimed_key&) = delete;

private:
  answer_table& table_;
  answer_table::command_key key_;
};

}  // namespace

task<answer> answer_once(service& s, const route& to, request& r) {
  if (!r.has_header("idempotency-key") || !can_be_repeated(to, r)) co_return co_await to.handle(r);
  const auto key = std::string(r.header("idempotency-key"));
  const bool visible = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.empty() || key.size() > max_idempotency_key_bytes || !visible)
    co_return response(make_problem(422, fmt::format("the Idempotency-Key must be 1 to {} characters of visible ASCII", max_idempotency_key_bytes)));
  r.once = idempotency_key{key, digest_of(r, s.settings.auth.secret)};
  const answer_table::command_key mine(r.who->user_id, key);
  const auto now = actors::project_clock::wall_now();
  if (auto known = s.given_answers.claim(mine, r.once->digest, now)) {
    if (known->digest != r.once->digest) co_return another_request();
    if (known->under_way) co_return still_under_way();
    co_return replay(known->status, std::move(known->body), std::move(known->content_type));
  }
  const claimed_key claimed(s.given_answers, mine);
  if (auto recorded = projections::find_idempotent(*s.engine.views(), r.who->user_id, key, now)) {
    if (recorded->digest != r.once->digest) co_return another_request();
    if (recorded->answer) co_return replay(recorded->status, std::move(*recorded->answer));
  }
  auto given = co_await to.handle(r);
  const auto* plain = std::get_if<response>(&given);
  if (plain != nullptr && plain->status >= 200 && plain->status < 300) {
    answer_table::given kept;
    kept.digest = r.once->digest;
    kept.under_way = false;
    kept.at = now;
    kept.status = plain->status;
    kept.content_type = plain->content_type;
    kept.body = plain->body;
    kept.head = s.engine.log().head().last;
    s.given_answers.keep(mine, std::move(kept), s.engine.applied().applied());
  }
  co_return given;
}

std::optional<position> recorded_part(service& s, const request& r, std::string_view part) {
  if (!r.once) return std::nullopt;
  return projections::find_idempotent_part(*s.engine.views(), r.who->user_id, r.once->key, part, actors::project_clock::wall_now());
}

}  // namespace plo::http
