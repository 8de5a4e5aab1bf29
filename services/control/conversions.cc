#include "services/control/conversions.h"

#include <google/protobuf/timestamp.pb.h>

#include "libs/clock/proto_time.h"
#include "libs/log/log.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {
namespace {

void ToProto(const domain::Route& route, v1::Route* out) {
  out->set_product(route.product);
  out->set_service(route.service);
  out->set_epoch(route.epoch);
  for (const domain::RouteCell& cell : route.cells) {
    v1::RouteCell* added = out->add_cells();
    added->set_cell(cell.cell);
    added->set_drained(cell.drained);
    if (cell.canary == domain::Canary()) continue;
    added->mutable_canary()->set_version(cell.canary.version);
    added->mutable_canary()->set_percent(cell.canary.percent);
  }
}

}  // namespace

void ToProto(const domain::ConfigItem& item, v1::ConfigItem* out) {
  out->set_kind(item.kind);
  out->set_name(item.name);
  out->set_version(item.version);
  out->mutable_value()->set_type_url(item.type_url);
  out->mutable_value()->set_value(item.value);
  out->set_percentage(item.percentage);
  if (item.percentage < 100) {
    out->mutable_previous_value()->set_type_url(item.type_url);
    out->mutable_previous_value()->set_value(item.previous_value);
  }
  out->set_actor(item.actor);
  out->set_reason(item.reason);
  SetTime(item.create_time, out->mutable_create_time());
}

void ToProto(const domain::Plan& plan, const std::vector<std::string>& default_cells, v1::RoutePlan* out) {
  out->set_epoch(plan.epoch);
  for (const std::string& cell : default_cells) out->add_default_cells(cell);
  for (const domain::Route& route : plan.routes) ToProto(route, out->add_routes());
  if (plan.epoch > 0) SetTime(plan.update_time, out->mutable_update_time());
}

void ToProto(const AuditRecord& record, v1::AuditEntry* out) {
  out->set_audit_id(record.audit_id);
  SetTime(record.time, out->mutable_time());
  out->set_actor(record.actor);
  out->set_caller(record.caller);
  out->set_action(record.action);
  out->set_object(record.object);
  out->set_reason(record.reason);
  out->set_before_json(record.before_json);
  out->set_after_json(record.after_json);
  out->set_trace_id(record.trace_id);
}

void ToProto(const domain::InstanceState& state, v1::InstanceStatus* out) {
  v1::Instance* instance = out->mutable_instance();
  instance->set_instance_id(state.instance.id);
  instance->set_service(state.instance.service);
  instance->set_cell(state.instance.cell);
  instance->set_address(state.instance.address);
  instance->set_version(state.instance.version);
  instance->set_ready(state.instance.ready);
  SetTime(state.instance.start_time, instance->mutable_start_time());
  out->set_alive(state.alive);
  SetTime(state.last_heartbeat, out->mutable_last_heartbeat_time());
  out->set_kept_by_all_at_once_rule(state.kept);
}

domain::Instance FromProto(const v1::Instance& instance) {
  return {.id = instance.instance_id(),
          .service = instance.service(),
          .cell = instance.cell(),
          .address = instance.address(),
          .version = instance.version(),
          .ready = instance.ready(),
          .start_time = ToTime(instance.start_time())};
}

std::string ToJson(const google::protobuf::Message& message) { return log::Redacted(message); }

std::string ToJson(const domain::ConfigItem& item) {
  v1::ConfigItem message;
  ToProto(item, &message);
  return ToJson(message);
}

std::string ToJson(const domain::Route& route) {
  v1::Route message;
  ToProto(route, &message);
  return ToJson(message);
}

}  // namespace trivium::control
