// The command line of gateway_load.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::load {

struct GatewayFlags {
  std::string phase;               // "fanout", "idle", "rpc" or "storm".
  std::string home;                // .trv of a running platform: fills in what is not given.
  std::string product = "ketang";  // Whose certificate and token key.
  std::string gateway;             // "127.0.0.1:21092".
  std::string token_key;           // File: the product's private key, kid dev-1.
  std::string push_target;         // "xds:///<product>.push.trivium" or an address.
  std::string payment_address;     // Of payment's gRPC port, for nginx and calls past it.
  std::string pki;
  std::string bootstrap;
  std::string push_admin;                       // URL of push's admin pages: what its database was asked.
  std::string gateway_admin;                    // URL of the gateway's: whom it closed, and why.
  std::string pid_file;                         // Of the gateway's process.
  int pid = 0;                                  // Instead.
  int connections = 0;                          // 0: what the phase asks for.
  int seconds = 5;                              // Of each step.
  int stalled = 0;                              // Percent of the readers of `fanout` that read nothing.
  int concurrency = 64;                         // Calls at a time.
  std::vector<int> rates = {20, 40, 100, 300};  // Messages per second of `fanout`, step by step.
  std::string json;
  std::string help;  // What --help prints, when it was asked for.
};

// INVALID_ARGUMENT in words.
absl::StatusOr<GatewayFlags> ParseGatewayFlags(const std::vector<std::string>& arguments);
// Fills in the rest from home. INVALID_ARGUMENT when something needed is still missing.
absl::Status FillIn(GatewayFlags& flags);

}  // namespace trivium::load
