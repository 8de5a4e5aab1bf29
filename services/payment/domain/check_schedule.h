// When the platform asks a PSP by itself about a payment or refund that is silent: soon at first, then less and less
// often, for ever.
#pragma once

#include <algorithm>
#include <iterator>

#include "absl/time/time.h"

namespace trivium::payment {

// Delay before the next question, after `checks` of them.
inline absl::Duration CheckDelay(int checks) {
  static constexpr int kSeconds[] = {2, 5, 15, 60, 300, 900, 3600};
  return absl::Seconds(kSeconds[std::clamp<int>(checks, 0, std::size(kSeconds) - 1)]);
}

}  // namespace trivium::payment
