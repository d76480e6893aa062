// The accounts behind their shell: in force when they are answered, and there again after a failed append.
#include "actors/operators/entity.hpp"
#include "tests/core/actor_fixture.hpp"

namespace plo::actors::test {
namespace {

using operators::account_command;

class accounts_test : public actor_test {
protected:
  void SetUp() override {
    actor_test::SetUp();
    auto environment = std::make_shared<entity_environment<accounts_aggregate>>();
    environment->log = &log;
    environment->context = &in_force;
    environment->committer = writer;
    environment->metrics = &metrics;
    keeper = system.spawn(entity<accounts_aggregate>, accounts_aggregate::id_type{},
                          std::shared_ptr<const entity_environment<accounts_aggregate>>(environment));
  }
  void TearDown() override {
    caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    run();
    actor_test::TearDown();
  }

  account_reply add(const std::string& email, plo::role role, std::string comment = {}) {
    auto command = std::make_shared<account_command>();
    command->email = email;
    command->role = role;
    command->password_hash = "hash";
    account_reply got;
    auto inputs = std::make_shared<std::vector<account_input>>();
    inputs->push_back({command, {}, std::move(comment), account_completion([&](account_reply reply) { got = std::move(reply); })});
    caf::anon_send(keeper, account_inputs{std::move(inputs)});
    run();
    return got;
  }

  account_register in_force{std::make_shared<const operators::account_book>()};
  caf::actor keeper;
};

TEST_F(accounts_test, a_change_is_in_force_when_it_is_answered) {
  const auto added = add("anna@example.org", plo::role::admin);
  EXPECT_EQ(added.what, account_reply::outcome::done);
  EXPECT_EQ(added.pos, log.head().last);
  ASSERT_NE(in_force.current()->find(added.user), nullptr);
  EXPECT_EQ(added.told, to_json(*in_force.current()->find(added.user)));
  const auto again = add("Anna@example.org", plo::role::viewer);
  EXPECT_EQ(again.what, account_reply::outcome::refused);
  EXPECT_EQ(again.refusal, operators::account_refusal::email_in_use);
}

TEST_F(accounts_test, what_could_not_be_read_back_is_rejected_and_changes_nothing) {
  add("anna@example.org", plo::role::admin);
  const auto before = log.head().last;
  const auto rejected = add("ben@example.org", plo::role::viewer, "\xff");
  EXPECT_EQ(rejected.what, account_reply::outcome::invalid);
  EXPECT_EQ(rejected.reason, "the comment is not UTF-8");
  EXPECT_EQ(log.head().last, before);
  EXPECT_EQ(in_force.current()->all().size(), 1u);
  EXPECT_EQ(add("ben@example.org", plo::role::viewer).what, account_reply::outcome::done);
}

TEST_F(accounts_test, a_failed_append_changes_nothing_and_the_next_one_works) {
  add("anna@example.org", plo::role::admin);
  log.broken = true;
  EXPECT_EQ(add("ben@example.org", plo::role::viewer).what, account_reply::outcome::unavailable);
  EXPECT_EQ(in_force.current()->all().size(), 1u);
  log.broken = false;
  EXPECT_EQ(add("ben@example.org", plo::role::viewer).what, account_reply::outcome::done);
  EXPECT_EQ(in_force.current()->all().size(), 2u);
  EXPECT_EQ(load_accounts(log).all().size(), 2u);
}

}  // namespace
}  // namespace plo::actors::test
