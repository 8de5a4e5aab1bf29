// Settings of both engines.
#pragma once

#include <cstdint>
#include <string>

namespace trivium::live {

struct AdmissionOptions {
  std::string cell = "local";  // The hash tag of all keys: 1-32 of [a-z0-9-]. One Redis may hold several cells.
  // Entries of the stream of changes, some 250 bytes each; at so many new joins are refused. A number that stays high
  // says that the worker which stores them is too slow or away.
  int64_t max_changes = 200'000;
};

}  // namespace trivium::live
