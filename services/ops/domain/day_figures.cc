#include "services/ops/domain/day_figures.h"

#include <limits>

namespace trivium::ops {

double SuccessRate(const std::map<std::string, int64_t>& payments_by_state) {
  int64_t succeeded = 0, ended = 0;
  for (const char* state : {"SUCCEEDED", "FAILED", "CANCELED", "EXPIRED"}) {
    const auto found = payments_by_state.find(state);
    if (found == payments_by_state.end()) continue;
    ended += found->second;
    if (found->first == "SUCCEEDED") succeeded = found->second;
  }
  if (ended == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(succeeded) / static_cast<double>(ended);
}

}  // namespace trivium::ops
