// What ops asks of other services, as interfaces: tests stand in for them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::payment::v1 {
class DailySummary;
}
namespace trivium::control::v1 {
class ListAuditEntriesRequest;
class ListAuditEntriesResponse;
class ListInstancesResponse;
class RoutePlan;
class SetRouteRequest;
}  // namespace trivium::control::v1

namespace trivium::ops {

// For whom, and until when. actor: "person:alice"; stands in the callee's audit.
struct CallFor {
  std::string actor;
  absl::Time deadline;
};

// Thread-safe.
class PaymentReader {
 public:
  virtual ~PaymentReader() = default;
  // Errors: UNAVAILABLE PAYMENT_UNAVAILABLE; else as GetDailySummary. day: "" means today.
  virtual absl::Status GetDay(const CallFor& call, const std::string& product, const std::string& day,
                              payment::v1::DailySummary* out) = 0;
};

// Thread-safe. Errors: UNAVAILABLE CONTROL_UNAVAILABLE; else as control's.
class ControlGateway {
 public:
  virtual ~ControlGateway() = default;
  virtual absl::Status ListInstances(const CallFor& call, control::v1::ListInstancesResponse* out) = 0;
  virtual absl::Status GetRoutePlan(const CallFor& call, control::v1::RoutePlan* out) = 0;
  virtual absl::Status SetRoute(const CallFor& call, const control::v1::SetRouteRequest& request,
                                control::v1::RoutePlan* out) = 0;
  virtual absl::Status ListAudit(const CallFor& call, const control::v1::ListAuditEntriesRequest& request,
                                 control::v1::ListAuditEntriesResponse* out) = 0;
};

}  // namespace trivium::ops
