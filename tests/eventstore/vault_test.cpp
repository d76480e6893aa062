// Personal data in the log: sealed where it is stored, readable with its key, gone without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eventstore/log.hpp"
#include "eventstore/log_layout.hpp"

namespace plo::eventstore {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

secret_key key_of(std::uint8_t b) {
  secret_key key;
  key.fill(b);
  return key;
}

privacy_options privacy(std::optional<secret_key> master = key_of(1)) { return {personal_fields({"name", "address"}), master}; }

event saying(std::string data) {
  event e;
  e.id = {make_uuid_v7(1'750'000'000'000)};
  e.type = "a.a";
  e.data = std::move(data);
  return e;
}

position append(log& store, const std::string& subject, std::string data) {
  append_request request;
  request.appends.push_back({{"project:test"}, {}, {saying(std::move(data))}});
  request.subject = subject;
  std::vector<append_request> group;
  group.push_back(std::move(request));
  return store.append(std::move(group))[0].value().front().pos;
}

void erase(log& store, const std::string& subject) {
  append_request request;
  request.appends.push_back({stream_id::privacy(), {}, {saying("{}")}});
  request.erased_subjects.push_back(subject);
  std::vector<append_request> group;
  group.push_back(std::move(request));
  ASSERT_TRUE(store.append(std::move(group))[0]);
}

std::string data_at(const log& store, position pos) { return store.at(pos)->data; }

constexpr const char* letter = R"({"name":"Zoé \"Z\" Ünlü","n":12.50,"address":{"street":"Rue 1","floor":3,"country":"FR","more":[true,null,""]}})";

TEST(vault, what_is_sealed_reads_as_it_was_written_and_is_not_in_the_record) {
  const auto store = make_memory_log(privacy());
  const auto pos = append(*store, "customer:C", letter);
  EXPECT_EQ(data_at(*store, pos), letter);
  const auto stored = store->stored_at(pos).value();
  EXPECT_THAT(stored, Not(HasSubstr("Rue 1")));
  EXPECT_THAT(stored, HasSubstr(R"({"name":"[erased]","n":12.50,"address":{"street":"[erased]","floor":"[erased]","country":"FR","more":["[erased]",null,""]}})"));
}

TEST(vault, an_erased_subject_shows_as_erased_and_others_do_not) {
  const auto store = make_memory_log(privacy());
  const auto mine = append(*store, "customer:C", R"({"name":"A"})"), theirs = append(*store, "customer:D", R"({"name":"B"})");
  EXPECT_EQ(data_at(*store, mine), R"({"name":"A"})");
  EXPECT_TRUE(store->has_key("customer:C"));
  erase(*store, "customer:C");
  EXPECT_FALSE(store->has_key("customer:C"));
  EXPECT_EQ(data_at(*store, mine), R"({"name":"[erased]"})");
  EXPECT_EQ(data_at(*store, theirs), R"({"name":"B"})");
  // What comes later is under another key.
  const auto later = append(*store, "customer:C", R"({"name":"A again"})");
  EXPECT_EQ(data_at(*store, later), R"({"name":"A again"})");
  EXPECT_EQ(data_at(*store, mine), R"({"name":"[erased]"})");
}

TEST(vault, the_persons_of_one_record_are_erased_one_by_one) {
  const auto store = make_memory_log(privacy());
  const auto pos = append(*store, "project:P",
                          R"({"name":"A","by":{"name":"B","customer_id":"B"},"list":[{"customer_id":"C","address":{"street":"C1","floor":2}},{"name":"A2"}]})");
  const std::string all = data_at(*store, pos);
  EXPECT_THAT(all, HasSubstr(R"("name":"B")"));
  erase(*store, "customer:C");
  EXPECT_EQ(data_at(*store, pos),
            R"({"name":"A","by":{"name":"B","customer_id":"B"},"list":[{"customer_id":"C","address":{"street":"[erased]","floor":"[erased]"}},{"name":"A2"}]})");
  erase(*store, "project:P");
  EXPECT_EQ(data_at(*store, pos),
            R"({"name":"[erased]","by":{"name":"B","customer_id":"B"},"list":[{"customer_id":"C","address":{"street":"[erased]","floor":"[erased]"}},{"name":"[erased]"}]})");
  erase(*store, "customer:B");
  EXPECT_THAT(data_at(*store, pos), Not(HasSubstr(R"("name":"B")")));
  chain_hash genesis{};
  EXPECT_TRUE(follows(store->stored_at(pos).value(), genesis)) << "the chain does not know that anything is gone";
}

