// The seed of a test by chance: of TRIVIUM_SEED, or new; printed, so that a failure can be run again.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace trivium::live {

inline uint64_t PrintedSeed() {
  const char* given = std::getenv("TRIVIUM_SEED");
  const uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "TRIVIUM_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace trivium::live
