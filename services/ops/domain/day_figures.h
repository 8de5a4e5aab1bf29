// Figures of a day that are derived, not read. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace trivium::ops {

// Succeeded payments among those that came to an end (SUCCEEDED, FAILED, CANCELED, EXPIRED); NaN when none did.
double SuccessRate(const std::map<std::string, int64_t>& payments_by_state);

}  // namespace trivium::ops
