// Accounts: what changes them, what is refused, and what their events show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "domain/event/command_stamp.hpp"
#include "domain/operators/account_book.hpp"

namespace plo::operators {
namespace {

using testing::ElementsAre;

/// Accounts as a fold of what was decided.
class Accounts : public testing::Test {
protected:
  tl::expected<std::vector<std::string>, account_refusal> when(const account_command& command) {
    event like;
    like.id = {derive_uuid({}, std::to_string(++made_))};
    like.kind = event_kind::operator_;
    like.recorded_at = instant(std::chrono::seconds(made_));
    const auto decided = decide(book, command, like);
    if (!decided) return tl::make_unexpected(decided.error());
    std::vector<std::string> types;
    for (const auto& e : *decided) {
      book.evolve(e);
      types.push_back(e.type);
    }
    return types;
  }

  user_id add(const std::string& email, role r) {
    account_command command;
    command.email = email;
    command.role = r;
    command.password_hash = "hash";
    EXPECT_TRUE(when(command)) << email;
    return book.find_email(email)->id;
  }
  account_command change(const user_id& id) {
    account_command command;
    command.what = account_command::verb::change;
    command.user = id;
    return command;
  }
  account_command to_do(account_command::verb what, const user_id& id) {
    auto command = change(id);
    command.what = what;
    return command;
  }

