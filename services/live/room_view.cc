#include "services/live/room_view.h"

#include "libs/clock/proto_time.h"
#include "services/live/domain/room_rules.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {
namespace {

// Numbers of Why and RungReason are the same; both are fixed.
v1::RungReason ReasonOf(const Place& place) {
  if (place.why != Why::kFreePlace) return static_cast<v1::RungReason>(place.why);
  return place.rung == Rung::kRtc ? v1::BEST : v1::FULL;
}
static_assert(static_cast<int>(Why::kStaffSlice) == v1::STAFF && static_cast<int>(Why::kFull) == v1::FULL &&
              static_cast<int>(Why::kSeatsTaken) == v1::SEATS_TAKEN &&
              static_cast<int>(Why::kBehindQueue) == v1::BEHIND_QUEUE &&
              static_cast<int>(Why::kAdmitted) == v1::FROM_QUEUE && static_cast<int>(Why::kMoved) == v1::MOVED &&
              static_cast<int>(Why::kResumed) == v1::RESUMED && static_cast<int>(Why::kOutdone) == v1::OUTDONE);

v1::Level LevelOf(Level level) {
  switch (level) {
    case Level::kPlatform:
      return v1::PLATFORM;
    case Level::kProduct:
      return v1::PRODUCT;
    case Level::kInstitution:
      return v1::INSTITUTION;
    case Level::kNode:
      return v1::NODE;
    case Level::kRoom:
      break;
  }
  return v1::ROOM;
}

void SetIfKnown(absl::Time time, google::protobuf::Timestamp* (v1::Room::*field)(), v1::Room* out) {
  if (time != absl::InfinitePast()) SetTime(time, (out->*field)());
}

std::string EventOf(const Id& event_id, EventType type, const std::string& product, absl::Time time, v1::Event* event) {
  event->set_event_id(FormatId(kEventIdKind, event_id));
  event->set_product(product);
  event->set_type(static_cast<v1::Event::Type>(type));
  SetTime(time, event->mutable_time());
  return event->SerializeAsString();
}

}  // namespace

void ToProto(const Room& room, v1::Room* out) {
  out->set_room_id(FormatId(kRoomIdKind, room.id));
  out->set_room_ref(room.room_ref);
  out->set_type(static_cast<v1::Room::Type>(room.type));
  out->set_title(room.title);
  out->set_institution_id(room.institution_id);
  SetTime(room.start_time, out->mutable_start_time());
  SetTime(room.end_time, out->mutable_end_time());
  out->set_auto_start(room.auto_start);
  out->set_auto_end(room.auto_end);
  out->set_seats(room.seats);
  out->set_stage_size(room.stage_size);
  out->set_staff_slots(room.staff_slots);
  const PerRung places = LimitsOf(room).places;
  out->mutable_capacity()->set_rtc(static_cast<int32_t>(places[0]));
  out->mutable_capacity()->set_fast(static_cast<int32_t>(places[1]));
  out->mutable_capacity()->set_standard(static_cast<int32_t>(places[2]));
  out->set_queue_size(static_cast<int32_t>(room.queue_size));
  SetDuration(room.close_delay, out->mutable_close_delay());
  out->set_state(static_cast<v1::Room::State>(room.state));
  out->set_state_reason(std::string(ReasonName(room.reason)));
  out->set_node(room.node);
  SetIfKnown(room.live_time, &v1::Room::mutable_live_time, out);
  SetIfKnown(room.ended_time, &v1::Room::mutable_ended_time, out);
  SetIfKnown(room.close_time, &v1::Room::mutable_close_time, out);
  SetTime(room.create_time, out->mutable_create_time());
  SetTime(room.update_time, out->mutable_update_time());
  out->set_version(room.version);
}

void ToProto(const RoomCounts& counts, v1::Occupancy* out) {
  const auto number = [](int64_t n) { return static_cast<int32_t>(n); };
  out->set_rtc(number(counts.on[0]));
  out->set_fast(number(counts.on[1]));
  out->set_standard(number(counts.on[2]));
  out->set_waiting(number(counts.on[3]));
  out->set_staff(number(counts.by_role[0] + counts.by_role[1]));
  out->set_seated(number(counts.seats_taken));
}

void ToParticipant(const RoomId& room, RoomType type, const std::string& user_id, const Place& place,
                   v1::Participant* out) {
  out->set_room_id(FormatId(kRoomIdKind, room.room_id));
  out->set_user_id(user_id);
  out->set_join_id(FormatId(kJoinIdKind, place.join_id));
  out->set_epoch(place.epoch);
  out->set_role(static_cast<v1::Role>(place.role));
  out->set_state(place.rung == Rung::kWaiting ? v1::Participant::QUEUED : v1::Participant::JOINED);
  out->set_rung(static_cast<v1::Rung>(place.rung));
  out->set_reason(ReasonOf(place));
  for (size_t i = 0; i < place.full.size(); ++i) {
    if (!place.full[i]) continue;
    v1::FullLevel* full = out->add_full_levels();
    full->set_rung(static_cast<v1::Rung>(i + 1));
    full->set_level(LevelOf(*place.full[i]));
  }
  out->set_seat(place.seat);
  out->set_on_stage(type == RoomType::kLarge && place.seat > 0);
  out->set_audio_muted(place.mute.audio);
  out->set_video_muted(place.mute.video);
  SetTime(place.joined, out->mutable_join_time());
}

void ToProto(const Stay& stay, v1::Participant* out) {
  // A stay does not know the kind of its room: its event says the seat, and on_stage is left to who knows.
  ToParticipant({stay.product, stay.room_id}, RoomType::kSmall, stay.user_id, stay.place, out);
  out->set_state(static_cast<v1::Participant::State>(stay.state));
  out->set_sequence(stay.sequence);
  if (stay.state != StayState::kLeft) return;
  SetTime(stay.leave_time, out->mutable_leave_time());
  out->set_leave_reason(std::string(ReasonName(stay.reason)));
}

void ToProto(const MediaAccess& access, v1::MediaAccess* out) {
  out->set_app_id(access.app_id);
  out->set_media_user_id(access.user);
  out->set_media_room_id(access.room);
  out->set_user_sig(access.user_sig);
  out->set_private_map_key(access.private_map_key);
  SetTime(access.expires, out->mutable_expire_time());
  for (const MediaUrl& url : access.urls) {
    v1::MediaUrl* to = out->add_urls();
    to->set_rung(static_cast<v1::Rung>(url.rung));
    to->set_protocol(url.protocol);
    to->set_url(url.url);
  }
}

EventEncoder NewEventEncoder() {
  return {.room =
              [](const Id& event_id, EventType type, const Room& after) {
                v1::Event event;
                ToProto(after, event.mutable_room());
                return EventOf(event_id, type, after.product, after.update_time, &event);
              },
          .stay =
              [](const Id& event_id, EventType type, const Stay& after, absl::Time time) {
                v1::Event event;
                ToProto(after, event.mutable_participant());
                return EventOf(event_id, type, after.product, time, &event);
              }};
}

}  // namespace trivium::live
