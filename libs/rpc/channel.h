// Channels to the platform's services by name, through xDS: "xds:///<product>.<service>.trivium".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/ha/retry_budget.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/tls.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace trivium::rpc {

// Whether gRPC itself sends a call again.
enum class Repeats {
  kByRoutePlan,  // As control says for the service: UNAVAILABLE and CANCELLED (docs/adr/0008).
  kNever,        // Not even what never left: for calls that must not have an effect twice.
};
// A channel by xDS (libs/rpc/relay.h must run) with keepalive 10 s / 5 s. Thread-safe; share channels.
std::shared_ptr<grpc::Channel> ServiceChannel(std::string_view product, std::string_view service, const TlsFiles& tls,
                                              Repeats repeats = Repeats::kByRoutePlan);
// A channel by address ("127.0.0.1:21000"), whose certificate must carry server_name. For control only, and tests.
std::shared_ptr<grpc::Channel> DirectChannel(std::string_view address, std::string_view server_name,
                                             const TlsFiles& tls);

struct CallOptions {
  std::string product;  // x-trivium-product; empty: that of the surrounding call, if a service may say it.
  std::string actor;    // x-trivium-actor; empty: the person of the surrounding call, if there is one.
  absl::Duration timeout = absl::Seconds(5);  // Cut to what the surrounding call has left.
  std::string route_key;                      // x-trivium-route-key; empty: none.
};
// Deadline, trace and our metadata for a call from this thread. parent: the surrounding call, or nullptr.
void PrepareContext(const CallOptions& options, const CallContext* parent, grpc::ClientContext* context);

// Runs a unary call, again on UNAVAILABLE and on CANCELLED (docs/adr/0008) within budget (at most 3 times in all,
// 20-200 ms jittered apart, never beyond the deadline). once: does not cancel its context.
absl::Status CallWithRetry(const CallOptions& options, const CallContext* parent, ha::RetryBudget& budget,
                           const std::function<grpc::Status(grpc::ClientContext*)>& once);

// As CallWithRetry, with the answer:
//   StatusOr<Payment> p = rpc::Call<Payment>(options, parent, budget, [&](auto* c, auto* out) {
//     return stub.GetPayment(c, request, out);
//   });
template <typename Response, typename Once>
absl::StatusOr<Response> Call(const CallOptions& options, const CallContext* parent, ha::RetryBudget& budget,
                              Once once) {
  Response response;
  const absl::Status status =
      CallWithRetry(options, parent, budget, [&](grpc::ClientContext* context) { return once(context, &response); });
  if (!status.ok()) return status;
  return response;
}

}  // namespace trivium::rpc
