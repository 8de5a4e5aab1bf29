#include "services/control/route_plan_service.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/opaque_token/opaque_token.h"
#include "libs/rpc/stream.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/control/change.h"
#include "services/control/conversions.h"
#include "services/control/kinds/kind.h"
#include "services/control/validate.h"

namespace trivium::control {
namespace {

std::string ObjectOf(const std::string& product, const std::string& service) {
  return absl::StrCat("route/", product, "/", service);
}

Outcome PlanOutcome(const domain::Plan& plan, const std::vector<std::string>& default_cells) {
  v1::RoutePlan response;
  ToProto(plan, default_cells, &response);
  return {.response = response.SerializeAsString()};
}

// What the request wants. A canary that it does not name stays as it was: who moves traffic need not know of it.
std::vector<domain::RouteCell> CellsOf(const v1::SetRouteRequest& request, const domain::Route* before) {
  std::vector<domain::RouteCell> cells;
  for (const v1::RouteCell& cell : request.cells()) {
    domain::RouteCell& wanted = cells.emplace_back(domain::RouteCell{cell.cell(), cell.drained()});
    if (cell.has_canary()) {
      wanted.canary = {cell.canary().version(), cell.canary().percent()};
    } else if (before != nullptr) {
      for (const domain::RouteCell& known : before->cells) {
        if (known.cell == wanted.cell) wanted.canary = known.canary;
      }
    }
  }
  return cells;
}

}  // namespace

absl::Status RoutePlanServiceImpl::Set(const rpc::CallContext& call, const v1::SetRouteRequest& request,
                                       v1::RoutePlan* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request, services_, cells_));
  AuditRecord audit = AuditOf(call, "SetRoute", ObjectOf(request.product(), request.service()), request.product(),
                              request.reason(), clock_.Now());
  const auto body = [&](Store::Transaction& transaction) -> absl::StatusOr<Outcome> {
    if (request.product() != domain::kAnyProduct) {
      TRIVIUM_ASSIGN_OR_RETURN(const auto profile, transaction.NewestConfig(kProductProfile, request.product()));
      if (!profile)
        return Outcome{.decline = FieldsError(
                           {{"product", "\"" + request.product() + "\", want a product with a profile, or *"}})};
    }
    TRIVIUM_ASSIGN_OR_RETURN(domain::Plan plan, transaction.GetPlan());
    if (request.expected_epoch() != 0 && request.expected_epoch() != plan.epoch) {
      return Outcome{.decline = Error(absl::StatusCode::kAborted, "EPOCH_CONFLICT",
                                      absl::StrCat("expected_epoch: ", request.expected_epoch(), ", want ", plan.epoch,
                                                   " (the plan's)"))
                                    .With("epoch", plan.epoch)};
    }
    const domain::Route* before = domain::FindRoute(plan, request.product(), request.service());
    if (before != nullptr) audit.before_json = ToJson(*before);
    audit.after_json =
        ToJson(domain::SetRoute(&plan, request.product(), request.service(), CellsOf(request, before), audit.time));
    TRIVIUM_RETURN_IF_ERROR(transaction.SaveRoute(plan, request.product(), request.service()));
    TRIVIUM_RETURN_IF_ERROR(transaction.AddAudit(&audit));
    return PlanOutcome(plan, cells_);
  };
  return ChangeAndRefresh(store_, state_, KeyOf(call, "SetRoute", request.request_id(), request), call.deadline, body,
                          response);
}

