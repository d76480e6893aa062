#include "base/ids.hpp"

#include <set>

#include <gtest/gtest.h>

namespace plo {
namespace {

using thing_id = typed_id<struct thing_tag>;

TEST(domain_ids, read_and_write_the_36_character_form) {
  const auto id = uuid::parse("01890A5D-ac96-774b-bcce-b302099a8057");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
  for (const char* text : {"", "01890a5dac96774bbcceb302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}",
                           "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a805g",
                           "01890a5d+ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a80577"}) {
    EXPECT_FALSE(uuid::parse(text)) << text;
  }
}

TEST(domain_ids, version_7_carries_the_millisecond_and_ascends) {
  std::set<std::string> seen;
  uuid last;
  for (int i = 0; i < 10'000; ++i) {
    const uuid id = make_uuid_v7(1'700'000'000'000);
    EXPECT_LT(last, id);
    last = id;
    seen.insert(id.to_string());
  }
  EXPECT_EQ(seen.size(), 10'000u);
  EXPECT_EQ(last.bytes[6] >> 4, 7);
  EXPECT_EQ(last.bytes[8] >> 6, 2);
}

TEST(domain_ids, derived_ids_are_a_function_of_parent_and_name) {
  const uuid parent = make_uuid_v7(1'700'000'000'000);
  const uuid a = derive_uuid(parent, "0:steps.changed");
  EXPECT_EQ(a, derive_uuid(parent, "0:steps.changed"));
  EXPECT_NE(a, derive_uuid(parent, "1:steps.changed"));
  EXPECT_NE(a, derive_uuid(make_uuid_v7(1'700'000'000'000), "0:steps.changed"));
  EXPECT_TRUE(std::equal(a.bytes.begin(), a.bytes.begin() + 6, parent.bytes.begin()));
  EXPECT_EQ(a.bytes[6] >> 4, 8);
}

TEST(domain_ids, nil_is_nil) {
  EXPECT_TRUE(thing_id{}.is_nil());
  EXPECT_FALSE(thing_id{make_uuid_v7(1)}.is_nil());
}

}  // namespace
}  // namespace plo
