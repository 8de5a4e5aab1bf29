// The half of LiveService that is about participants.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/rpc/call_context.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/live/domain/roles.h"
#include "services/live/live_service.h"
#include "services/live/room_view.h"
#include "services/live/validate.h"

namespace trivium::live {
namespace {

using rpc::CallContext;

// A resume token counts for so long after the lease: what Redis may have been away.
constexpr absl::Duration kResumeGrace = absl::Minutes(10);
constexpr absl::Duration kUsualBan = absl::Hours(24);
// How often to call: in the queue it tells the news.
constexpr int kBeatsPerLease = 3, kBeatsPerLeaseInQueue = 10;

absl::Status RoomNotLive(const Room& room, absl::Time now) {
  const std::string state(StateName(room.state));
  Error error(absl::StatusCode::kFailedPrecondition, "ROOM_NOT_LIVE",
              absl::StrCat("room_id: the room is ", state, ", want LIVE"));
  error.With("state", state);
  if (room.state == RoomState::kScheduled && room.start_time > now)
    error.RetryAfter(std::min(room.start_time - now, absl::Hours(1)));
  return error;
}

absl::Status RoleNotAllowed(std::string_view what) {
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED", what);
}

const std::string& UserOf(const CallContext& call, const std::string& asked) {
  return call.user.empty() ? asked : call.user;
}

Id JoinIdOf(const std::string& text) { return *ParseId(kJoinIdKind, text); }  // Validated ids only.

template <typename T>
absl::StatusOr<T> First(std::vector<absl::StatusOr<T>> outcomes) {
  return std::move(outcomes[0]);
}

}  // namespace

absl::StatusOr<Room> LiveService::OpenRoom(const CallContext& call, const std::string& room_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, p_.rooms.Get(call.product, *ParseId(kRoomIdKind, room_id), call.deadline));
  if (!IsOpen(room.state)) return RoomNotLive(room, Now());
  return room;
}

std::optional<ResumeClaim> LiveService::ClaimOf(const RoomId& room, const std::string& user_id,
                                                const std::string& token, const Profile& profile) const {
  if (token.empty()) return std::nullopt;
  absl::StatusOr<ResumeClaim> claim =
      p_.resume_tokens.Open(token, room, user_id, p_.clock.Now(), profile.lease + kResumeGrace);
  if (!claim.ok()) return std::nullopt;
  return *std::move(claim);
}

template <typename Response>
void LiveService::Answer(const Room& room, const std::string& user_id, const Standing& standing, const Profile& profile,
                         bool with_media, Response* response) const {
  const RoomId id{room.product, room.id};
  v1::Participant* participant = response->mutable_participant();
  ToParticipant(id, room.type, user_id, standing.place, participant);
  participant->set_sequence(standing.sequence);
  participant->set_queue_position(static_cast<int32_t>(standing.queue_position));
  SetTime(standing.lease_ends, participant->mutable_lease_expire_time());
  const absl::Time now = absl::FromUnixMillis(absl::ToUnixMillis(p_.clock.Now()));
  response->set_resume_token(
      p_.resume_tokens.Seal({.room = id, .user_id = user_id, .claim = ClaimOfPlace(standing.place), .issued = now}));
  if (standing.estimated_wait) SetDuration(*standing.estimated_wait, response->mutable_estimated_wait());
  const bool waits = standing.place.rung == Rung::kWaiting;
  SetDuration(profile.lease, response->mutable_lease());
  SetDuration(profile.lease / (waits ? kBeatsPerLeaseInQueue : kBeatsPerLease), response->mutable_heartbeat_interval());
  if (!with_media || waits) return;
  ToProto(MediaAccessOf(profile.media, p_.media_keys.Of(room.product), FormatId(kRoomIdKind, room.id), user_id,
                        standing.place, now),
          response->mutable_media());
}

absl::Status LiveService::Handle(const CallContext& call, const v1::JoinRoomRequest& request,
                                 v1::JoinRoomResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request, call.user));
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const Profile> profile, ProfileOf(call));
  const absl::Status status = Join(call, request, *profile, response);
  if (!status.ok()) {
    p_.metrics.Refused(call.product, ReasonOf(status));
    p_.counter.Refused(call.product, profile->DayOf(p_.clock.Now()), ReasonOf(status));
  }
  return status;
}

