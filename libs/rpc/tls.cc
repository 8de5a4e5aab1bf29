#include "libs/rpc/tls.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"

namespace trivium::rpc {
namespace {

constexpr unsigned kRefreshSeconds = 1;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

absl::StatusOr<std::unique_ptr<BIO, Free>> Open(const std::string& path) {
  std::unique_ptr<BIO, Free> bio(BIO_new_file(path.c_str(), "r"));
  if (bio == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read, want a PEM file"));
  return bio;
}

absl::StatusOr<std::unique_ptr<X509, Free>> ReadCertificate(const std::string& path) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto bio, Open(path));
  std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": no certificate in it, want PEM"));
  return certificate;
}

absl::StatusOr<std::unique_ptr<EVP_PKEY, Free>> ReadKey(const std::string& path) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto bio, Open(path));
  std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return absl::InvalidArgumentError(absl::StrCat(path, ": no private key in it, want PEM"));
  return key;
}

bool Plaintext(const TlsFiles& files) { return files.certificate.empty() && files.key.empty() && files.ca.empty(); }

// Reads the files now and again every second. A pair that does not match - the moment between two renames - fails
// handshakes until the next look.
std::shared_ptr<grpc::experimental::CertificateProviderInterface> Watch(const TlsFiles& files) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(files.key, files.certificate, files.ca,
                                                                              kRefreshSeconds);
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  if (Plaintext(files)) return absl::OkStatus();
  if (files.certificate.empty() || files.key.empty() || files.ca.empty()) {
    return absl::InvalidArgumentError("certificate, key and ca: want all three or none");
  }
  TRIVIUM_ASSIGN_OR_RETURN(const auto certificate, ReadCertificate(files.certificate));
  TRIVIUM_ASSIGN_OR_RETURN(const auto key, ReadKey(files.key));
  TRIVIUM_RETURN_IF_ERROR(ReadCertificate(files.ca).status());
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(files.key, ": not the key of ", files.certificate));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> ServerTls(const TlsFiles& files) {
  if (Plaintext(files)) return grpc::InsecureServerCredentials();
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ClientTls(const TlsFiles& files) {
  if (Plaintext(files)) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

absl::StatusOr<absl::Time> CertificateExpiry(const std::string& certificate_file) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto certificate, ReadCertificate(certificate_file));
  std::tm tm{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &tm) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(certificate_file, ": its expiry cannot be read"));
  }
  return absl::FromTM(tm, absl::UTCTimeZone());
}

}  // namespace trivium::rpc
