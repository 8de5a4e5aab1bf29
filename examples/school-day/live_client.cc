#include "examples/school-day/live_client.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/school-day/backend_call.h"
#include "examples/school-day/live_views.h"
#include "libs/status/status.h"
#include "trivium/live/v1/live.grpc.pb.h"

namespace trivium::schoolday {

namespace api = trivium::live::v1;
using Stub = api::LiveService::Stub;
using google::protobuf::Message;

namespace {

constexpr int kClassMinutes = 45;
constexpr absl::Duration kCloseDelay = absl::Seconds(1);

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t ms = absl::ToUnixMillis(time);
  out->set_seconds(ms / 1000);
  out->set_nanos(static_cast<int32_t>(ms % 1000 * 1'000'000));
}

template <typename Request, typename Answer>
grpc::Status CallStub(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
                      grpc::ClientContext* context, const Message& request, Message* answer) {
  return (stub.*method)(context, static_cast<const Request&>(request), static_cast<Answer*>(answer));
}

grpc::Status CallByName(Stub& stub, LiveCommand command, grpc::ClientContext* context, const Message& request,
                        Message* answer) {
  switch (command) {
    case LiveCommand::kJoin:
      return CallStub(stub, &Stub::JoinRoom, context, request, answer);
    case LiveCommand::kHeartbeat:
      return CallStub(stub, &Stub::Heartbeat, context, request, answer);
    case LiveCommand::kLeave:
      return CallStub(stub, &Stub::LeaveRoom, context, request, answer);
    case LiveCommand::kList:
      return CallStub(stub, &Stub::ListParticipants, context, request, answer);
    case LiveCommand::kMove:
      return CallStub(stub, &Stub::MoveParticipant, context, request, answer);
    case LiveCommand::kMute:
      return CallStub(stub, &Stub::MuteParticipant, context, request, answer);
  }
  return {grpc::StatusCode::UNIMPLEMENTED, ""};
}

}  // namespace

struct LiveClient::Impl {
  Impl(const BackendOptions& o, Latencies& l) : options(o), latencies(l) {}

  const BackendOptions options;
  Latencies& latencies;  // Not owned; outlives this.
  std::unique_ptr<Stub> stub;
  std::atomic<bool> troubled = false;

  template <typename Answer, typename Method, typename Request>
  absl::StatusOr<Answer> Call(const char* name, Method method, const Request& request) {
    int tries = 0;
    auto answer = CallPatiently<Answer>(*stub, name, method, request, options, latencies, &tries);
    if (tries > 1) troubled = true;
    return answer;
  }
  template <typename Request, typename Method>
  absl::StatusOr<ClassRoomView> CallRoom(const char* name, Method method, const std::string& request_id,
                                         const std::string& room_id) {
    Request request;
    request.set_request_id(request_id);
    request.set_room_id(room_id);
    TRIVIUM_ASSIGN_OR_RETURN(const api::Room room, Call<api::Room>(name, method, request));
    return ViewOf(room);
  }
};

LiveClient::LiveClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveClient::~LiveClient() = default;

absl::StatusOr<std::unique_ptr<LiveClient>> LiveClient::Create(const BackendOptions& options, Latencies& latencies) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenBackendChannel(options));
  auto impl = std::make_unique<Impl>(options, latencies);
  impl->stub = api::LiveService::NewStub(channel);
  return std::unique_ptr<LiveClient>(new LiveClient(std::move(impl)));
}

bool LiveClient::was_troubled() const { return impl_->troubled; }

absl::StatusOr<ClassRoomView> LiveClient::CreateRoom(const std::string& request_id, const PlannedRoom& room,
                                                     absl::Time start) {
  api::CreateRoomRequest request;
  request.set_request_id(request_id);
  request.set_room_ref(room.room_ref);
  request.set_type(room.small ? api::Room::SMALL : api::Room::LARGE);
  request.set_title(room.title);
  request.set_institution_id(room.institution_id);
  SetTime(start, request.mutable_start_time());
  request.mutable_duration()->set_seconds(kClassMinutes * 60);
  request.mutable_close_delay()->set_seconds(absl::ToInt64Seconds(kCloseDelay));
  if (room.rtc > 0) {
    request.mutable_capacity()->set_rtc(static_cast<int32_t>(room.rtc));
    request.mutable_capacity()->set_fast(static_cast<int32_t>(room.fast));
    request.mutable_capacity()->set_standard(static_cast<int32_t>(room.standard));
  }
  TRIVIUM_ASSIGN_OR_RETURN(const api::Room answer, impl_->Call<api::Room>("CreateRoom", &Stub::CreateRoom, request));
  return ViewOf(answer);
}