TEST(vault, a_crowd_in_one_record_reads_back_and_makes_few_keys) {
  const auto store = make_memory_log(privacy());
  std::string data = R"({"list":[)";
  for (int i = 0; i < 20'000; ++i) data += (i == 0 ? "" : ",") + std::string(R"({"customer_id":"C)") + std::to_string(i) + R"(","name":"N)" + std::to_string(i) + "\"}";
  const auto pos = append(*store, "project:P", data += R"(],"name":"P"})");
  EXPECT_EQ(data_at(*store, pos), data);
  std::size_t keys = 0;
  store->store().scan(layout::families::keys, "S", "T", [&](std::string_view, std::string_view) { return ++keys > 0; });
  EXPECT_EQ(keys, max_sealed_keys);
  // Those who have no key of their own go with the project.
  erase(*store, "project:P");
  EXPECT_THAT(data_at(*store, pos), AllOf(HasSubstr(R"("name":"N5")"), Not(HasSubstr("N19999")), Not(HasSubstr(R"("name":"P")"))));
  erase(*store, "customer:C5");
  EXPECT_THAT(data_at(*store, pos), Not(HasSubstr(R"("name":"N5")")));
}

TEST(vault, a_record_of_before_with_more_keys_than_are_written_now_reads_back) {
  recorded_event e;
  e.pos = e.commit = {1};
  e.version = {1};
  e.stream = {"project:P"};
  sealed_part part;
  for (std::size_t i = 0; i < 3 * max_sealed_keys; ++i) part.keys.push_back({std::to_string(i), "encrypted"});
  part.masked = e.data;
  chain_hash hash{};
  const auto decoded = decode_record(encode_record(e, genesis_hash, hash, part));
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->sealed->keys.size(), part.keys.size());
}

TEST(vault, the_chain_holds_over_what_was_erased) {
  const auto store = make_memory_log(privacy());
  for (int i = 0; i < 5; ++i) (void)append(*store, "customer:C", R"({"name":"A"})");
  erase(*store, "customer:C");
  chain_hash previous = genesis_hash;
  for (std::uint64_t i = 1; i <= store->head().last.value; ++i) {
    const auto stored = store->stored_at({i}).value();
    EXPECT_TRUE(follows(stored, previous)) << i;
    previous = stored_hash(stored);
  }
  EXPECT_EQ(previous, store->head().hash);
}

TEST(vault, erasing_and_sealing_in_one_group_follow_their_order) {
  const auto store = make_memory_log(privacy());
  const auto before = append(*store, "customer:C", R"({"name":"A"})");
  std::vector<append_request> group(3);
  group[0].appends.push_back({{"project:test"}, {}, {saying(R"({"name":"in the group"})")}});
  group[0].subject = "customer:C";
  group[1].appends.push_back({stream_id::privacy(), {}, {saying("{}")}});
  group[1].erased_subjects = {"customer:C", "customer:nobody"};
  group[2].appends.push_back({{"project:test"}, {}, {saying(R"({"name":"behind"})")}});
  group[2].subject = "customer:C";
  const auto stored = store->append(std::move(group));
  EXPECT_EQ(data_at(*store, before), R"({"name":"[erased]"})");
  EXPECT_EQ(data_at(*store, stored[0]->front().pos), R"({"name":"[erased]"})");
  EXPECT_EQ(data_at(*store, stored[2]->front().pos), R"({"name":"behind"})");
}

