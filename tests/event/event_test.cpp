// The envelope of an event and the names of streams.
#include <gtest/gtest.h>

#include "base/time.hpp"
#include "domain/event/event.hpp"
#include "domain/event/ids.hpp"

namespace plo {
namespace {

TEST(domain_event, stream_names_round_trip) {
  const project_id id{make_uuid_v7(1'700'000'000'000)};
  EXPECT_EQ(stream_id::of(id).name, "project:" + id.to_string());
  EXPECT_EQ(stream_id::of(id).project(), id);
  EXPECT_FALSE(stream_id::dead_letters().project());
  EXPECT_FALSE(stream_id{"project:x"}.project());
}

TEST(domain_event, envelope_as_json) {
  recorded_event e;
  e.id = event_id{uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057").value()};
  e.type = "order.confirmed";
  e.source = "erp";
  e.source_ref = "1";
  e.occurred_at = *parse_instant("2025-06-15T14:32:00Z");
  e.recorded_at = e.occurred_at;
  e.pos = {7};
  e.stream = {"project:x"};
  e.version = {3};
  e.data = R"({"qty":1.50})";
  EXPECT_EQ(to_json(e),
            R"({"event_id":"01890a5d-ac96-774b-bcce-b302099a8057","position":7,"stream":"project:x","version":3,)"
            R"("type":"order.confirmed","kind":"source","source":"erp","source_ref":"1","occurred_at":"2025-06-15T14:32:00.000Z",)"
            R"("recorded_at":"2025-06-15T14:32:00.000Z","causation_id":null,"correlation_id":null,"operator_id":null,)"
            R"("schema_version":1,"project_ref":null,"order_ref":null,"comment":null,"data":{"qty":1.50}})");
}

}  // namespace
}  // namespace plo
