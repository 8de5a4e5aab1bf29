// Command line of trv_call.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::call {

struct Flags {
  std::string method;       // "payment/CreatePayment".
  std::string json = "{}";  // Request; "@FILE" reads it from a file, "-" from standard input.
  std::string home;         // Folder with pki/ and products/.
  int port_base = 0;        // First port of the platform.
  std::string product;      // --product: as its backend, through xDS.
  std::string certificate;  // File stem in pki/: "product-acme", "operator-dev"; "none": no certificate.
  std::string address;      // --address: past xDS.
  absl::Duration timeout = absl::ZeroDuration();              // Zero: 10 s for unary calls, none for streams.
  int limit = 0;                                              // Answers of a stream after which it ends; 0: all.
  std::vector<std::pair<std::string, std::string>> metadata;  // -H 'name: value'.
  std::string help;                                           // Usage(), when --help asked for it.
};

// Reads arguments without the program's name: METHOD [JSON] and flags in any order, as --name=value or --name value.
// INVALID_ARGUMENT in words, with a suggestion for an unknown flag.
absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments);
// The flags, each with what it means.
std::string Usage();

}  // namespace trivium::call
