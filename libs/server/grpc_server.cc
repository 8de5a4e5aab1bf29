#include "libs/server/grpc_server.h"

#include <arpa/inet.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/rpc/method_policy.h"
#include "libs/status/status.h"

namespace trivium::server {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
constexpr int kMaxConcurrentStreams = 1000;  // Of one connection.

// gRPC's own lines go where ours go.
void LogFromGrpc(gpr_log_func_args* args) {
  const log::Level level = args->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::kWarning : log::Level::kDebug;
  if (level >= log::GetLevel()) log::Write(level, args->message, {{"file", args->file}, {"line", args->line}});
}

void SetUpGrpcOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogFromGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

// Tries the address first: gRPC would only say "failed".
absl::Status CheckFree(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const uint16_t port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = port;
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("server.grpc_address: ", address, ", want an IP address and a port"));
  }
  const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const int failed = is_v4 ? bind(fd, reinterpret_cast<sockaddr*>(&v4), sizeof(v4))
                           : bind(fd, reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
  const int error = errno;
  close(fd);
  if (failed == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address, ": ", std::strerror(error),
                   error == EADDRINUSE ? "; stop what uses the port (ss -ltnp) or change server.grpc_address" : ""));
}

}  // namespace

GrpcServer::GrpcServer(std::string service) : service_(std::move(service)) { SetUpGrpcOnce(); }

GrpcServer::~GrpcServer() = default;

absl::Status GrpcServer::Start(const std::string& address, const rpc::TlsFiles& tls,
                               const std::vector<grpc::Service*>& services) {
  TRIVIUM_RETURN_IF_ERROR(CheckFree(address));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, rpc::ServerTls(tls), &port_);
  // Otherwise a second process would bind the same port and take half of the connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // Our clients ping every 10 s, also between calls; more often than every 5 s is a client gone wild.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
  return absl::OkStatus();
}

void GrpcServer::SetHealth(bool serving) {
  if (server_ == nullptr) return;
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus("", serving);
  const std::string prefix = "trivium." + service_ + ".";
  for (const rpc::MethodPolicy& policy : rpc::MethodPolicies()) {
    if (policy.method.starts_with(prefix))
      health->SetServingStatus(std::string(policy.method.substr(0, policy.method.find('/'))), serving);
  }
}

void GrpcServer::Shutdown(absl::Duration grace) {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(grace));
  server_->Wait();
}

}  // namespace trivium::server
