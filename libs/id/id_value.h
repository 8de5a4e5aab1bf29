// The value type of libs/id/id.h: pure, so that a service's domain/ may hold ids without reaching a clock.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace trivium {

struct Id {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Id&) const = default;
  bool IsZero() const { return *this == Id{}; }
  // The 16 bytes, for SQL parameters.
  std::string ToBytes() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  // INVALID_ARGUMENT when it is not 16 bytes.
  static absl::StatusOr<Id> FromBytes(std::string_view bytes);
  // A hash to spread by; stable across machines and releases.
  uint64_t Hash() const;

  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.bytes);
  }
};

// "pay" -> "pay_06as...".
std::string FormatId(std::string_view kind, const Id& id);
// The id in "pay_06as..."; INVALID_ARGUMENT (without details) when kind, length or alphabet is wrong, or the value is
// not canonical.
absl::StatusOr<Id> ParseId(std::string_view kind, std::string_view text);

}  // namespace trivium
