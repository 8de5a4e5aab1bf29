// The backends over gRPC: payment, push and live by xDS as each product's, control by its address.
#pragma once

#include <memory>
#include <string>

#include "libs/rpc/tls.h"
#include "services/ops/backends.h"

namespace trivium {
class Clock;
}

namespace trivium::ops {

// libs/rpc/relay.h must run before the first call.
std::unique_ptr<PaymentReader> NewGrpcPaymentReader(rpc::TlsFiles tls, Clock& clock);
std::unique_ptr<PushReader> NewGrpcPushReader(rpc::TlsFiles tls, Clock& clock);
std::unique_ptr<LiveReader> NewGrpcLiveReader(rpc::TlsFiles tls, Clock& clock);
std::unique_ptr<ControlGateway> NewGrpcControlGateway(const std::string& address, const rpc::TlsFiles& tls,
                                                      Clock& clock);

}  // namespace trivium::ops