absl::Status RoutePlanServiceImpl::Delete(const rpc::CallContext& call, const v1::DeleteRouteRequest& request,
                                          v1::RoutePlan* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  AuditRecord audit = AuditOf(call, "DeleteRoute", ObjectOf(request.product(), request.service()), request.product(),
                              request.reason(), clock_.Now());
  const auto body = [&](Store::Transaction& transaction) -> absl::StatusOr<Outcome> {
    TRIVIUM_ASSIGN_OR_RETURN(domain::Plan plan, transaction.GetPlan());
    const domain::Route* before = domain::FindRoute(plan, request.product(), request.service());
    if (before == nullptr) {
      const std::string object = ObjectOf(request.product(), request.service());
      return Outcome{.decline = Error(absl::StatusCode::kNotFound, "ROUTE_NOT_FOUND",
                                      object + ": no such route, want one of the plan")
                                    .With("route", object)};
    }
    audit.before_json = ToJson(*before);
    domain::DeleteRoute(&plan, request.product(), request.service(), audit.time);
    TRIVIUM_RETURN_IF_ERROR(transaction.SaveRoute(plan, request.product(), request.service()));
    TRIVIUM_RETURN_IF_ERROR(transaction.AddAudit(&audit));
    return PlanOutcome(plan, cells_);
  };
  return ChangeAndRefresh(store_, state_, KeyOf(call, "DeleteRoute", request.request_id(), request), call.deadline,
                          body, response);
}

absl::Status RoutePlanServiceImpl::ListAudit(const rpc::CallContext& call, const v1::ListAuditEntriesRequest& request,
                                             v1::ListAuditEntriesResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  if (request.object().size() > 200) return FieldsError({{"object", "too long, want at most 200 bytes"}});
  const std::string list = "ListAuditEntries/" + request.object();
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(list, request.page_token()));
  int64_t before = 0;
  if (!position.empty() && !absl::SimpleAtoi(position, &before)) return PageTokenInvalid();
  TRIVIUM_ASSIGN_OR_RETURN(const auto records, store_.ListAudit(request.object(), before, limit + 1, call.deadline));
  for (const AuditRecord& record : records) {
    if (response->entries_size() == limit) {
      response->set_next_page_token(SealToken(list, absl::StrCat(response->entries().rbegin()->audit_id())));
      break;
    }
    ToProto(record, response->add_entries());
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* RoutePlanServiceImpl::GetRoutePlan(grpc::CallbackServerContext* context,
                                                             const v1::GetRoutePlanRequest*, v1::RoutePlan* response) {
  return guard_.Unary(context, "trivium.control.v1.RoutePlanService/GetRoutePlan",
                      [=, this](const rpc::CallContext& call) -> absl::Status {
                        TRIVIUM_ASSIGN_OR_RETURN(const domain::Plan plan, store_.GetPlan(call.deadline));
                        ToProto(plan, cells_, response);
                        return absl::OkStatus();
                      });
}

grpc::ServerUnaryReactor* RoutePlanServiceImpl::SetRoute(grpc::CallbackServerContext* context,
                                                         const v1::SetRouteRequest* request, v1::RoutePlan* response) {
  return guard_.Unary(context, "trivium.control.v1.RoutePlanService/SetRoute",
                      [=, this](const rpc::CallContext& call) { return Set(call, *request, response); });
}

grpc::ServerUnaryReactor* RoutePlanServiceImpl::DeleteRoute(grpc::CallbackServerContext* context,
                                                            const v1::DeleteRouteRequest* request,
                                                            v1::RoutePlan* response) {
  return guard_.Unary(context, "trivium.control.v1.RoutePlanService/DeleteRoute",
                      [=, this](const rpc::CallContext& call) { return Delete(call, *request, response); });
}

grpc::ServerUnaryReactor* RoutePlanServiceImpl::ListAuditEntries(grpc::CallbackServerContext* context,
                                                                 const v1::ListAuditEntriesRequest* request,
                                                                 v1::ListAuditEntriesResponse* response) {
  return guard_.Unary(context, "trivium.control.v1.RoutePlanService/ListAuditEntries",
                      [=, this](const rpc::CallContext& call) { return ListAudit(call, *request, response); });
}

grpc::ServerWriteReactor<v1::RoutePlan>* RoutePlanServiceImpl::WatchRoutePlan(grpc::CallbackServerContext* context,
                                                                              const v1::WatchRoutePlanRequest*) {
  return rpc::ServeStream<v1::RoutePlan>(guard_, context, "trivium.control.v1.RoutePlanService/WatchRoutePlan",
                                         [this](auto start) {
                                           feed_.Add(start.stream);
                                           start.on_end([this, stream = start.stream] { feed_.Remove(stream); });
                                         });
}

}  // namespace trivium::control
