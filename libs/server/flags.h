// The flags that every service has.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace trivium::server {

struct Flags {
  std::string config;  // --config FILE
  bool check_config = false, print_default_config = false, version = false, help = false;
};

// "--config FILE" or "--config=FILE". INVALID_ARGUMENT for anything else, with the nearest flag there is.
absl::StatusOr<Flags> ParseFlags(int argc, const char* const* argv);
// What --help prints.
std::string Usage(const std::string& service);

}  // namespace trivium::server
