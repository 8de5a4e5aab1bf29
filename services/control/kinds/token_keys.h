// Schema check of kind token_keys: public keys with which a product's backend signs.
#pragma once

#include "services/control/kinds/kind.h"

namespace trivium::control {

Violations CheckTokenKeys(const google::protobuf::Any& value);

}  // namespace trivium::control