absl::StatusOr<ClassRoomView> LiveClient::MoveRoom(const std::string& request_id, const std::string& room_id,
                                                   absl::Time start, bool auto_start) {
  api::UpdateRoomRequest request;
  request.set_request_id(request_id);
  request.set_room_id(room_id);
  SetTime(start, request.mutable_start_time());
  request.set_auto_start(auto_start);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Room answer, impl_->Call<api::Room>("UpdateRoom", &Stub::UpdateRoom, request));
  return ViewOf(answer);
}

absl::StatusOr<ClassRoomView> LiveClient::StartRoom(const std::string& request_id, const std::string& room_id) {
  return impl_->CallRoom<api::StartRoomRequest>("StartRoom", &Stub::StartRoom, request_id, room_id);
}

absl::StatusOr<ClassRoomView> LiveClient::EndRoom(const std::string& request_id, const std::string& room_id) {
  return impl_->CallRoom<api::EndRoomRequest>("EndRoom", &Stub::EndRoom, request_id, room_id);
}

absl::StatusOr<ClassRoomView> LiveClient::GetRoom(const std::string& room_id) {
  api::GetRoomRequest request;
  request.set_room_id(room_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Room answer, impl_->Call<api::Room>("GetRoom", &Stub::GetRoom, request));
  return ViewOf(answer);
}

absl::StatusOr<std::vector<StayView>> LiveClient::ListParticipants(const std::string& room_id) {
  api::ListParticipantsRequest request;
  request.set_room_id(room_id);
  request.set_page_size(200);
  std::vector<StayView> stays;
  do {
    TRIVIUM_ASSIGN_OR_RETURN(
        const api::ListParticipantsResponse page,
        impl_->Call<api::ListParticipantsResponse>("ListParticipants", &Stub::ListParticipants, request));
    for (const api::Participant& stay : page.participants()) stays.push_back(ViewOf(stay));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return stays;
}

absl::Status LiveClient::MoveParticipant(const std::string& room_id, const std::string& user_id, bool on_stage) {
  api::MoveParticipantRequest request;
  request.set_room_id(room_id);
  request.set_user_id(user_id);
  request.set_on_stage(on_stage);
  return impl_->Call<api::Participant>("MoveParticipant", &Stub::MoveParticipant, request).status();
}

absl::Status LiveClient::RemoveParticipant(const std::string& room_id, const std::string& user_id) {
  api::RemoveParticipantRequest request;
  request.set_room_id(room_id);
  request.set_user_id(user_id);
  return impl_->Call<api::RemoveParticipantResponse>("RemoveParticipant", &Stub::RemoveParticipant, request).status();
}

absl::StatusOr<LiveDayView> LiveClient::GetDailySummary() {
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::DailySummary day,
      impl_->Call<api::DailySummary>("LiveDailySummary", &Stub::GetDailySummary, api::GetDailySummaryRequest()));
  return ViewOf(day);
}

absl::StatusOr<std::string> LiveClient::NewestCursor() {
  return ReadNewestCursor<api::ListEventsRequest>([this](const api::ListEventsRequest& request) {
    return impl_->Call<api::ListEventsResponse>("LiveListEvents", &Stub::ListEvents, request);
  });
}

absl::Status LiveClient::WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                                     const std::function<void(const LiveEventView&)>& receive) {
  return ReadEvents<api::WatchEventsRequest, api::Event>(*impl_->stub, cursor, stop,
                                                         [&](const api::Event& event) { receive(ViewOf(event)); });
}

absl::Status LiveClient::CallOnce(LiveCommand command, const Message& request, Message* answer) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + impl_->options.call_timeout));
  return ToStatus(CallByName(*impl_->stub, command, &context, request, answer));
}

}  // namespace trivium::schoolday
