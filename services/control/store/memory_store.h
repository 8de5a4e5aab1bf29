// The store in memory: for tests, and for a control that may forget (no database configured).
#pragma once

#include <memory>

#include "services/control/store/store.h"

namespace trivium {
class Clock;
}

namespace trivium::control {

std::unique_ptr<Store> NewMemoryStore(Clock& clock);

}  // namespace trivium::control
