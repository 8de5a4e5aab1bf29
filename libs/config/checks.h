// What is wrong with a config message, gathered over all its fields: each with its value and what is wanted.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Duration;
}

namespace trivium::config {

// field: the option's path, "workers.batch". Not thread-safe.
class Checks {
 public:
  void Range(const std::string& field, int64_t value, int64_t low, int64_t high);
  void Range(const std::string& field, const google::protobuf::Duration& value, absl::Duration low,
             absl::Duration high);
  void NotEmpty(const std::string& field, const std::string& value, const std::string& wanted);
  void Wrong(const std::string& field, std::string what) { wrong_.emplace_back(field, std::move(what)); }
  // How many fields are wrong.
  size_t count() const { return wrong_.size(); }
  // FIELD_INVALID with all of them, or OK.
  absl::Status Result() const;

 private:
  std::vector<std::pair<std::string, std::string>> wrong_;
};

}  // namespace trivium::config