absl::Status LiveService::Join(const CallContext& call, const v1::JoinRoomRequest& request, const Profile& profile,
                               v1::JoinRoomResponse* response) {
  const absl::Duration started = p_.clock.Monotonic();
  const std::string& user_id = UserOf(call, request.user_id());
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, OpenRoom(call, request.room_id()));
  JoinRequest item{.room = {room.product, room.id},
                   .user_id = user_id,
                   .request_id = request.request_id(),
                   .join_id = p_.ids.Next(),
                   .lease = profile.lease};
  item.claim = ClaimOf(item.room, user_id, request.resume_token(), profile);
  item.only_back = room.state == RoomState::kEnded;
  if (item.only_back && !item.claim) return RoomNotLive(room, Now());
  if (call.user.empty()) {
    item.role = static_cast<Role>(request.role());
  } else if (item.claim && request.grant().empty()) {
    item.role = item.claim->role;
  } else {
    TRIVIUM_ASSIGN_OR_RETURN(item.role, p_.grants.Check(call.product, request.room_id(), user_id, request.grant()));
  }
  // A repeat whose outcome was unknown must find the first one.
  if (item.request_id.empty()) item.request_id = FormatId("req", p_.ids.Next());
  const absl::StatusOr<Standing> standing =
      p_.cell.Run<Standing>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
        return First(admission.Join({&item, 1}, c));
      });
  if (item.only_back && ReasonOf(standing.status()) == "PARTICIPANT_NOT_IN_ROOM") return RoomNotLive(room, Now());
  if (ReasonOf(standing.status()) == "ROOM_NOT_LIVE") {
    // It was closed since it was read.
    const absl::StatusOr<Room> now = p_.store.GetRoom(call.product, room.id, call.deadline);
    return now.ok() ? RoomNotLive(*now, Now()) : standing.status();
  }
  if (!standing.ok() && IsStaff(item.role)) p_.metrics.StaffRefused(call.product, ReasonOf(standing.status()));
  TRIVIUM_RETURN_IF_ERROR(standing.status());
  Answer(room, user_id, *standing, profile, true, response);
  p_.metrics.Joined(call.product, *standing, p_.clock.Monotonic() - started);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::LeaveRoomRequest& request, v1::LeaveRoomResponse*) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request, call.user));
  const std::string& user_id = UserOf(call, request.user_id());
  TRIVIUM_ASSIGN_OR_RETURN(const Room room,
                           p_.rooms.Get(call.product, *ParseId(kRoomIdKind, request.room_id()), call.deadline));
  // Nobody is in a room that is not open.
  if (!IsOpen(room.state)) return absl::OkStatus();
  const Id join_id = JoinIdOf(request.join_id());
  if (request.has_qoe()) {
    const std::shared_ptr<const Profile> profile = p_.profiles.FindOrDefault(call.product);
    const absl::StatusOr<Participant> stay = FindParticipant(room, user_id, call.deadline);
    if (!stay.ok()) return stay.status().code() == absl::StatusCode::kNotFound ? absl::OkStatus() : stay.status();
    if (stay->place.join_id != join_id) return absl::OkStatus();  // Another stay has begun.
    CountReport(room, request.join_id(), stay->place.rung, *profile, request.qoe());
  }
  const LeaveRequest item{
      .room = {room.product, room.id}, .user_id = user_id, .epoch = request.epoch(), .join_id = join_id};
  const absl::StatusOr<bool> left =
      p_.cell.Run<bool>(room, call.deadline, [&](Admission& admission, const live::Call& c) -> absl::StatusOr<bool> {
        TRIVIUM_RETURN_IF_ERROR(admission.Leave({&item, 1}, c)[0]);
        return true;
      });
  return ReasonOf(left.status()) == "CONNECTION_SUPERSEDED" ? absl::OkStatus() : left.status();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::HeartbeatRequest& request,
                                 v1::HeartbeatResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request, call.user));
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const Profile> profile, ProfileOf(call));
  const std::string& user_id = UserOf(call, request.user_id());
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, OpenRoom(call, request.room_id()));
  RenewRequest item{
      .room = {room.product, room.id}, .user_id = user_id, .epoch = request.epoch(), .lease = profile->lease};
  item.claim = ClaimOf(item.room, user_id, request.resume_token(), *profile);
  TRIVIUM_ASSIGN_OR_RETURN(const Standing standing,
                           p_.cell.Run<Standing>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
                             return First(admission.Renew({&item, 1}, c));
                           }));
  const bool same = item.claim && *item.claim == ClaimOfPlace(standing.place);
  Answer(room, user_id, standing, *profile, !same, response);
  response->set_room_state(static_cast<v1::Room::State>(room.state));
  // Of the stay itself only: else anybody could use up the numbers of another's reports.
  if (request.has_qoe() && standing.place.join_id == JoinIdOf(request.join_id()))
    CountReport(room, request.join_id(), standing.place.rung, *profile, request.qoe());
  return absl::OkStatus();
}