  account_book book;

private:
  int made_ = 0;
};

TEST_F(Accounts, AnAccountComesWithItsPassword) {
  account_command command;
  command.email = "Anna@Example.org";
  command.role = role::admin;
  command.password_hash = "hash";
  EXPECT_THAT(*when(command), ElementsAre("operator.added", "operator.password_set"));
  const auto* who = book.find_email("anna@example.ORG");
  ASSERT_NE(who, nullptr);
  EXPECT_EQ(who->email, "Anna@Example.org");
  EXPECT_EQ(who->password_hash, "hash");
  EXPECT_TRUE(book.has_active_admin());
}

TEST_F(Accounts, AnAddressBelongsToOneAccount) {
  const auto anna = add("anna@example.org", role::admin);
  const auto ben = add("ben@example.org", role::viewer);
  account_command again;
  again.email = "ANNA@example.org";
  EXPECT_EQ(when(again).error(), account_refusal::email_in_use);
  auto taken = change(ben);
  taken.email = "Anna@example.org";
  EXPECT_EQ(when(taken).error(), account_refusal::email_in_use);
  auto own = change(anna);
  own.email = "Anna@example.org";
  EXPECT_THAT(*when(own), ElementsAre("operator.changed"));
}

TEST_F(Accounts, TheLastActiveAdministratorStays) {
  const auto anna = add("anna@example.org", role::admin);
  const auto ben = add("ben@example.org", role::admin);
  auto demote = change(anna), deactivate = change(anna);
  demote.role = role::operator_;
  deactivate.active = false;
  auto ben_rests = change(ben);
  ben_rests.active = false;
  EXPECT_THAT(*when(ben_rests), ElementsAre("operator.changed"));
  EXPECT_EQ(when(demote).error(), account_refusal::last_admin);
  EXPECT_EQ(when(deactivate).error(), account_refusal::last_admin);
  EXPECT_EQ(when(to_do(account_command::verb::remove, anna)).error(), account_refusal::last_admin);
  EXPECT_THAT(*when(to_do(account_command::verb::remove, ben)), ElementsAre("operator.removed"));
  auto rename = change(anna);
  rename.name = "Anna";
  EXPECT_THAT(*when(rename), ElementsAre("operator.changed"));
  EXPECT_EQ(book.active_admins(), 1u);
}

TEST_F(Accounts, TheSameAgainChangesNothing) {
  const auto anna = add("anna@example.org", role::admin);
  auto same = change(anna);
  same.email = "anna@example.org";
  same.role = role::admin;
  same.active = true;
  EXPECT_THAT(*when(same), ElementsAre());
}

TEST_F(Accounts, AnotherPasswordAndAnotherSwitchEndSessions) {
  add("admin@example.org", role::admin);
  const auto ben = add("ben@example.org", role::viewer);
  const auto first = book.find(ben)->credentials;
  auto rename = change(ben);
  rename.role = role::operator_;
  EXPECT_TRUE(when(rename));
  EXPECT_EQ(book.find(ben)->credentials, first);
  auto password = to_do(account_command::verb::set_password, ben);
  password.password_hash = "other";
  EXPECT_TRUE(when(password));
  EXPECT_EQ(book.find(ben)->credentials, first + 1);
  auto off = change(ben);
  off.active = false;
  EXPECT_TRUE(when(off));
  EXPECT_EQ(book.find(ben)->credentials, first + 2);
}

TEST_F(Accounts, EndedSessionsAreForgottenWhenTheyWouldHaveRunOut) {
  const auto anna = add("anna@example.org", role::admin);
  auto out = to_do(account_command::verb::log_out, anna);
  out.session_id = "s1";
  out.expires_at = instant(std::chrono::seconds(3));
  EXPECT_THAT(*when(out), ElementsAre("operator.logged_out"));
  EXPECT_TRUE(book.has_ended("s1"));
  EXPECT_FALSE(book.has_ended("s2"));
  out.session_id = "s2";
  out.expires_at = instant(std::chrono::seconds(100));
  EXPECT_TRUE(when(out));
  EXPECT_TRUE(when(out));
  EXPECT_FALSE(book.has_ended("s1"));
  EXPECT_TRUE(book.has_ended("s2"));
}

TEST_F(Accounts, AnAccountIsKnownForAMonthWhereItWasUsed) {
  const auto anna = add("anna@example.org", role::admin);
  const auto credentials = book.find(anna)->credentials;
  auto in = to_do(account_command::verb::log_in, anna);
  in.place = "home";
  EXPECT_THAT(*when(in), ElementsAre("operator.logged_in"));
  const auto* who = book.find(anna);
  const auto noted = who->places.at("home");
  EXPECT_TRUE(who->was_used_from("home", noted + std::chrono::hours(24 * 29)));
  EXPECT_FALSE(who->was_used_from("home", noted + std::chrono::hours(24 * 30)));
  EXPECT_FALSE(who->was_used_from("elsewhere", noted));
  EXPECT_FALSE(who->should_note("home", noted + std::chrono::hours(23)));
  EXPECT_TRUE(who->should_note("home", noted + std::chrono::hours(24)));
  EXPECT_EQ(who->credentials, credentials) << "open sessions go on";
  // Somebody who travels is remembered where they were lately.
  for (std::size_t i = 0; i < max_places; ++i) {
    in.place = "hotel " + std::to_string(i);
    EXPECT_TRUE(when(in));
  }
  EXPECT_EQ(book.find(anna)->places.size(), max_places);
  EXPECT_FALSE(book.find(anna)->places.contains("home"));
}

TEST_F(Accounts, WhatIsToldOfAccountsIsForAdministrators) {
  event added;
  added.type = "operator.added";
  added.kind = event_kind::operator_;
  added.data = R"({"user_id":"u","email":"a@example.org","name":"Anna","role":"admin","active":true})";
  EXPECT_EQ(public_data(added), added.data);
  EXPECT_EQ(public_data(added, false), R"({"user_id":"u","name":"Anna"})");
}

TEST_F(Accounts, RemovedAccountsKeepTheirNameInHistory) {
  add("admin@example.org", role::admin);
  const auto ben = add("ben@example.org", role::viewer);
  EXPECT_TRUE(when(to_do(account_command::verb::remove, ben)));
  EXPECT_EQ(book.find(ben), nullptr);
  EXPECT_EQ(book.find_email("ben@example.org"), nullptr);
  EXPECT_EQ(book.email_of(ben), "ben@example.org");
  EXPECT_EQ(book.id_of("BEN@example.org"), ben);
  EXPECT_EQ(when(change(ben)).error(), account_refusal::unknown_user);
}

TEST(Emails, WellFormedOnesOnly) {
  for (const char* good : {"a@b", "first.last+tag@mail.example.org", "o'neil@example.org", "josé@example.org"}) EXPECT_TRUE(is_email(good)) << good;
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@.b", ".a@b", "a..b@c", "a@b.", "a@b\n", "<a@b>", "a,b@c"})
    EXPECT_FALSE(is_email(bad)) << bad;
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b"));
  EXPECT_FALSE(is_email("a@" + std::string(300, 'b')));
}

TEST(CommandStamp, TravelsInTheDataAndIsShownToNobody) {
  event e;
  e.kind = event_kind::operator_;
  e.data = R"({"comment":"so","n":1.50})";
  put_stamp(e, {"u1", "k", "d", "", 201, R"({"project_id":"p"})"});
  EXPECT_EQ(e.operator_id, "u1");
  EXPECT_EQ(e.data, R"({"comment":"so","n":1.50,"idempotency":{"key":"k","digest":"d","status":201,"answer":{"project_id":"p"}}})");
  EXPECT_EQ(public_data(e), R"({"comment":"so","n":1.50})");
  EXPECT_EQ(with_position(R"({"project_id":"p"})", {7}), R"({"project_id":"p","position":7})");
  EXPECT_EQ(with_position("{}", {7}), R"({"position":7})");
}

TEST(CommandStamp, WithoutAKeyOnlyTheAuthorIsSaid) {
  event e;
  put_stamp(e, {"u1", "", "", "", 200, ""});
  EXPECT_EQ(e.operator_id, "u1");
  EXPECT_EQ(e.data, "{}");
}

TEST(CommandStamp, SecretsAreNobodysBusiness) {
  event e;
  e.kind = event_kind::operator_;
  e.data = R"({"user_id":"u","password_hash":"$argon2id$"})";
  EXPECT_EQ(public_data(e), R"({"user_id":"u"})");
  e.kind = event_kind::source;
  EXPECT_EQ(public_data(e), e.data) << "what a source sends is its own";
}

}  // namespace
}  // namespace plo::operators
