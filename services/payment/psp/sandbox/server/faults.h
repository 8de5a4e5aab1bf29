// How the sandbox misbehaves. What happens to a trade or refund depends on the seed and its number alone, so a day
// repeats itself.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "services/payment/psp/sandbox/server/refusal.h"

namespace trivium::payment::sandbox {

struct Faults {
  int64_t seed = 1;
  double http_500_ratio = 0, slow_ratio = 0;
  int64_t slow_ms = 0;
  double callback_drop_ratio = 0, callback_duplicate_ratio = 0;
  int64_t callback_delay_ms = 0;
  int64_t refund_delay_ms = 0;
  double refund_fail_ratio = 0, refund_drop_callback_ratio = 0, refund_hang_ratio = 0;
  int64_t refund_hang_ms = 10000;

  // A number in [0, 1) that depends on the seed, what is decided and about what.
  double Draw(std::string_view what, std::string_view about) const;
  bool Hits(double ratio, std::string_view what, std::string_view about) const { return Draw(what, about) < ratio; }
};

// 400 for an unknown field, a ratio outside [0, 1] or a time outside [0, 600,000] ms.
Refusal ParseFaults(const nlohmann::json& json, Faults* faults);
nlohmann::json ToJson(const Faults& faults);

}  // namespace trivium::payment::sandbox
