// Routing keys: what goes into the header x-trivium-route-key, from a field of the request or from what the gateway
// knows.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trivium::gateway {

inline constexpr std::string_view kRouteKeyHeader = "x-trivium-route-key";
inline constexpr size_t kMaxRouteKey = 256;  // Characters of a header's value.

// A key as a header may carry it: RFC 3986 "unreserved" characters as they are, all others as %XX. "" stays "": no
// header. INVALID_ARGUMENT when that is longer than kMaxRouteKey.
absl::StatusOr<std::string> EncodeRouteKey(std::string_view key);

// A field of a request message. Immutable; thread-safe; independent of the descriptors that it was resolved by.
class RouteField {
 public:
  // path: as FindKeyField takes it. INVALID_ARGUMENT "field_path: ...".
  static absl::StatusOr<RouteField> Resolve(const google::protobuf::Descriptor& request, std::string_view path);
  // The encoded key of a serialized request; "" when the field is not there. INVALID_ARGUMENT for what is no message,
  // and a key too long.
  absl::StatusOr<std::string> KeyOf(std::string_view message) const;

 private:
  std::string name_;
  std::vector<int> numbers_;
  google::protobuf::FieldDescriptor::Type type_ = google::protobuf::FieldDescriptor::TYPE_STRING;
};

}  // namespace trivium::gateway