TEST(vault, without_a_subject_a_master_key_or_anything_personal_a_record_is_plain) {
  const auto sealed = make_memory_log(privacy());
  EXPECT_THAT(sealed->stored_at(append(*sealed, "", R"({"name":"A"})")).value(), HasSubstr("\"A\""));
  EXPECT_THAT(sealed->stored_at(append(*sealed, "customer:C", R"({"sku":"A"})")).value(), HasSubstr("\"A\""));
  EXPECT_FALSE(sealed->has_key("customer:C"));
  const auto open = make_memory_log(privacy(std::nullopt));
  EXPECT_THAT(open->stored_at(append(*open, "customer:C", R"({"name":"A"})")).value(), HasSubstr("\"A\""));
}

TEST(vault, facts_that_a_rule_read_are_personal_by_the_end_of_their_path) {
  const personal_fields fields({"name"});
  const std::string facts = R"({"facts":[{"path":"event.payload.name","value":"Zoé"},{"path":"order.sku","value":"A"}]})";
  EXPECT_EQ(fields.mask(facts), R"({"facts":[{"path":"event.payload.name","value":"[erased]"},{"path":"order.sku","value":"A"}]})");
}

TEST(vault, a_name_written_with_escapes_is_the_same_name) {
  const personal_fields fields({"name"});
  EXPECT_EQ(fields.mask(R"({"n\u0061me":"Zoé","x":"\\\""})"), R"({"n\u0061me":"[erased]","x":"\\\""})");
}

TEST(vault, what_is_personal_is_found_at_any_depth_and_hostile_text_ends) {
  const personal_fields fields({"name"});
  EXPECT_EQ(fields.mask(R"([{"a":[{"name":[1,-2.5e3,"x",false]}]}])"), R"([{"a":[{"name":["[erased]","[erased]","[erased]","[erased]"]}]}])");
  for (const std::string broken : {"{\"name\":", "{\"name\":\"", "{\"name\":\"\\", "[[[[\"name", "{\"name\":{\"", ""}) (void)fields.mask(broken);
  (void)fields.mask("{\"name\":" + std::string(100'000, '['));
}

class sealed_files : public ::testing::Test {
protected:
  sealed_files() { std::filesystem::remove_all(dir); }
  ~sealed_files() override { std::filesystem::remove_all(dir); }
  std::filesystem::path dir = std::filesystem::temp_directory_path() / ("plo-vault-" + std::to_string(::getpid()));
};

TEST_F(sealed_files, keys_outlive_the_process_and_belong_to_one_master) {
  position pos;
  {
    const auto store = open_rocksdb_log(dir, {open_mode::read_write, privacy()});
    pos = append(*store, "customer:C", R"({"name":"A"})");
  }
  EXPECT_EQ(data_at(*open_rocksdb_log(dir, {open_mode::read_write, privacy()}), pos), R"({"name":"A"})");
  EXPECT_THROW((void)open_rocksdb_log(dir, {open_mode::read_write, privacy(key_of(2))}), store_error);
  // Somebody without the key sees that there is something.
  EXPECT_EQ(data_at(*open_rocksdb_log(dir, {open_mode::read_only, privacy(std::nullopt)}), pos), R"({"name":"[sealed]"})");
  {
    const auto store = open_rocksdb_log(dir, {open_mode::read_write, privacy()});
    erase(*store, "customer:C");
    store->purge_keys();
  }
  for (const auto& master : {std::optional(key_of(1)), std::optional<secret_key>()})
    EXPECT_EQ(data_at(*open_rocksdb_log(dir, {open_mode::read_only, privacy(master)}), pos), R"({"name":"[erased]"})");
}

}  // namespace
}  // namespace plo::eventstore
