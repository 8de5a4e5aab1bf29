#include "libs/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::rpc {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;

// A peer that hangs without closing is found within 15 s, also between calls.
grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> ServiceChannel(std::string_view product, std::string_view service, const TlsFiles& tls,
                                              Repeats repeats) {
  const std::string target = absl::StrCat("xds:///", ToAbsl(product), ".", ToAbsl(service), ".trivium");
  grpc::ChannelArguments arguments = Arguments();
  if (repeats == Repeats::kNever) arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(target, ClientTls(tls), arguments);
}

std::shared_ptr<grpc::Channel> DirectChannel(std::string_view address, std::string_view server_name,
                                             const TlsFiles& tls) {
  grpc::ChannelArguments arguments = Arguments();
  if (!server_name.empty() && !tls.ca.empty()) arguments.SetSslTargetNameOverride(std::string(server_name));
  return grpc::CreateCustomChannel(std::string(address), ClientTls(tls), arguments);
}

}  // namespace trivium::rpc
