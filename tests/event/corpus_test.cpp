// The fuzzers' corpus, replayed in the ordinary build: whatever broke something once stays in it.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/fuzz/check_ingest.hpp"

namespace plo {
namespace {

std::vector<std::string> inputs(const std::filesystem::path& folder) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(PLO_FUZZ_CORPUS) / folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    found.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return found;
}

TEST(domain_corpus, every_body_is_answered) {
  const auto bodies = inputs("ingest");
  EXPECT_FALSE(bodies.empty());
  for (const auto& body : bodies) fuzz::check_ingest(body);
}

TEST(domain_corpus, every_batch_is_decided) {
  const auto batches = inputs("decide");
  EXPECT_FALSE(batches.empty());
  for (const auto& batch : batches) fuzz::check_decide(batch);
}

}  // namespace
}  // namespace plo
