#include "services/control/ads_listener.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace trivium::control {
namespace {

constexpr int kMaxRequestBytes = 1 << 20;

}  // namespace

AdsListener::AdsListener(std::string address, xds::AdsServerOptions options, xds::ResourceStore& resources,
                         Metrics& metrics)
    : address_(std::move(address)), ads_(options, resources, metrics) {}

AdsListener::~AdsListener() { Stop(); }

absl::Status AdsListener::Start() {
  if (address_.empty()) return absl::OkStatus();
  grpc::ServerBuilder builder;
  builder.RegisterService(ads_.service());
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A client that vanished is noticed; one that asks whether we are there is not sent away.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("ads_address: cannot listen on ", address_, ", want a free port"));
  }
  return absl::OkStatus();
}

void AdsListener::Stop() {
  if (server_ == nullptr) return;
  ads_.Stop();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  server_.reset();
}

}  // namespace trivium::control
