// A PSP behind a circuit breaker, with metrics. While the breaker is open calls end at once as "surely not done". A
// decline is no failure.
#pragma once

#include <memory>
#include <string>

#include "libs/ha/circuit_breaker.h"
#include "services/payment/psp/psp.h"

namespace trivium {
class Metrics;
}

namespace trivium::payment {

std::unique_ptr<Psp> NewGuardedPsp(std::string name, std::unique_ptr<Psp> psp, ha::CircuitBreakerOptions options,
                                   Clock& clock, Metrics& metrics);

}  // namespace trivium::payment
