#include "services/ops/conversions.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "libs/clock/proto_time.h"
#include "services/ops/domain/day_figures.h"
#include "services/ops/products.h"
#include "services/ops/store/activities.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/ops/v1/ops.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::ops {
namespace {

constexpr char kAnyProduct[] = "*";
constexpr char kControl[] = "control";  // Has one address, not routes.

// A service that nobody has made a "*" route for is served by all cells that have it: shown as a route of epoch 0.
void AddDefaultRoutes(const control::v1::ListInstancesResponse& instances, v1::Platform* out) {
  std::map<std::string, std::set<std::string>> cells_by_service;
  for (const auto& status : instances.instances()) {
    if (status.instance().service() != kControl)
      cells_by_service[status.instance().service()].insert(status.instance().cell());
  }
  for (const v1::PlatformRoute& route : out->routes()) {
    if (route.product() == kAnyProduct) cells_by_service.erase(route.service());
  }
  for (const auto& [service, cells] : cells_by_service) {
    v1::PlatformRoute* route = out->add_routes();
    route->set_product(kAnyProduct);
    route->set_service(service);
    for (const std::string& cell : cells) route->add_cells()->set_cell(cell);
  }
  std::sort(out->mutable_routes()->begin(), out->mutable_routes()->end(),
            [](const v1::PlatformRoute& a, const v1::PlatformRoute& b) {
              return std::tie(a.service(), a.product()) < std::tie(b.service(), b.product());
            });
}

}  // namespace

void ToProto(const ProductNames& names, v1::Product* out) {
  out->set_product(names.product);
  out->set_display_name_zh(names.display_name_zh);
  out->set_display_name_en(names.display_name_en);
  out->set_time_zone(names.time_zone);
  out->set_pays(names.pays);
  out->set_sends_messages(names.sends_messages);
  out->set_has_clients(names.has_clients);
  out->set_has_rooms(names.has_rooms);
}

void ToCurrencyDay(const payment::v1::CurrencySummary& summary, v1::CurrencyDay* out) {
  out->set_currency_code(summary.currency_code());
  out->set_orders(summary.payments_created());
  out->set_paid_count(summary.paid_count());
  out->set_paid_minor(summary.paid_minor());
  out->set_refunded_count(summary.refunded_count());
  out->set_refunded_minor(summary.refunded_minor());
  out->set_commission_minor(summary.commission_minor());
  out->set_ledger_debits_minor(summary.ledger_debits_minor());
  out->set_ledger_credits_minor(summary.ledger_credits_minor());
  out->set_ledger_ok(summary.ledger_debits_minor() == summary.ledger_credits_minor() &&
                     summary.balances_match_entries());
  *out->mutable_payments_by_state() = summary.payments_by_state();
  out->set_success_rate(SuccessRate({summary.payments_by_state().begin(), summary.payments_by_state().end()}));
}

void ToPlatform(const control::v1::ListInstancesResponse& instances, const control::v1::RoutePlan& plan,
                v1::Platform* out) {
  std::set<std::string> cells;
  for (const control::v1::InstanceStatus& status : instances.instances()) {
    v1::PlatformInstance* instance = out->add_instances();
    instance->set_instance_id(status.instance().instance_id());
    instance->set_service(status.instance().service());
    instance->set_cell(status.instance().cell());
    instance->set_address(status.instance().address());
    instance->set_version(status.instance().version());
    instance->set_alive(status.alive());
    *instance->mutable_start_time() = status.instance().start_time();
    *instance->mutable_last_heartbeat_time() = status.last_heartbeat_time();
    cells.insert(status.instance().cell());
  }
  out->set_route_epoch(plan.epoch());
  for (const control::v1::Route& from : plan.routes()) {
    v1::PlatformRoute* route = out->add_routes();
    route->set_product(from.product());
    route->set_service(from.service());
    route->set_epoch(from.epoch());
    for (const control::v1::RouteCell& from_cell : from.cells()) {
      v1::PlatformRouteCell* cell = route->add_cells();
      cell->set_cell(from_cell.cell());
      cell->set_drained(from_cell.drained());
    }
  }
  AddDefaultRoutes(instances, out);
  for (const std::string& cell : cells) out->add_cells(cell);
}