void LiveService::CountReport(const Room& room, const std::string& join_id, Rung rung, const Profile& profile,
                              const v1::QoeReport& report) {
  p_.counter.Report(room.product, profile.DayOf(p_.clock.Now()), JoinIdOf(join_id), rung, report);
}

absl::StatusOr<Participant> LiveService::FindParticipant(const Room& room, const std::string& user_id,
                                                         absl::Time deadline) {
  return p_.cell.Run<Participant>(room, deadline, [&](Admission& admission, const live::Call& c) {
    return admission.FindParticipant({room.product, room.id}, user_id, c);
  });
}

absl::Status LiveService::CheckModerator(const CallContext& call, const Room& room) {
  if (call.user.empty()) return absl::OkStatus();
  const absl::StatusOr<Participant> caller = FindParticipant(room, call.user, call.deadline);
  if (!caller.ok() && caller.status().code() != absl::StatusCode::kNotFound) return caller.status();
  if (caller.ok() && RightsOf(caller->place.role).moderates) return absl::OkStatus();
  return RoleNotAllowed("the caller is no staff of the room, want a teacher or assistant who is in");
}

absl::Status LiveService::CheckModerated(const CallContext& call, const Room& room, const std::string& user_id) {
  if (call.user.empty()) return absl::OkStatus();
  const absl::StatusOr<Participant> other = FindParticipant(room, user_id, call.deadline);
  if (!other.ok()) return other.status().code() == absl::StatusCode::kNotFound ? absl::OkStatus() : other.status();
  if (RightsOf(other->place.role).may_be_moderated_by_staff) return absl::OkStatus();
  return RoleNotAllowed("user_id: staff, want a student or observer");
}

absl::Status LiveService::Handle(const CallContext& call, const v1::MoveParticipantRequest& request,
                                 v1::Participant* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, OpenRoom(call, request.room_id()));
  TRIVIUM_RETURN_IF_ERROR(CheckModerator(call, room));
  const MoveRequest item{.room = {room.product, room.id},
                         .user_id = request.user_id(),
                         .to = request.on_stage() ? Where::kStage : Where::kAudience,
                         .seat = request.seat()};
  TRIVIUM_ASSIGN_OR_RETURN(const Standing standing,
                           p_.cell.Run<Standing>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
                             return admission.Move(item, c);
                           }));
  ToParticipant(item.room, room.type, item.user_id, standing.place, response);
  response->set_sequence(standing.sequence);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::MuteParticipantRequest& request,
                                 v1::Participant* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, OpenRoom(call, request.room_id()));
  TRIVIUM_RETURN_IF_ERROR(CheckModerator(call, room));
  TRIVIUM_RETURN_IF_ERROR(CheckModerated(call, room, request.user_id()));
  const MuteRequest item{.room = {room.product, room.id},
                         .user_id = request.user_id(),
                         .mute = {.audio = request.audio_muted(), .video = request.video_muted()}};
  TRIVIUM_ASSIGN_OR_RETURN(const Standing standing,
                           p_.cell.Run<Standing>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
                             return admission.SetMute(item, c);
                           }));
  ToParticipant(item.room, room.type, item.user_id, standing.place, response);
  response->set_sequence(standing.sequence);
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::RemoveParticipantRequest& request,
                                 v1::RemoveParticipantResponse*) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, OpenRoom(call, request.room_id()));
  TRIVIUM_RETURN_IF_ERROR(CheckModerator(call, room));
  TRIVIUM_RETURN_IF_ERROR(CheckModerated(call, room, request.user_id()));
  const RemoveRequest item{.room = {room.product, room.id},
                           .user_id = request.user_id(),
                           .ban = request.has_ban_for() ? DurationOf(request.ban_for()) : kUsualBan};
  // In the database first: a ban outlives the loss of Redis.
  TRIVIUM_RETURN_IF_ERROR(p_.store.AddBan(item.room, {item.user_id, Now() + item.ban}, call.deadline));
  return p_.cell
      .Run<bool>(room, call.deadline,
                 [&](Admission& admission, const live::Call& c) { return admission.Remove(item, c); })
      .status();
}

}  // namespace trivium::live
