// A message as it comes through Redis, decoded once, and encoded once for each form of the client protocol.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "libs/id/id_value.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/send_queue.h"
#include "services/gateway/session/recovery.h"

namespace trivium::push::v1 {
class Publication;
}

namespace trivium::gateway {

// A place in a channel's stream, or a message without one. Immutable; shared by all who get it.
struct Publication {
  uint64_t offset = 0;  // 0: it has no place.
  std::string epoch;
  std::shared_ptr<const protocol::Publication> body;  // Null: a place that no client sees.
  FrameClass frame_class = FrameClass::kLossy;
  Id message_id;
  int64_t create_time_ms = 0;  // 0: a repeat, which says nothing about the time to the client.
  int64_t expire_time_ms = 0;  // 0: never.
  size_t bytes = 0;            // That it keeps in memory, about.

  bool ExpiredAt(int64_t now_ms) const { return expire_time_ms != 0 && now_ms >= expire_time_ms; }
  // For sessions; without its body when it has expired.
  protocol::Entry EntryAt(int64_t now_ms) const { return {offset, ExpiredAt(now_ms) ? nullptr : body}; }
};
using PublicationPtr = std::shared_ptr<const Publication>;

// Ends the connections of a user.
struct DisconnectOrder {
  std::string device_id;  // "": all.
  bool may_reconnect = false;
};
// Takes a user's connections out of a room.
struct LeaveRoomOrder {
  std::string room_id;
};
using FanoutMessage = std::variant<PublicationPtr, DisconnectOrder, LeaveRoomOrder>;

// A payload of push. offset, epoch: its place; 0 and "" for none. restored: brought back after a loss, so that it may
// have come before. DATA_LOSS when it is not a Fanout, or its message has no id or class.
absl::StatusOr<FanoutMessage> DecodeFanout(std::string_view payload, uint64_t offset, std::string_view epoch,
                                           bool restored);
// As a client gets it, without a place. Null when it has no id or class.
PublicationPtr MakeRepeat(const push::v1::Publication& publication);

// The frames of a push of the publication; null for a form that is not wanted, or that cannot carry its payload. tag:
// SharedFrame's.
FrameForms EncodeFrames(const std::string& channel, const Publication& publication,
                        const std::array<bool, kForms>& wanted, uint64_t tag);

// "LOSSY", "ORDERED", "RELIABLE".
inline const char* ClassName(const Publication& publication) { return FrameClassName(publication.frame_class); }

}  // namespace trivium::gateway
