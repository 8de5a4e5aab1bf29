// What gateway_load measures. Each phase answers its part of the report, and prints a table.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "tests/load/gateway_flags.h"

namespace trivium::load {

// FAILED_PRECONDITION with the reason when it cannot be measured here.
absl::StatusOr<nlohmann::json> MeasureFanout(const GatewayFlags& flags, const std::string& run_id);
absl::StatusOr<nlohmann::json> MeasureIdle(const GatewayFlags& flags, const std::string& run_id);
absl::StatusOr<nlohmann::json> MeasureRpc(const GatewayFlags& flags, const std::string& run_id);
absl::StatusOr<nlohmann::json> MeasureStorm(const GatewayFlags& flags, const std::string& run_id);

// The value at quantile q (0-1) by the nearest rank; 0 of none.
double QuantileOf(std::vector<float> values, double q);

}  // namespace trivium::load
