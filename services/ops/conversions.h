// Between other services' messages and ours. Pure.
#pragma once

#include "absl/time/time.h"

namespace google::protobuf {
class Timestamp;
}
namespace trivium::control::v1 {
class AuditEntry;
class ConfigItem;
class ListInstancesResponse;
class PublishConfigRequest;
class RollbackConfigRequest;
class RoutePlan;
class SetRouteRequest;
}  // namespace trivium::control::v1
namespace trivium::payment::v1 {
class CurrencySummary;
class Event;
}  // namespace trivium::payment::v1
namespace trivium::push::v1 {
class Delivery;
}
namespace trivium::ops::v1 {
class Activity;
class AuditEntry;
class CommandVersion;
class CurrencyDay;
class Platform;
class Product;
class PublishCommandRequest;
class RollBackCommandRequest;
class SetRouteRequest;
}  // namespace trivium::ops::v1

namespace trivium::ops {

// Kind of control's config items that are commands.
inline constexpr char kCommandKind[] = "command";

struct ActivityRecord;
struct ProductNames;

void ToProto(const ProductNames& names, v1::Product* out);
void ToCurrencyDay(const payment::v1::CurrencySummary& summary, v1::CurrencyDay* out);
void ToPlatform(const control::v1::ListInstancesResponse& instances, const control::v1::RoutePlan& plan,
                v1::Platform* out);
void ToControl(const v1::SetRouteRequest& request, control::v1::SetRouteRequest* out);
void ToAuditEntry(const control::v1::AuditEntry& entry, v1::AuditEntry* out);
void ToProto(const ActivityRecord& activity, v1::Activity* out);
// All but product, event id and time, which the envelope has. false: neither a payment nor a refund.
bool FromEvent(const payment::v1::Event& event, ActivityRecord* out);
// accepted = acked + vendor + expired + dropped + pending.
bool AddsUp(const push::v1::Delivery& ledger);
// false: the item is no command.
bool FromConfig(const control::v1::ConfigItem& item, v1::CommandVersion* out);
void ToControl(const v1::PublishCommandRequest& request, control::v1::PublishConfigRequest* out);
void ToControl(const v1::RollBackCommandRequest& request, control::v1::RollbackConfigRequest* out);

}  // namespace trivium::ops
