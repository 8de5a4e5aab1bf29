#include "services/live/live_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/event_feed/serve_events.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/call_guard.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/fingerprint.h"
#include "services/live/room_view.h"
#include "services/live/store/errors.h"
#include "services/live/user_rights.h"
#include "services/live/validate.h"

namespace trivium::live {

using rpc::CallContext;

// Each method: the guard, then its Handle.
#define TRIVIUM_LIVE_METHOD(name, Request, Response)                                                            \
  grpc::ServerUnaryReactor* LiveService::name(grpc::CallbackServerContext* context, const v1::Request* request, \
                                              v1::Response* response) {                                         \
    return p_.guard.Unary(context, "trivium.live.v1.LiveService/" #name,                                        \
                          [=, this](const CallContext& call) { return Handle(call, *request, response); });     \
  }
TRIVIUM_LIVE_METHOD(CreateRoom, CreateRoomRequest, Room)
TRIVIUM_LIVE_METHOD(UpdateRoom, UpdateRoomRequest, Room)
TRIVIUM_LIVE_METHOD(StartRoom, StartRoomRequest, Room)
TRIVIUM_LIVE_METHOD(EndRoom, EndRoomRequest, Room)
TRIVIUM_LIVE_METHOD(GetRoom, GetRoomRequest, Room)
TRIVIUM_LIVE_METHOD(ListRooms, ListRoomsRequest, ListRoomsResponse)
TRIVIUM_LIVE_METHOD(JoinRoom, JoinRoomRequest, JoinRoomResponse)
TRIVIUM_LIVE_METHOD(LeaveRoom, LeaveRoomRequest, LeaveRoomResponse)
TRIVIUM_LIVE_METHOD(Heartbeat, HeartbeatRequest, HeartbeatResponse)
TRIVIUM_LIVE_METHOD(ListParticipants, ListParticipantsRequest, ListParticipantsResponse)
TRIVIUM_LIVE_METHOD(ListStays, ListStaysRequest, ListStaysResponse)
TRIVIUM_LIVE_METHOD(MoveParticipant, MoveParticipantRequest, Participant)
TRIVIUM_LIVE_METHOD(MuteParticipant, MuteParticipantRequest, Participant)
TRIVIUM_LIVE_METHOD(RemoveParticipant, RemoveParticipantRequest, RemoveParticipantResponse)
TRIVIUM_LIVE_METHOD(ListEvents, ListEventsRequest, ListEventsResponse)
TRIVIUM_LIVE_METHOD(ListRoomEvents, ListRoomEventsRequest, ListRoomEventsResponse)
TRIVIUM_LIVE_METHOD(GetDailySummary, GetDailySummaryRequest, DailySummary)
#undef TRIVIUM_LIVE_METHOD

grpc::ServerWriteReactor<v1::Event>* LiveService::WatchEvents(grpc::CallbackServerContext* context,
                                                              const v1::WatchEventsRequest* request) {
  return ServeEvents<v1::Event>(p_.guard, context, "trivium.live.v1.LiveService/WatchEvents", request->cursor(),
                                p_.feed);
}

namespace {

PerRung PlacesOf(const common::v1::RungCapacity& capacity) {
  return {capacity.rtc(), capacity.fast(), capacity.standard()};
}

std::string TextOf(const google::protobuf::Message& message) { return message.SerializeAsString(); }

std::string FingerprintOf(const v1::CreateRoomRequest& r) {
  return Fingerprint({r.room_ref(), absl::StrCat(r.type()), r.title(), r.institution_id(), TextOf(r.start_time()),
                      TextOf(r.duration()), absl::StrCat(r.auto_start()), absl::StrCat(r.auto_end()),
                      absl::StrCat(r.seats()), absl::StrCat(r.stage_size()), absl::StrCat(r.staff_slots()),
                      absl::StrCat(r.has_capacity(), TextOf(r.capacity())),
                      absl::StrCat(r.has_close_delay(), TextOf(r.close_delay()))});
}

std::string FingerprintOf(const v1::UpdateRoomRequest& r) {
  return Fingerprint(
      {r.room_id(), absl::StrCat(r.has_title(), r.title()), absl::StrCat(r.has_start_time(), TextOf(r.start_time())),
       absl::StrCat(r.has_duration(), TextOf(r.duration())), absl::StrCat(r.has_auto_start(), r.auto_start()),
       absl::StrCat(r.has_auto_end(), r.auto_end()), absl::StrCat(r.seats()), absl::StrCat(r.stage_size()),
       absl::StrCat(r.staff_slots()), absl::StrCat(r.has_capacity(), TextOf(r.capacity())),
       absl::StrCat(r.has_close_delay(), TextOf(r.close_delay()))});
}

// The sizes that a room may have by its product's profile.
absl::Status CheckCapacity(const Room& room, const Profile& profile) {
  if (room.type == RoomType::kSmall) return absl::OkStatus();
  std::vector<std::pair<std::string, std::string>> wrong;
  constexpr const char* kFields[] = {"capacity.rtc", "capacity.fast", "capacity.standard"};
  for (size_t i = 0; i < kRungs; ++i) {
    const int64_t low = i == 0 ? room.staff_slots : 0, high = profile.room_capacity[i];
    if (room.capacity[i] < low || room.capacity[i] > high)
      wrong.emplace_back(kFields[i], absl::StrCat(room.capacity[i], ", want ", low, " (staff_slots) to ", high));
  }
  return FieldsError(wrong);
}

int Or(int32_t asked, int usual) { return asked != 0 ? asked : usual; }

template <typename T>
void SetIf(bool has, const T& value, std::optional<T>* out) {
  if (has) *out = value;
}

RoomPatch PatchOf(const v1::UpdateRoomRequest& r) {
  RoomPatch patch;
  SetIf(r.has_title(), r.title(), &patch.title);
  if (r.has_start_time()) patch.start_time = TimeOf(r.start_time());
  if (r.has_duration()) patch.duration = DurationOf(r.duration());
  SetIf(r.has_auto_start(), r.auto_start(), &patch.auto_start);
  SetIf(r.has_auto_end(), r.auto_end(), &patch.auto_end);
  SetIf<int>(r.seats() != 0, r.seats(), &patch.seats);
  SetIf<int>(r.stage_size() != 0, r.stage_size(), &patch.stage_size);
  SetIf<int>(r.staff_slots() != 0, r.staff_slots(), &patch.staff_slots);
  if (r.has_capacity()) patch.capacity = PlacesOf(r.capacity());
  if (r.has_close_delay()) patch.close_delay = DurationOf(r.close_delay());
  return patch;
}

// What does not fit the room's kind.
absl::Status CheckKind(const v1::UpdateRoomRequest& r, RoomType type) {
  std::vector<std::pair<std::string, std::string>> wrong;
  if (type == RoomType::kLarge && r.seats() != 0) wrong.emplace_back("seats", "want none in a LARGE room");
  if (type == RoomType::kSmall && r.stage_size() != 0) wrong.emplace_back("stage_size", "want none in a SMALL room");
  if (type == RoomType::kSmall && r.has_capacity()) wrong.emplace_back("capacity", "want none in a SMALL room");
  return FieldsError(wrong);
}

}  // namespace

absl::Time LiveService::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())); }

