// Times and durations of messages.
#pragma once

#include "absl/time/time.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace trivium {

absl::Duration ToDuration(const google::protobuf::Duration& duration);
void SetDuration(absl::Duration duration, google::protobuf::Duration* out);
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);
// In whole microseconds, which is what databases keep: an object has the same times before and after it was stored.
void SetTime(absl::Time time, google::protobuf::Timestamp* out);

}  // namespace trivium
