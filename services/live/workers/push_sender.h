// push over gRPC: PublishBatch, class ORDERED.
#pragma once

#include <memory>

#include "libs/rpc/tls.h"
#include "services/live/workers/announcer.h"

namespace trivium::live {

std::unique_ptr<RoomSender> NewPushSender(rpc::TlsFiles tls);

}  // namespace trivium::live
