// Rooms and participants as products see them.
#pragma once

#include <string>

#include "services/live/admission/admission.h"
#include "services/live/domain/room.h"
#include "services/live/domain/stay.h"
#include "services/live/store/store.h"
#include "services/live/tokens/media_access.h"

namespace trivium::live {
namespace v1 {
class Event;
class MediaAccess;
class Occupancy;
class Participant;
class Room;
}  // namespace v1

void ToProto(const Room& room, v1::Room* out);
void ToProto(const RoomCounts& counts, v1::Occupancy* out);
void ToProto(const Stay& stay, v1::Participant* out);
void ToProto(const MediaAccess& access, v1::MediaAccess* out);
// Of somebody who is in a room now.
void ToParticipant(const RoomId& room, RoomType type, const std::string& user_id, const Place& place,
                   v1::Participant* out);

// Events, serialized.
EventEncoder NewEventEncoder();

}  // namespace trivium::live
