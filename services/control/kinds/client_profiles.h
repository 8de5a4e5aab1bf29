// The parts of a product's profile that concern its clients: push and gateway.
#pragma once

#include "services/control/kinds/kind.h"

namespace trivium::common::v1 {
class GatewayProfile;
class PushProfile;
}  // namespace trivium::common::v1

namespace trivium::control {

void CheckPushProfile(const common::v1::PushProfile& push, Violations* out);
void CheckGatewayProfile(const common::v1::GatewayProfile& gateway, Violations* out);

}  // namespace trivium::control
