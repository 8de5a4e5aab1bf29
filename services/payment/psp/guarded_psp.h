// A PSP behind a circuit breaker, with metrics. While the breaker is open calls end at once as "surely not done". A
// decline is no failure. What was answered about and what was not is written into the book; a failure about an object
// that others came before says nothing about the PSP, so the breaker does not count it; while the breaker is open, an
// object that is silent takes no probe from the others.
#pragma once

#include <memory>
#include <string>

#include "libs/ha/circuit_breaker.h"
#include "services/payment/psp/psp.h"
#include "services/payment/psp/silence_book.h"

namespace trivium {
class Metrics;
}

namespace trivium::payment {

// book, clock, metrics: not owned; outlive it.
std::unique_ptr<Psp> NewGuardedPsp(std::string name, std::unique_ptr<Psp> psp, ha::CircuitBreakerOptions options,
                                   SilenceBook& book, Clock& clock, Metrics& metrics);

}  // namespace trivium::payment
