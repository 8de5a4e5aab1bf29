// Collects what is wrong with a request's fields. Each check names the value and what is wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace trivium::push {

// False, and nothing is set, for what is no duration or time at all.
bool ReadDuration(const google::protobuf::Duration& value, absl::Duration* out);
bool ReadTime(const google::protobuf::Timestamp& value, absl::Time* out);

// Whether text is a user's or room's id: 1-64 characters of A-Z a-z 0-9 . _ -.
bool IsName(std::string_view text);

// Not thread-safe.
class FieldChecks {
 public:
  // 8-64 characters of A-Z a-z 0-9 . _ : -.
  void RequestId(const std::string& value);
  void Name(std::string_view field, const std::string& value);
  // Characters of UTF-8 without control characters: 1 to max, or none at all.
  void OptionalText(std::string_view field, const std::string& value, size_t max);
  void MessageId(std::string_view field, const std::string& value);
  void MessageIdBytes(std::string_view field, const std::string& value);
  // "user:...", "room:..." or "product".
  void Channel(std::string_view field, const std::string& value);
  void Size(std::string_view field, int64_t size, int64_t min, int64_t max, std::string_view of);
  void PageSize(int32_t size);
  void Bad(std::string_view field, std::string_view description);
  // Stops where a hostile request would have thousands of wrong fields.
  bool full() const { return violations_.size() >= 20; }
  absl::Status Result() const;

 private:
  std::vector<std::pair<std::string, std::string>> violations_;
};

}  // namespace trivium::push
