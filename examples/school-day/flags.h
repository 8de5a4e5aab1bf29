// The command line of school_day.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::schoolday {

struct Flags {
  int students = 0;  // Of each product; 0: those of the data.
  uint64_t seed = 1;
  int concurrency = 8;                // Calls at a time of each product.
  std::string json;                   // File for the report; empty: none.
  std::vector<std::string> products;  // Empty: those with data.
  std::string pki = ".trv/pki";
  std::string sandbox = "http://127.0.0.1:21030";
  std::string data = "examples/school-day/data";
  std::string target = "xds:///%s.payment.trivium";  // %s: the product.
  std::string push_target = "xds:///%s.push.trivium";
  std::string live_target = "xds:///%s.live.trivium";
  std::string gateway = "127.0.0.1:21092";   // Where students connect.
  std::string token_keys = ".trv/products";  // <product>/token.key signs their tokens, <product>/profile.yaml.
  std::string live_capacity = ".trv/etc/live-capacity.yaml";
  std::string currency = "CNY";
  bool calm = false;        // The sandbox answers every call (single trades still misbehave).
  bool check_data = false;  // Reads the data and ends.
  std::string help;         // What --help prints, when it was asked for.
};

// "--name value", "--name=value" and "--switch". INVALID_ARGUMENT in words.
absl::StatusOr<Flags> ParseFlags(const std::vector<std::string>& arguments);

}  // namespace trivium::schoolday
