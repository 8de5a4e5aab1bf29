// A product's certificate, as the load's clients show it. For .cc files.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/statusor.h"

namespace trivium::load {

// pki/ca.crt and pki/product-<product>.crt, .key. NOT_FOUND when one cannot be read.
absl::StatusOr<grpc::SslCredentialsOptions> ReadProductTls(const std::string& pki, const std::string& product);

}  // namespace trivium::load
