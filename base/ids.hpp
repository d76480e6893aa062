// Identifiers and places in an order, a type for each kind of thing that has one, so that the compiler catches a swap.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plo {

/// 128 bits, RFC 9562. Ordered bytewise, so version 7 ids sort by the time they were made.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const uuid&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == uuid{}; }
  /// 36 characters, lower case, with hyphens.
  [[nodiscard]] std::string to_string() const;
  /// Accepts the 36-character form in either case; nothing else.
  [[nodiscard]] static std::optional<uuid> parse(std::string_view text);
};

/// A version 7 id of the given instant (milliseconds since the Unix epoch) and 74 bits of randomness.
/// Ids made in the same millisecond by one process still ascend.
[[nodiscard]] uuid make_uuid_v7(std::int64_t unix_ms);

/// A version 8 id computed from a parent id and a name: the same inputs give the same id for ever. Every id that
/// `decide` hands out is made this way, so that replay gives the very ids that were stored.
/// The first 48 bits are those of the parent, so that derived ids sort beside it.
[[nodiscard]] uuid derive_uuid(const uuid& parent, std::string_view name);

/// A uuid of one kind of thing.
template <class Tag>
struct typed_id {
  uuid value;

  auto operator<=>(const typed_id&) const = default;
  [[nodiscard]] bool is_nil() const { return value.is_nil(); }
  [[nodiscard]] std::string to_string() const { return value.to_string(); }
  [[nodiscard]] static std::optional<typed_id> parse(std::string_view text) {
    if (auto id = uuid::parse(text)) return typed_id{*id};
    return std::nullopt;
  }
};

/// A place in some order: 1, 2, 3 … without a gap; 0 is before the first.
template <class Tag>
struct ordinal {
  std::uint64_t value = 0;
  auto operator<=>(const ordinal&) const = default;
};

}  // namespace plo

template <>
struct std::hash<plo::uuid> {
  std::size_t operator()(const plo::uuid& id) const noexcept;
};
template <class Tag>
struct std::hash<plo::typed_id<Tag>> {
  std::size_t operator()(const plo::typed_id<Tag>& id) const noexcept { return std::hash<plo::uuid>{}(id.value); }
};
