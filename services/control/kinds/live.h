// What concerns live: a product's part of its profile, and kind live_capacity.
#pragma once

#include <string_view>

#include "services/control/kinds/kind.h"

namespace trivium::common::v1 {
class LiveProfile;
}

namespace trivium::control {

void CheckLiveProfile(const common::v1::LiveProfile& live, Violations* out);

// Schema check of kind live_capacity, what a cell can carry. Its items are named by cells, or "platform".
Violations CheckLiveCapacity(const google::protobuf::Any& value);

}  // namespace trivium::control