absl::StatusOr<std::shared_ptr<const Profile>> LiveService::ProfileOf(const CallContext& call) {
  std::shared_ptr<const Profile> profile = p_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  return profile;
}

absl::StatusOr<Room> LiveService::Change(RoomChange change, absl::Time deadline) {
  change.now = Now();
  change.day = p_.profiles.FindOrDefault(change.product)->DayOf(change.now);
  absl::StatusOr<Room> room = std::move(p_.store.ChangeRooms({&change, 1}, deadline)[0]);
  if (!room.ok()) return room;
  p_.rooms.Put(*room);
  p_.feed.Wake();
  if (change.step.event && room->update_time == change.now)
    p_.metrics.RoomMoved(room->product, std::string(StateName(room->state)));
  return room;
}

absl::Status LiveService::Handle(const CallContext& call, const v1::CreateRoomRequest& request, v1::Room* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  const absl::Time now = Now();
  TRIVIUM_RETURN_IF_ERROR(Validate(request, now));
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const Profile> profile, ProfileOf(call));
  NewRoom item{.request_id = request.request_id(), .fingerprint = FingerprintOf(request), .day = profile->DayOf(now)};
  Room& room = item.draft;
  room.id = p_.ids.Next();
  room.product = call.product;
  room.room_ref = request.room_ref();
  room.type = static_cast<RoomType>(request.type());
  room.title = request.title();
  room.institution_id = request.institution_id();
  room.start_time = TimeOf(request.start_time());
  room.end_time = room.start_time + DurationOf(request.duration());
  room.auto_start = request.auto_start();
  room.auto_end = request.auto_end();
  room.staff_slots = Or(request.staff_slots(), profile->staff_slots);
  const bool small = room.type == RoomType::kSmall;
  room.seats = small ? Or(request.seats(), profile->seats) : 0;
  room.stage_size = small ? 0 : Or(request.stage_size(), profile->stage_size);
  if (!small) room.capacity = request.has_capacity() ? PlacesOf(request.capacity()) : profile->room_capacity;
  room.queue_size = profile->queue_size;
  room.close_delay = request.has_close_delay() ? DurationOf(request.close_delay()) : profile->close_delay;
  room.create_time = room.update_time = now;
  TRIVIUM_RETURN_IF_ERROR(CheckCapacity(room, *profile));
  TRIVIUM_ASSIGN_OR_RETURN(const Room created, std::move(p_.store.CreateRooms({&item, 1}, call.deadline)[0]));
  if (created.id == room.id) p_.metrics.RoomMoved(room.product, "CREATED");
  p_.feed.Wake();
  ToProto(created, response);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::UpdateRoomRequest& request, v1::Room* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request, Now()));
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const Profile> profile, ProfileOf(call));
  RoomChange change{.product = call.product,
                    .room_id = *ParseId(kRoomIdKind, request.room_id()),
                    .step = {.patch = PatchOf(request)},
                    .method = Method::kUpdateRoom,
                    .request_id = request.request_id(),
                    .fingerprint = FingerprintOf(request)};
  TRIVIUM_ASSIGN_OR_RETURN(Room patched, p_.store.GetRoom(call.product, change.room_id, call.deadline));
  TRIVIUM_RETURN_IF_ERROR(CheckKind(request, patched.type));
  if (patched.state == RoomState::kScheduled) {
    Apply(change.step, Now(), &patched);
    TRIVIUM_RETURN_IF_ERROR(CheckCapacity(patched, *profile));
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, Change(std::move(change), call.deadline));
  ToProto(room, response);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::StartRoomRequest& request, v1::Room* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_RETURN_IF_ERROR(ProfileOf(call).status());
  RoomChange change{.product = call.product,
                    .room_id = *ParseId(kRoomIdKind, request.room_id()),
                    .step = {.event = RoomEvent::kStarted, .cell = p_.cell.name()},
                    .method = Method::kStartRoom,
                    .request_id = request.request_id(),
                    .fingerprint = Fingerprint({request.room_id()})};
  const RoomId id{call.product, change.room_id};
  TRIVIUM_ASSIGN_OR_RETURN(const Room before, p_.store.GetRoom(call.product, change.room_id, call.deadline));
  // The places first: a room that the database calls LIVE has its staff's places.
  const bool opens = before.state == RoomState::kScheduled;
  if (opens) {
    absl::StatusOr<std::string> node = p_.cell.Open(before, false, call.deadline);
    if (!node.ok()) p_.metrics.StartRefused(call.product, ReasonOf(node.status()));
    TRIVIUM_RETURN_IF_ERROR(node.status());
    change.step.node = *std::move(node);
  }
  const absl::StatusOr<Room> room = Change(std::move(change), call.deadline);
  // It was canceled meanwhile. Otherwise a failed write leaves the places for the repeat that the caller owes.
  if (opens && ((room.ok() && !IsOpen(room->state)) || ReasonOf(room.status()) == "ROOM_OVER"))
    (void)p_.cell.Close(id, call.deadline);
  TRIVIUM_RETURN_IF_ERROR(room.status());
  ToProto(*room, response);
  (void)FillOccupancy(*room, call.deadline, response);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::EndRoomRequest& request, v1::Room* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  RoomChange change{.product = call.product,
                    .room_id = *ParseId(kRoomIdKind, request.room_id()),
                    .step = {.event = RoomEvent::kEnded,
                             .otherwise = RoomEvent::kCanceled,
                             .reason = RoomReason::kEndedByProduct,
                             .otherwise_reason = RoomReason::kCanceledByProduct},
                    .method = Method::kEndRoom,
                    .request_id = request.request_id(),
                    .fingerprint = Fingerprint({request.room_id()})};
  const RoomId id{call.product, change.room_id};
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, Change(std::move(change), call.deadline));
  // A start that got no further than its places leaves them to this.
  if (room.state == RoomState::kCanceled) (void)p_.cell.Close(id, call.deadline);
  ToProto(room, response);
  return absl::OkStatus();
}

}  // namespace trivium::live
