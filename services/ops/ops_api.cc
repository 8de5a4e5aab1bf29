#include "services/ops/ops_api.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/clock/proto_time.h"
#include "libs/mysql/mysql.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/ops/conversions.h"
#include "services/ops/prometheus.h"
#include "services/ops/store/activities.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::ops {
namespace {

constexpr int kDefaultPage = 50, kMaxPage = 200;

void ToProto(const Panel& panel, v1::Panel* out) {
  out->set_panel_id(panel.id);
  out->set_title_zh(panel.title.zh);
  out->set_title_en(panel.title.en);
  out->set_unit(panel.unit);
  out->set_chart(panel.chart);
  out->set_empty_zh(panel.empty.zh);
  out->set_empty_en(panel.empty.en);
}

}  // namespace

absl::StatusOr<int> PageSize(int wanted) {
  if (wanted < 0) return FieldsError({{"page_size", absl::StrCat(wanted, ", want 1-200, or 0")}});
  return wanted == 0 ? kDefaultPage : std::min(wanted, kMaxPage);
}

absl::Status RequireChanger(const Viewer& viewer) {
  if (viewer.MayChange()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED",
               absl::StrCat("role: ", std::string(RoleName(viewer.role)), ", want platform_admin"));
}

absl::StatusOr<ProductNames> OpsApi::VisibleProduct(const Viewer& viewer, const std::string& product) const {
  if (product.empty()) return FieldsError({{"product", "missing, want one that you see"}});
  std::optional<ProductNames> names;
  if (viewer.Sees(product)) names = parts_.products.Find(product);
  if (names) return *names;
  return Error(absl::StatusCode::kNotFound, "PRODUCT_NOT_FOUND", "product: not found, want one that you see");
}

void OpsApi::FillProducts(const Viewer& viewer, google::protobuf::RepeatedPtrField<v1::Product>* out) const {
  for (const std::string& product : VisibleProducts(viewer, parts_.products.All())) {
    if (const auto names = parts_.products.Find(product)) ops::ToProto(*names, out->Add());
  }
}

absl::Status OpsApi::ListBoards(const Ask& ask, const v1::ListBoardsRequest&, v1::ListBoardsResponse* response) {
  for (const Board& board : parts_.boards.VisibleTo(ask.viewer)) {
    v1::Board* out = response->add_boards();
    out->set_board_id(board.id);
    out->set_title_zh(board.title.zh);
    out->set_title_en(board.title.en);
    out->set_platform(board.platform);
    for (const Panel& panel : board.panels) ToProto(panel, out->add_panels());
  }
  return absl::OkStatus();
}

absl::Status OpsApi::CheckPanelProduct(const Viewer& viewer, const Board& board, const std::string& product) const {
  // All products together: a platform's matter.
  if (product.empty() && (board.platform || viewer.SeesPlatform())) return absl::OkStatus();
  return VisibleProduct(viewer, product).status();
}

absl::Status OpsApi::QueryPanel(const Ask& ask, const v1::QueryPanelRequest& request,
                                v1::QueryPanelResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const Boards::Found found,
                           parts_.boards.Find(ask.viewer, request.board_id(), request.panel_id()));
  TRIVIUM_RETURN_IF_ERROR(CheckPanelProduct(ask.viewer, *found.board, request.product()));
  const absl::Time start = ToTime(request.start_time()), end = ToTime(request.end_time());
  TRIVIUM_RETURN_IF_ERROR(FieldsError(RangeViolations(start, end, request.max_points(), parts_.clock.Now())));
  const QueryRange range = PlanRange(start, end, request.max_points(), parts_.scrape_interval);
  const std::string query = BuildQuery(found.panel->query, request.product(), range.window);
  TRIVIUM_ASSIGN_OR_RETURN(const auto answer, parts_.prometheus.QueryRange(query, range, ask.deadline));
  for (const PrometheusSeries& series : answer) {
    const Samples samples = OnGrid(range, series.points);
    v1::Series* out = response->add_series();
    out->set_label(SeriesLabel(found.panel->label, series.labels));
    out->mutable_times()->Add(samples.times.begin(), samples.times.end());
    out->mutable_values()->Add(samples.values.begin(), samples.values.end());
  }
  return absl::OkStatus();
}

