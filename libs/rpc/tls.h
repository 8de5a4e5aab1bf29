// mTLS: credentials from PEM files that are read again while running.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace trivium::rpc {

// PEM files of mTLS. All three or none (plaintext: tests only).
struct TlsFiles {
  std::string certificate, key, ca;
};

// Credentials that read the files again when they change, while running (checked every second). INVALID_ARGUMENT when a
// file cannot be read or is no PEM. Servers ask for and verify a client certificate but do not demand one: the method
// policy answers in words.
absl::Status CheckTlsFiles(const TlsFiles& files);
std::shared_ptr<grpc::ServerCredentials> ServerTls(const TlsFiles& files);
std::shared_ptr<grpc::ChannelCredentials> ClientTls(const TlsFiles& files);
// When the first certificate of a PEM file expires; for a metric. INVALID_ARGUMENT when there is none.
absl::StatusOr<absl::Time> CertificateExpiry(const std::string& certificate_file);

}  // namespace trivium::rpc
