#include "domain/operators/account_book.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace plo::operators {

namespace {

bool is_active_admin(const account& who) { return who.active && who.role == role::admin; }

/// What a command leaves of an account.
account after_command(account who, const account_command& command) {
  who.email = command.email.value_or(who.email);
  who.name = command.name.value_or(who.name);
  who.role = command.role.value_or(who.role);
  who.active = command.active.value_or(who.active);
  return who;
}

std::string text_in(json::element data, std::string_view name) { return std::string(json::get_string(data, name).value_or("")); }

/// Data that begins with the account.
json_writer about(const user_id& id) {
  json_writer json;
  json.begin_object().field("user_id", id);
  return json;
}

}  // namespace

std::string to_json(const account& who) {
  json_writer json = about(who.id);
  json.field("email", who.email).field_or_null("name", who.name).field("role", to_string(who.role)).field("active", who.active);
  return json.field("created_at", who.created_at).end_object().str();
}

std::string fold_email(std::string_view email) {
  std::string folded(email);
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return folded;
}

bool is_email(std::string_view text) {
  constexpr std::size_t max_local_bytes = 64;
  const auto at = text.rfind('@');
  if (text.size() > max_email_bytes || at == std::string_view::npos || at == 0 || at > max_local_bytes) return false;
  const auto local = text.substr(0, at), domain = text.substr(at + 1);
  const auto dotted_badly = [](std::string_view part) {
    return part.empty() || part.front() == '.' || part.back() == '.' || part.find("..") != std::string_view::npos;
  };
  const auto strange = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || std::string_view("\"(),:;<>[\\]@").find(c) != std::string_view::npos;
  };
  return !dotted_badly(local) && !dotted_badly(domain) && std::none_of(local.begin(), local.end(), strange) &&
         std::none_of(domain.begin(), domain.end(), strange);
}

bool account::was_used_from(std::string_view place, instant now) const {
  const auto known = places.find(place);
  return known != places.end() && now - known->second < place_is_known;
}

bool account::should_note(std::string_view place, instant now) const {
  const auto known = places.find(place);
  return known == places.end() || now - known->second >= place_is_noted_again;
}

