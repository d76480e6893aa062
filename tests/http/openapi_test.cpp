// The OpenAPI document against the router: every route is described, and nothing else.
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "base/json.hpp"
#include "http/registry.hpp"
#include "projections/registry.hpp"

namespace plo::http {
namespace {

std::string document_text() {
  std::ifstream in(PLO_OPENAPI);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST(openapi_document, describes_every_route_and_no_other) {
  ASSERT_GE(sodium_init(), 0);
  auto log = eventstore::make_memory_log();
  auto models = projections::read_models::in_memory(*log, projections::all_views({}));
  actors::engine engine({}, std::move(log), std::move(models));
  settings serving;
  serving.port = 0;
  serving.auth.secret = serving.tracking_secret = std::string(32, 's');
  const server running(serving, engine, all_routes(engine));
  std::set<std::string> routed;
  for (const auto& [method, pattern] : running.routes()) routed.insert(lower(method) + " " + pattern);

  std::set<std::string> described;
  const auto document = json_document::parse(document_text());
  ASSERT_TRUE(document) << "docs/openapi.json is not JSON";
  for (const auto path : simdjson::dom::object(document->root()["paths"]))
    for (const auto method : simdjson::dom::object(path.value)) described.insert(std::string(method.key) + " " + std::string(path.key));
  EXPECT_EQ(routed, described);
  EXPECT_GT(routed.size(), 50u);
}

TEST(openapi_document, is_of_version_3_1_and_every_reference_leads_somewhere) {
  const auto text = document_text();
  const auto document = json_document::parse(text);
  ASSERT_TRUE(document);
  EXPECT_EQ(json::get_string(document->root(), "openapi"), "3.1.0");
  constexpr std::string_view marker = R"("$ref": "#)";
  std::size_t references = 0;
  for (auto at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1), ++references) {
    const auto from = at + marker.size();
    const auto pointer = text.substr(from, text.find('"', from) - from);
    EXPECT_EQ(document->root().at_pointer(pointer).error(), simdjson::SUCCESS) << pointer;
  }
  EXPECT_GT(references, 100u);
}

}  // namespace
}  // namespace plo::http
