// RoutePlanService: validate -> decide (domain/plan.h) -> store -> answer; and the audit of all changes.
#pragma once

#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/rpc/call_guard.h"
#include "services/control/live_state.h"
#include "services/control/plan_feed.h"
#include "services/control/store/store.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"

namespace trivium::control {

// Thread-safe. Everything outlives it.
class RoutePlanServiceImpl : public v1::RoutePlanService::CallbackService {
 public:
  // services, cells: what routes may name.
  RoutePlanServiceImpl(std::vector<std::string> services, std::vector<std::string> cells, rpc::CallGuard& guard,
                       Store& store, LiveState& state, PlanFeed& feed, Clock& clock)
      : services_(std::move(services)),
        cells_(std::move(cells)),
        guard_(guard),
        store_(store),
        state_(state),
        feed_(feed),
        clock_(clock) {}

  grpc::ServerUnaryReactor* GetRoutePlan(grpc::CallbackServerContext* context, const v1::GetRoutePlanRequest* request,
                                         v1::RoutePlan* response) override;
  grpc::ServerUnaryReactor* SetRoute(grpc::CallbackServerContext* context, const v1::SetRouteRequest* request,
                                     v1::RoutePlan* response) override;
  grpc::ServerUnaryReactor* DeleteRoute(grpc::CallbackServerContext* context, const v1::DeleteRouteRequest* request,
                                        v1::RoutePlan* response) override;
  grpc::ServerUnaryReactor* ListAuditEntries(grpc::CallbackServerContext* context,
                                             const v1::ListAuditEntriesRequest* request,
                                             v1::ListAuditEntriesResponse* response) override;
  grpc::ServerWriteReactor<v1::RoutePlan>* WatchRoutePlan(grpc::CallbackServerContext* context,
                                                          const v1::WatchRoutePlanRequest* request) override;

 private:
  absl::Status Set(const rpc::CallContext& call, const v1::SetRouteRequest& request, v1::RoutePlan* response);
  absl::Status Delete(const rpc::CallContext& call, const v1::DeleteRouteRequest& request, v1::RoutePlan* response);
  absl::Status ListAudit(const rpc::CallContext& call, const v1::ListAuditEntriesRequest& request,
                         v1::ListAuditEntriesResponse* response);

  const std::vector<std::string> services_, cells_;
  rpc::CallGuard& guard_;
  Store& store_;
  LiveState& state_;
  PlanFeed& feed_;
  Clock& clock_;
};

}  // namespace trivium::control
