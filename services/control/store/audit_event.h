// The event that tells other services of a change: topic trivium.control.audit.v1, a trivium.control.v1.AuditEntry.
#pragma once

#include "libs/kafka/event.h"
#include "services/control/store/store.h"

namespace trivium::control {

inline constexpr std::string_view kAuditTopic = "trivium.control.audit.v1";

// record.audit_id must be set. id: of the event.
kafka::Event AuditEvent(const AuditRecord& record, const Id& id);

}  // namespace trivium::control
