#include <cmath>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "domain/json.hpp"

namespace plo {

struct json_writer::impl {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
};

json_writer::json_writer() : impl_(std::make_unique<impl>()) {}
json_writer::~json_writer() = default;

json_writer& json_writer::begin_object() {
  impl_->writer.StartObject();
  return *this;
}
json_writer& json_writer::end_object() {
  impl_->writer.EndObject();
  return *this;
}
json_writer& json_writer::begin_array() {
  impl_->writer.StartArray();
  return *this;
}
json_writer& json_writer::end_array() {
  impl_->writer.EndArray();
  return *this;
}
json_writer& json_writer::key(std::string_view name) {
  impl_->writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}
json_writer& json_writer::value(std::string_view text) {
  // A view of nothing has no address, and the writer wants one.
  impl_->writer.String(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return *this;
}
json_writer& json_writer::value(bool flag) {
  impl_->writer.Bool(flag);
  return *this;
}
json_writer& json_writer::value(double number) {
  // JSON has no infinities. Whole numbers up to 2^53 are exact, so `2` is written for 2.0.
  if (!std::isfinite(number)) return null();
  if (std::abs(number) <= 9007199254740992.0 && std::trunc(number) == number) return value(static_cast<std::int64_t>(number));
  impl_->writer.Double(number);
  return *this;
}
json_writer& json_writer::value(std::uint64_t number) {
  impl_->writer.Uint64(number);
  return *this;
}
json_writer& json_writer::value(std::int64_t number) {
  impl_->writer.Int64(number);
  return *this;
}
json_writer& json_writer::value(instant at) {
  return value(std::string_view(format_instant(at)));
}
json_writer& json_writer::value(local_day day) {
  return value(std::string_view(format_day(day)));
}
json_writer& json_writer::value(const uuid& id) {
  return value(std::string_view(id.to_string()));
}
json_writer& json_writer::null() {
  impl_->writer.Null();
  return *this;
}
json_writer& json_writer::raw(std::string_view json) {
  impl_->writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  return *this;
}

std::string_view json_writer::view() const {
  return {impl_->buffer.GetString(), impl_->buffer.GetSize()};
}

}  // namespace plo
