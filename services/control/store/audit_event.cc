#include "services/control/store/audit_event.h"

#include "services/control/conversions.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {
namespace {

constexpr size_t kMaxKey = 64, kMaxSubject = 120;

}  // namespace

kafka::Event AuditEvent(const AuditRecord& record, const Id& id) {
  v1::AuditEntry entry;
  ToProto(record, &entry);
  return {.id = id,
          .topic = std::string(kAuditTopic),
          // Order is kept per object; objects whose first 64 bytes are equal share a key, which keeps order, too.
          .key = record.object.substr(0, kMaxKey),
          .type = entry.GetTypeName(),
          .product = record.product,
          .subject = record.object.substr(0, kMaxSubject),
          .traceparent = record.traceparent,
          .time = record.time,
          .payload = entry.SerializeAsString()};
}

}  // namespace trivium::control
