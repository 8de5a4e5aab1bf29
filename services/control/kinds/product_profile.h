// Schema check of kind product_profile: the ranges that the proto's comments give.
#pragma once

#include "services/control/kinds/kind.h"

namespace trivium::control {

Violations CheckProductProfile(const google::protobuf::Any& value);

}  // namespace trivium::control