void ToControl(const v1::SetRouteRequest& request, control::v1::SetRouteRequest* out) {
  out->set_request_id(request.request_id());
  out->set_product(request.product());
  out->set_service(request.service());
  out->set_reason(request.reason());
  out->set_expected_epoch(request.expected_epoch());
  for (const v1::PlatformRouteCell& from : request.cells()) {
    control::v1::RouteCell* cell = out->add_cells();
    cell->set_cell(from.cell());
    cell->set_drained(from.drained());
  }
}

void ToAuditEntry(const control::v1::AuditEntry& entry, v1::AuditEntry* out) {
  out->set_audit_id(entry.audit_id());
  *out->mutable_time() = entry.time();
  out->set_actor(entry.actor());
  out->set_caller(entry.caller());
  out->set_action(entry.action());
  out->set_object(entry.object());
  out->set_reason(entry.reason());
  out->set_before_json(entry.before_json());
  out->set_after_json(entry.after_json());
}

void ToProto(const ActivityRecord& activity, v1::Activity* out) {
  out->set_event_id(FormatId("evt", activity.event_id));
  SetTime(activity.time, out->mutable_time());
  out->set_kind(activity.kind);
  out->set_subject_id(activity.subject_id);
  out->set_order_ref(activity.order_ref);
  out->set_state(activity.state);
  out->set_amount_minor(activity.amount_minor);
  out->set_currency_code(activity.currency_code);
}

bool FromEvent(const payment::v1::Event& event, ActivityRecord* out) {
  if (event.has_payment()) {
    const payment::v1::Payment& payment = event.payment();
    out->kind = "payment";
    out->subject_id = payment.payment_id();
    out->order_ref = payment.order_ref();
    out->state = payment::v1::Payment::State_Name(payment.state());
    out->amount_minor = payment.amount().amount_minor();
    out->currency_code = payment.amount().currency_code();
    return true;
  }
  if (!event.has_refund()) return false;
  const payment::v1::Refund& refund = event.refund();
  out->kind = "refund";
  out->subject_id = refund.refund_id();
  out->order_ref.clear();
  out->state = payment::v1::Refund::State_Name(refund.state());
  out->amount_minor = refund.amount().amount_minor();
  out->currency_code = refund.amount().currency_code();
  return true;
}

bool AddsUp(const push::v1::Delivery& ledger) {
  int64_t sum = ledger.acked() + ledger.vendor() + ledger.expired() + ledger.pending();
  for (const auto& [reason, count] : ledger.dropped()) sum += count;
  return sum == ledger.accepted();
}

bool FromConfig(const control::v1::ConfigItem& item, v1::CommandVersion* out) {
  if (!item.value().UnpackTo(out->mutable_value())) return false;
  if (item.has_previous_value() && !item.previous_value().UnpackTo(out->mutable_previous_value())) return false;
  out->set_name(item.name());
  out->set_version(item.version());
  out->set_percentage(item.percentage());
  out->set_actor(item.actor());
  out->set_reason(item.reason());
  *out->mutable_create_time() = item.create_time();
  return true;
}

void ToControl(const v1::PublishCommandRequest& request, control::v1::PublishConfigRequest* out) {
  out->set_request_id(request.request_id());
  out->set_kind(kCommandKind);
  out->set_name(request.name());
  out->mutable_value()->PackFrom(request.value());
  out->set_percentage(request.percentage());
  out->set_reason(request.validate_only() && request.reason().empty() ? "check" : request.reason());
  out->set_validate_only(request.validate_only());
  // control takes 0 as "do not check" and -1 as "there must be none".
  out->set_expected_version(request.expected_version() == 0 ? -1 : request.expected_version());
}

void ToControl(const v1::RollBackCommandRequest& request, control::v1::RollbackConfigRequest* out) {
  out->set_request_id(request.request_id());
  out->set_kind(kCommandKind);
  out->set_name(request.name());
  out->set_to_version(request.to_version());
  out->set_reason(request.reason());
}

}  // namespace trivium::ops