absl::Status OpsApi::GetProductDay(const Ask& ask, const v1::GetProductDayRequest& request, v1::ProductDay* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  payment::v1::DailySummary summary;
  TRIVIUM_RETURN_IF_ERROR(
      parts_.payment.GetDay({ask.viewer.actor, ask.deadline}, names.product, request.day(), &summary));
  ops::ToProto(names, response->mutable_product());
  response->set_day(summary.day());
  for (const auto& currency : summary.currencies()) ToCurrencyDay(currency, response->add_currencies());
  *response->mutable_as_of_time() = summary.as_of_time();
  return absl::OkStatus();
}

absl::Status OpsApi::ListActivities(const Ask& ask, const v1::ListActivitiesRequest& request,
                                    v1::ListActivitiesResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int limit, PageSize(request.page_size()));
  return parts_.pool.Use("list_activities", ask.deadline, [&](mysql::Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const auto activities, NewestActivities(db, names.product, limit));
    for (const ActivityRecord& activity : activities) ops::ToProto(activity, response->add_activities());
    return absl::OkStatus();
  });
}

absl::Status OpsApi::GetPlatform(const Ask& ask, const v1::GetPlatformRequest&, v1::Platform* response) {
  TRIVIUM_RETURN_IF_ERROR(RequirePlatform(ask.viewer));
  control::v1::ListInstancesResponse instances;
  control::v1::RoutePlan plan;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.ListInstances({ask.viewer.actor, ask.deadline}, &instances));
  TRIVIUM_RETURN_IF_ERROR(parts_.control.GetRoutePlan({ask.viewer.actor, ask.deadline}, &plan));
  ToPlatform(instances, plan, response);
  return absl::OkStatus();
}

// control takes an expected epoch of 0 as "do not check"; here it is the epoch of a plan that nobody has changed yet.
absl::Status OpsApi::RequireUntouchedPlan(const Ask& ask, control::v1::RoutePlan* plan) {
  TRIVIUM_RETURN_IF_ERROR(parts_.control.GetRoutePlan({ask.viewer.actor, ask.deadline}, plan));
  if (plan->epoch() == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "EPOCH_CONFLICT", absl::StrCat("expected_epoch: 0, want ", plan->epoch()))
      .With("epoch", plan->epoch());
}

absl::Status OpsApi::SetRoute(const Ask& ask, const v1::SetRouteRequest& request, v1::Platform* response) {
  TRIVIUM_RETURN_IF_ERROR(RequireChanger(ask.viewer));
  control::v1::SetRouteRequest change;
  ToControl(request, &change);
  control::v1::RoutePlan plan;
  if (request.expected_epoch() == 0) TRIVIUM_RETURN_IF_ERROR(RequireUntouchedPlan(ask, &plan));
  TRIVIUM_RETURN_IF_ERROR(parts_.control.SetRoute({ask.viewer.actor, ask.deadline}, change, &plan));
  control::v1::ListInstancesResponse instances;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.ListInstances({ask.viewer.actor, ask.deadline}, &instances));
  ToPlatform(instances, plan, response);
  return absl::OkStatus();
}

absl::Status OpsApi::ListAudit(const Ask& ask, const v1::ListAuditRequest& request, v1::ListAuditResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(RequirePlatform(ask.viewer));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  control::v1::ListAuditEntriesRequest wanted;
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  control::v1::ListAuditEntriesResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.control.ListAudit({ask.viewer.actor, ask.deadline}, wanted, &page));
  for (const auto& entry : page.entries()) ToAuditEntry(entry, response->add_entries());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

}  // namespace trivium::ops
