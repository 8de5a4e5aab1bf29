// 128-bit ids, ordered by time (UUID version 7, RFC 9562 section 5.7): BINARY(16) in MySQL, "<kind>_" and 26 lower-case
// Crockford base32 characters outside ("pay_06asn3v4k1f7s8t9v0w1x2y3z4").
#pragma once

#include <cstdint>
#include <memory>

#include "libs/clock/clock.h"
#include "libs/id/id_value.h"

namespace trivium {

// Makes ids. Within one generator they are strictly increasing, also inside a millisecond and when the clock goes back.
// Thread-safe.
class IdGenerator {
 public:
  virtual ~IdGenerator() = default;
  virtual Id Next() = 0;
};

// Random bits from the kernel (getrandom); time from clock, which outlives it.
std::unique_ptr<IdGenerator> NewIdGenerator(Clock& clock);
// Random bits from a seed: the same seed and clock give the same ids. For tests and simulations.
std::unique_ptr<IdGenerator> NewSeededIdGenerator(Clock& clock, uint64_t seed);

}  // namespace trivium
