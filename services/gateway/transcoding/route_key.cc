#include "services/gateway/transcoding/route_key.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/api_descriptors/key_field.h"
#include "libs/http/url.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/gateway/transcoding/wire_scanner.h"

namespace trivium::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Types that may be a key: how they lie on the wire, and how their text is made.
struct KeyType {
  FieldDescriptor::Type type;
  WireType wire;
  std::string (*text)(const WireValue& value);
};

uint64_t Zigzag(uint64_t n) { return (n >> 1) ^ (~(n & 1) + 1); }
std::string Signed32(const WireValue& v) { return absl::StrCat(static_cast<int32_t>(v.number)); }
std::string Signed64(const WireValue& v) { return absl::StrCat(static_cast<int64_t>(v.number)); }
std::string Unsigned32(const WireValue& v) { return absl::StrCat(static_cast<uint32_t>(v.number)); }
std::string Unsigned64(const WireValue& v) { return absl::StrCat(v.number); }

constexpr KeyType kKeyTypes[] = {
    {FieldDescriptor::TYPE_STRING, WireType::kBytes, [](const WireValue& v) { return std::string(v.bytes); }},
    {FieldDescriptor::TYPE_INT32, WireType::kVarint, Signed32},
    {FieldDescriptor::TYPE_INT64, WireType::kVarint, Signed64},
    {FieldDescriptor::TYPE_UINT32, WireType::kVarint, Unsigned32},
    {FieldDescriptor::TYPE_UINT64, WireType::kVarint, Unsigned64},
    {FieldDescriptor::TYPE_SINT32, WireType::kVarint,
     [](const WireValue& v) { return Signed32({.number = Zigzag(static_cast<uint32_t>(v.number))}); }},
    {FieldDescriptor::TYPE_SINT64, WireType::kVarint,
     [](const WireValue& v) { return Signed64({.number = Zigzag(v.number)}); }},
    {FieldDescriptor::TYPE_FIXED32, WireType::kFixed32, Unsigned32},
    {FieldDescriptor::TYPE_FIXED64, WireType::kFixed64, Unsigned64},
    {FieldDescriptor::TYPE_SFIXED32, WireType::kFixed32, Signed32},
    {FieldDescriptor::TYPE_SFIXED64, WireType::kFixed64, Signed64},
};

const KeyType* FindKeyType(FieldDescriptor::Type type) {
  const auto found =
      std::find_if(std::begin(kKeyTypes), std::end(kKeyTypes), [&](const KeyType& row) { return row.type == type; });
  return found == std::end(kKeyTypes) ? nullptr : found;
}

}  // namespace

absl::StatusOr<std::string> EncodeRouteKey(std::string_view key) {
  std::string encoded = http::PercentEncode(key.substr(0, kMaxRouteKey + 1));
  if (encoded.size() <= kMaxRouteKey) return encoded;
  return absl::InvalidArgumentError(absl::StrCat("routing key: too long, want at most ", kMaxRouteKey, " characters"));
}

absl::StatusOr<RouteField> RouteField::Resolve(const Descriptor& request, std::string_view path) {
  const absl::StatusOr<std::vector<const FieldDescriptor*>> fields = FindKeyField(request, path);
  if (!fields.ok()) return absl::InvalidArgumentError(absl::StrCat("field_path: ", fields.status().message()));
  RouteField field;
  field.name_ = std::string(path);
  for (const FieldDescriptor* part : *fields) field.numbers_.push_back(part->number());
  field.type_ = fields->back()->type();
  return field;
}

absl::StatusOr<std::string> RouteField::KeyOf(std::string_view message) const {
  const KeyType& type = *FindKeyType(type_);
  TRIVIUM_ASSIGN_OR_RETURN(const auto value, FindWireField(message, numbers_, type.wire));
  if (!value) return std::string();
  absl::StatusOr<std::string> key = EncodeRouteKey(type.text(*value));
  if (key.ok()) return key;
  return FieldsError({{name_, absl::StrCat("too long for a routing key, want at most ", kMaxRouteKey,
                                           " characters after percent-encoding")}});
}

}  // namespace trivium::gateway
