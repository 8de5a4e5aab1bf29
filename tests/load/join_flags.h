// The command line of join_load.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::load {

struct JoinFlags {
  std::string home;              // .trv of a running platform: fills in what is not given.
  std::string product = "load";  // Whose certificate and profile; nobody else may use it meanwhile.
  std::string profile;           // File of its ProductProfile: the places of product and institutions.
  std::string target;            // "xds:///<product>.live.trivium" or an address.
  std::string pki;
  std::string bootstrap;
  std::string admin;           // URL of live's admin pages: its CPU time, and what levels hold.
  std::string redis;           // "host:port" of live's Redis, for the baseline.
  std::string redis_pid_file;  // Of its process, for its CPU time.
  int seconds = 10;            // Of each measured phase.
  int workers = 64;            // Calls at a time.
  int channels = 4;            // Connections.
  int rooms = 8;               // Half of one institution, half of another; the first has half of all who join.
  int wave = 1000;             // Users who come before all leave again.
  std::string json;
  std::string help;  // What --help prints, when it was asked for.
};

// INVALID_ARGUMENT in words.
absl::StatusOr<JoinFlags> ParseJoinFlags(const std::vector<std::string>& arguments);
// Fills in the rest from home. INVALID_ARGUMENT when something needed is still missing.
absl::Status FillIn(JoinFlags& flags);

}  // namespace trivium::load