const account* account_book::find(const user_id& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

const account* account_book::find_email(std::string_view email) const {
  const auto found = by_email_.find(fold_email(email));
  return found == by_email_.end() ? nullptr : found->second.get();
}

std::string_view account_book::email_of(const user_id& id) const {
  const auto found = emails_.find(id);
  return found == emails_.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<user_id> account_book::id_of(std::string_view email) const {
  const auto found = last_owner_.find(fold_email(email));
  return found == last_owner_.end() ? std::nullopt : std::optional(found->second);
}

void account_book::take_away(const account& gone) {
  if (is_active_admin(gone)) --active_admins_;
  by_email_.erase(fold_email(gone.email));
  by_id_.erase(gone.id);
}

void account_book::put(account next) {
  if (is_active_admin(next)) ++active_admins_;
  emails_[next.id] = next.email;
  last_owner_[fold_email(next.email)] = next.id;
  auto entry = std::make_shared<const account>(std::move(next));
  by_email_[fold_email(entry->email)] = entry;
  by_id_[entry->id] = entry;
}

void account_book::evolve(const event& e) {
  ++version_.value;
  const auto document = json_document::parse(e.data);
  const auto id = document ? user_id::parse(text_in(document->root(), "user_id")) : std::nullopt;
  if (!id) return;
  const auto data = document->root();
  const auto* known = find(*id);
  if (e.type == account_event::logged_out) {
    std::erase_if(ended_sessions_, [&](const auto& session) { return session.second < e.recorded_at; });
    if (const auto until = parse_instant(text_in(data, "expires_at"))) ended_sessions_[text_in(data, "session_id")] = *until;
    return;
  }
  const bool is_new = e.type == account_event::added;
  if (is_new == (known != nullptr)) return;
  account next = known != nullptr ? *known : account();
  if (is_new) {
    next.id = *id;
    next.created_at = e.recorded_at;
  }
  if (is_new || e.type == account_event::changed) {
    account_command said;
    if (const auto email = json::get_string(data, "email")) said.email = *email;
    if (const auto name = json::get_string(data, "name")) said.name = *name;
    said.role = parse_role(text_in(data, "role"));
    said.active = json::get_bool(data, "active");
    const bool was_active = next.active;
    next = after_command(std::move(next), said);
    if (next.active != was_active) ++next.credentials;
  } else if (e.type == account_event::password_set) {
    next.password_hash = text_in(data, "password_hash");
    ++next.credentials;
  } else if (e.type == account_event::logged_in) {
    next.places[text_in(data, "place")] = e.recorded_at;
    if (next.places.size() > max_places)
      next.places.erase(std::min_element(next.places.begin(), next.places.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
  } else if (e.type != account_event::removed) {
    return;
  }
  if (known != nullptr) take_away(account(*known));
  if (e.type != account_event::removed) put(std::move(next));
}

std::string_view to_string(account_refusal refusal) {
  switch (refusal) {
    case account_refusal::unknown_user: return "there is no user with this id";
    case account_refusal::email_in_use: return "another user has this e-mail address";
    case account_refusal::last_admin: return "this is the last active administrator";
    case account_refusal::too_many: return "there are as many users as there may be";
  }
  return "";
}

namespace {

/// Collects the events of one command; each has an id of its own.
class account_events {
public:
  explicit account_events(const event& like) : like_(like) {}

  void add(std::string_view type, const json_writer& data) {
    event e = like_;
    if (!made.empty()) e.id = {derive_uuid(like_.id.value, std::to_string(made.size()))};
    e.type = type;
    e.data = data.str();
    made.push_back(std::move(e));
  }
  void set_password(const user_id& id, const std::string& hash) {
    auto data = about(id);
    data.field("password_hash", hash).end_object();
    add(account_event::password_set, data);
  }

  std::vector<event> made;

private:
  const event& like_;
};

void add_account(const account_command& command, const event& like, account_events& out) {
  const user_id id{derive_uuid(like.id.value, "user")};
  auto data = about(id);
  data.field("email", *command.email).field("name", command.name.value_or(""));
  data.field("role", to_string(command.role.value_or(role::viewer))).field("active", command.active.value_or(true)).end_object();
  out.add(account_event::added, data);
  out.set_password(id, command.password_hash);
}

void change_account(const account& before, const account& after, account_events& out) {
  auto data = about(before.id);
  if (after.email != before.email) data.field("email", after.email);
  if (after.name != before.name) data.field("name", after.name);
  if (after.role != before.role) data.field("role", to_string(after.role));
  if (after.active != before.active) data.field("active", after.active);
  const auto unchanged = about(before.id);
  // The same again is no change: a PUT may be repeated.
  if (data.view() == unchanged.view()) return;
  data.end_object();
  out.add(account_event::changed, data);
}

}  // namespace

tl::expected<std::vector<event>, account_refusal> decide(const account_book& accounts, const account_command& command, const event& like) {
  using verb = account_command::verb;
  account_events out(like);
  const auto* known = command.what == verb::add ? nullptr : accounts.find(command.user);
  if (command.what != verb::add && known == nullptr) return tl::make_unexpected(account_refusal::unknown_user);
  if (command.email) {
    const auto* owner = accounts.find_email(*command.email);
    if (owner != nullptr && owner != known) return tl::make_unexpected(account_refusal::email_in_use);
  }
  const bool is_last = known != nullptr && is_active_admin(*known) && accounts.active_admins() == 1;
  switch (command.what) {
    case verb::add:
      if (accounts.all().size() >= max_accounts) return tl::make_unexpected(account_refusal::too_many);
      add_account(command, like, out);
      break;
    case verb::change: {
      const auto after = after_command(*known, command);
      if (is_last && !is_active_admin(after)) return tl::make_unexpected(account_refusal::last_admin);
      change_account(*known, after, out);
      break;
    }
    case verb::set_password: out.set_password(known->id, command.password_hash); break;
    case verb::remove: {
      if (is_last) return tl::make_unexpected(account_refusal::last_admin);
      auto data = about(known->id);
      data.field("email", known->email).end_object();
      out.add(account_event::removed, data);
      break;
    }
    case verb::log_in: {
      auto data = about(known->id);
      data.field("place", command.place).end_object();
      out.add(account_event::logged_in, data);
      // Nobody asked for it: it is PLO's own note, and no command in the journal of commands.
      out.made.back().kind = event_kind::clock;
      break;
    }
    case verb::log_out: {
      auto data = about(known->id);
      data.field("session_id", command.session_id).field("expires_at", command.expires_at).end_object();
      out.add(account_event::logged_out, data);
      break;
    }
  }
  return std::move(out.made);
}

}  // namespace plo::operators
