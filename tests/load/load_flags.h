// The command line of payment_load.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::load {

struct LoadFlags {
  std::string home;                // .trv of a running platform: fills in what is not given.
  std::string product = "ketang";  // Whose certificate and profile. Set by --product.
  std::string target;              // "xds:///<product>.payment.trivium" or an address.
  std::string pki;
  std::string sandbox;  // URL of the sandbox PSP.
  std::string admin;    // URL of payment's admin pages, for its CPU time.
  int pid = 0;          // Payment's process, instead of admin.
  std::string bootstrap;
  int seconds = 10;             // Of each measured phase.
  int concurrency = 64;         // Calls, or life cycles, at a time.
  int channels = 4;             // Connections.
  int institutions = 1;         // Payees: 1 is the hot account.
  std::string pay = "sandbox";  // How life cycles are paid: "sandbox", or "callback" signed by this program.
  std::string secret_file;      // Of the merchant, for "callback".
  std::string json;
  std::string help;  // What --help prints, when it was asked for.
};

// TRIVIUM_PORT_BASE of <home>/env; 0 when there is none.
int PortBase(const std::string& home);

// INVALID_ARGUMENT in words.
absl::StatusOr<LoadFlags> ParseLoadFlags(const std::vector<std::string>& arguments);
// Fills in target, pki, sandbox, admin and bootstrap from home. INVALID_ARGUMENT when something needed is still
// missing.
absl::Status FillIn(LoadFlags& flags);

}  // namespace trivium::load
