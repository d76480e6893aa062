#include "domain/event/upcast.hpp"

#include "domain/event/catalogue.hpp"
#include "tests/project/given.hpp"

namespace plo {
namespace {

using namespace spec;

TEST(domain_upcast, an_event_of_the_present_version_stays_as_it_is) {
  const auto e = confirmed("O1");
  EXPECT_FALSE(is_outdated(e));
  EXPECT_EQ(upcast(e), e);
}

TEST(domain_upcast, older_versions_go_up_step_by_step) {
  upcasters all;
  all.add("order.placed", 1, [](event e) {
    e.type = "order.confirmed";
    return e;
  });
  all.add("order.confirmed", 2, [](event e) {
    e.data = R"({"order_ref":"from version 2"})";
    return e;
  });
  auto old = said("order.placed", "06-01", R"({"ref":"O1"})");
  old.schema_version = 1;
  const auto now = all.apply(old, 4);
  EXPECT_EQ(now.type, "order.confirmed");
  EXPECT_EQ(now.data, R"({"order_ref":"from version 2"})");
  EXPECT_EQ(now.schema_version, 4);
  EXPECT_EQ(now.id, old.id);
}

TEST(domain_upcast, a_type_without_a_step_goes_up_unchanged) {
  const auto e = confirmed("O1");
  auto expected = e;
  expected.schema_version = 3;
  EXPECT_EQ(upcasters{}.apply(e, 3), expected);
}

TEST(domain_upcast, an_event_of_a_newer_version_is_left_alone) {
  auto e = confirmed("O1");
  e.schema_version = 9;
  EXPECT_EQ(upcasters{}.apply(e, 2), e);
}

TEST(domain_upcast, older_type_names_fold_as_the_present_ones) {
  const auto p = given({confirmed("O1"), said("delivery.completed", "06-20")});
  EXPECT_TRUE(current_lastmile(*p)->delivered);
  EXPECT_EQ(p->status, project_status::completed);
}

TEST(domain_upcast, every_version_ever_written_is_known) {
  auto e = confirmed("O1");
  e.schema_version = 0;
  EXPECT_TRUE(is_outdated(e));
  EXPECT_EQ(known_upcasters().apply(e, current_schema_version).schema_version, current_schema_version);
}

}  // namespace
}  // namespace plo
