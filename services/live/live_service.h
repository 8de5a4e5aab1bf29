// The RPC surface of live: validate, decide, ask the admission or the store, answer. No SQL, no rules.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/event_feed/event_feed.h"
#include "libs/id/id.h"
#include "services/live/cell.h"
#include "services/live/day_counter.h"
#include "services/live/grants/grants.h"
#include "services/live/metrics.h"
#include "services/live/profiles.h"
#include "services/live/resume/resume_token.h"
#include "services/live/room_cache.h"
#include "services/live/store/store.h"
#include "trivium/live/v1/live.grpc.pb.h"

namespace trivium::rpc {
class CallGuard;
struct CallContext;
}  // namespace trivium::rpc

namespace trivium::live {

// Thread-safe.
class LiveService : public v1::LiveService::CallbackService {
 public:
  // All of them outlive the service.
  struct Parts {
    rpc::CallGuard& guard;
    Store& store;
    Cell& cell;
    RoomCache& rooms;
    Profiles& profiles;
    const Grants& grants;
    const ResumeTokens& resume_tokens;
    ProductMediaKeys& media_keys;
    DayCounter& counter;
    EventFeed& feed;
    IdGenerator& ids;
    Clock& clock;
    LiveMetrics& metrics;
  };
  explicit LiveService(Parts parts) : p_(std::move(parts)) {}

#define TRIVIUM_LIVE_METHOD(name, Request, Response)                                               \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context, const v1::Request* request, \
                                 v1::Response* response) override;
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
  grpc::ServerWriteReactor<v1::Event>* WatchEvents(grpc::CallbackServerContext* context,
                                                   const v1::WatchEventsRequest* request) override;

 private:
  // Rooms: live_service.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::CreateRoomRequest& request, v1::Room* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::UpdateRoomRequest& request, v1::Room* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::StartRoomRequest& request, v1::Room* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::EndRoomRequest& request, v1::Room* response);
  // Participants: live_participants.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::JoinRoomRequest& request, v1::JoinRoomResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::LeaveRoomRequest& request,
                      v1::LeaveRoomResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::HeartbeatRequest& request,
                      v1::HeartbeatResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::MoveParticipantRequest& request,
                      v1::Participant* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::MuteParticipantRequest& request,
                      v1::Participant* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::RemoveParticipantRequest& request,
                      v1::RemoveParticipantResponse* response);
  // Reads: live_reads.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::GetRoomRequest& request, v1::Room* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListRoomsRequest& request,
                      v1::ListRoomsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListParticipantsRequest& request,
                      v1::ListParticipantsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListStaysRequest& request,
                      v1::ListStaysResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListEventsRequest& request,
                      v1::ListEventsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListRoomEventsRequest& request,
                      v1::ListRoomEventsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::GetDailySummaryRequest& request,
                      v1::DailySummary* response);

  // FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED.
  absl::StatusOr<std::shared_ptr<const Profile>> ProfileOf(const rpc::CallContext& call);
  // Who is in a room, if it is open. False: Redis does not answer.
  bool FillOccupancy(const Room& room, absl::Time deadline, v1::Room* out);
  absl::StatusOr<Room> Change(RoomChange change, absl::Time deadline);
  absl::Status Join(const rpc::CallContext& call, const v1::JoinRoomRequest& request, const Profile& profile,
                    v1::JoinRoomResponse* response);
  // An open room; FAILED_PRECONDITION ROOM_NOT_LIVE.
  absl::StatusOr<Room> OpenRoom(const rpc::CallContext& call, const std::string& room_id);
  // What a good resume token of this participant proves.
  std::optional<ResumeClaim> ClaimOf(const RoomId& room, const std::string& user_id, const std::string& token,
                                     const Profile& profile) const;
  // A page of who is in an open room. NOT_FOUND ROOM_NOT_LIVE: it was closed since it was read.
  absl::Status ListWhoIsIn(const rpc::CallContext& call, const Room& room, std::string after, int32_t page_size,
                           const std::string& purpose, v1::ListParticipantsResponse* response);
  // Somebody who is in a room now. NOT_FOUND PARTICIPANT_NOT_IN_ROOM.
  absl::StatusOr<Participant> FindParticipant(const Room& room, const std::string& user_id, absl::Time deadline);
  // Whether the caller may move, mute and remove others: PERMISSION_DENIED ROLE_NOT_ALLOWED for a user who is no staff
  // of the room.
  absl::Status CheckModerator(const rpc::CallContext& call, const Room& room);
  // A user of the staff does not moderate staff. OK for who is not in.
  absl::Status CheckModerated(const rpc::CallContext& call, const Room& room, const std::string& user_id);
  template <typename Response>
  void Answer(const Room& room, const std::string& user_id, const Standing& standing, const Profile& profile,
              bool with_media, Response* response) const;
  void CountReport(const Room& room, const std::string& join_id, Rung rung, const Profile& profile,
                   const v1::QoeReport& report);
  // In microseconds, as the database keeps times.
  absl::Time Now() const;

  const Parts p_;
};

}  // namespace trivium::live
