// JSON <-> Protobuf of unary calls by published descriptors: Google's JSON mapping, strictly.
//
// Library: util::JsonToBinaryStream and BinaryToJsonStream, which need no message object; a DynamicMessage costs the
// same and a parse or serialization on top (transcoding_benchmark prints both).
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/gateway/transcoding/api_schema.h"
#include "services/gateway/transcoding/json_check.h"

namespace trivium::gateway {

struct TranscodingOptions {
  size_t max_bytes = 4 << 20;  // Of the JSON text, and of the message made from it.
  JsonLimits json;
  bool ignore_unknown_fields = false;  // True: they are dropped, as by clients newer than the service.
};

// The message of a JSON object. type: of this schema. int64 may be a number or a string; enums are names or numbers; an
// Any holds types of the schema alone. Errors, each naming field and byte of the text: INVALID_ARGUMENT BODY_INVALID;
// RESOURCE_EXHAUSTED BODY_TOO_LARGE. Thread-safe.
absl::StatusOr<std::string> JsonToProtobuf(const ApiSchema& schema, const google::protobuf::Descriptor& type,
                                           std::string_view json, const TranscodingOptions& options = {});

// The JSON of a message that a service answered: 64-bit integers are strings, default values are left out, names in
// lowerCamelCase. INTERNAL when the bytes are no such message, which is the service's fault or that of older
// descriptors. Thread-safe.
absl::StatusOr<std::string> ProtobufToJson(const ApiSchema& schema, const google::protobuf::Descriptor& type,
                                           std::string_view message);

}  // namespace trivium::gateway
