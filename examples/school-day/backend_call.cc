#include "examples/school-day/backend_call.h"

#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

// Reasons of RESOURCE_EXHAUSTED that another try does not change.
const std::set<std::string> kFinal = {"AUDIENCE_TOO_LARGE", "LEVEL_FULL", "SEATS_FULL", "ROOM_QUEUE_FULL",
                                      "STAFF_SLICE_FULL"};

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read; --pki names the folder of certificates"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenBackendChannel(const BackendOptions& options) {
  const std::string mine = absl::StrCat(options.pki, "/product-", options.product);
  grpc::SslCredentialsOptions tls;
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPem(options.pki + "/ca.crt"));
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_cert_chain, ReadPem(mine + ".crt"));
  TRIVIUM_ASSIGN_OR_RETURN(tls.pem_private_key, ReadPem(mine + ".key"));
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // A plain address is not a name that the certificate carries.
  if (!options.target.starts_with("xds:")) {
    arguments.SetSslTargetNameOverride(absl::StrCat(options.product, ".", options.service, ".trivium"));
  }
  return grpc::CreateCustomChannel(options.target, grpc::SslCredentials(tls), arguments);
}

absl::Status ToStatus(const grpc::Status& status) {
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

bool IsWorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return !kFinal.contains(ReasonOf(status));
    default:
      return false;
  }
}

absl::Duration Pause(int tries) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double whole = std::min(1000.0, 50.0 * (1 << std::min(tries, 5)));
  return absl::Milliseconds(whole * (0.5 + 0.5 * static_cast<double>(random()) / 2147483647.0));
}

}  // namespace trivium::schoolday
