#include "tests/load/product_tls.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"

namespace trivium::load {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read; --pki names the folder of certificates"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

absl::StatusOr<grpc::SslCredentialsOptions> ReadProductTls(const std::string& pki, const std::string& product) {
  const std::string mine = absl::StrCat(pki, "/product-", product);
  grpc::SslCredentialsOptions tls;
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPem(pki + "/ca.crt"));
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_cert_chain, ReadPem(mine + ".crt"));
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_private_key, ReadPem(mine + ".key"));
  return tls;
}

}  // namespace trivium::load
