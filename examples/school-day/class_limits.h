// Capacities that classes are held to: of the products' profiles and of the cell, as they were published.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "examples/school-day/class_views.h"

namespace trivium::schoolday {

// profiles: folder with <product>/profile.yaml, a trivium.common.v1.ProductProfile each; what it leaves out has
// LiveProfile's default. live_capacity: a trivium.live.v1.LiveCapacity. A file that is not there leaves its levels
// unknown; one that cannot be read is an error.
absl::StatusOr<ClassLimits> ReadClassLimits(const std::string& profiles, const std::string& live_capacity,
                                            const std::vector<std::string>& products);

}  // namespace trivium::schoolday
