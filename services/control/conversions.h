// Between the API's messages and what the rules and the store speak.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/control/domain/config_item.h"
#include "services/control/domain/plan.h"
#include "services/control/domain/registry.h"
#include "services/control/store/store.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf
namespace trivium::control::v1 {
class AuditEntry;
class ConfigItem;
class Instance;
class InstanceStatus;
class RoutePlan;
}  // namespace trivium::control::v1

namespace trivium::control {

void ToProto(const domain::ConfigItem& item, v1::ConfigItem* out);
// default_cells: of products without a route.
void ToProto(const domain::Plan& plan, const std::vector<std::string>& default_cells, v1::RoutePlan* out);
void ToProto(const AuditRecord& record, v1::AuditEntry* out);
void ToProto(const domain::InstanceState& state, v1::InstanceStatus* out);
domain::Instance FromProto(const v1::Instance& instance);

// JSON with proto field names, for audit; values of Any included. Sensitive fields are masked.
std::string ToJson(const google::protobuf::Message& message);
std::string ToJson(const domain::ConfigItem& item);
std::string ToJson(const domain::Route& route);

}  // namespace trivium::control
