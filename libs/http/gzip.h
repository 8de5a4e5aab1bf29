// gzip of whole strings.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::http {

std::string GzipCompress(std::string_view plain);

// INVALID_ARGUMENT for what is no single, whole gzip stream; RESOURCE_EXHAUSTED as soon as the result is longer than
// max_bytes.
absl::StatusOr<std::string> GzipDecompress(std::string_view packed, size_t max_bytes);

}  // namespace trivium::http
