// MurmurHash3 x86 32 bits (Austin Appleby, public domain): the stable hash of percentage releases.
#pragma once

#include <cstdint>
#include <string_view>

namespace trivium {

// Seed 0 everywhere: the same text has the same hash on every machine, in every release.
uint32_t Murmur3(std::string_view text, uint32_t seed = 0);

}  // namespace trivium
