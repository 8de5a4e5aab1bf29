#include "tests/load/live_api.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "tests/load/product_tls.h"
#include "trivium/live/v1/live.grpc.pb.h"

namespace trivium::load {

namespace api = trivium::live::v1;

namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
// A platform that has just come up takes rooms after its first lease.
constexpr absl::Duration kOpenPatience = absl::Seconds(60);

absl::Status ToStatus(const grpc::Status& status) {
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

void SetDeadline(grpc::ClientContext& context) { context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout)); }

template <typename Request, typename Answer>
struct Call {
  grpc::ClientContext context;
  Request request;
  Answer answer;
};

std::string ReasonOfPlace(const api::Participant& in) {
  std::string reason = api::RungReason_Name(in.reason());
  if (in.reason() == api::FULL && in.full_levels_size() > 0)
    absl::StrAppend(&reason, " ", api::Level_Name(in.full_levels(in.full_levels_size() - 1).level()));
  return reason;
}

LoadRoom ToLoadRoom(const api::Room& room) {
  return {.id = room.room_id(),
          .institution = room.institution_id(),
          .node = room.node(),
          .places = {room.capacity().rtc(), room.capacity().fast(), room.capacity().standard()},
          .queue_size = room.queue_size(),
          .staff_slots = room.staff_slots()};
}

}  // namespace

struct LiveApi::Impl {
  JoinFlags flags;
  std::string run_id;
  struct Connection {
    std::unique_ptr<api::LiveService::Stub> live;
    std::unique_ptr<grpc::GenericStub> generic;
  };
  std::vector<Connection> connections;

  Connection& ConnectionOf(int64_t n) { return connections[static_cast<size_t>(n) % connections.size()]; }
  api::LiveService::Stub& first() { return *connections[0].live; }

  absl::StatusOr<api::Room> Create(int n, const std::string& institution) {
    grpc::ClientContext context;
    SetDeadline(context);
    api::CreateRoomRequest request;
    const std::string name = absl::StrCat(run_id, "-room-", n);
    request.set_request_id(name);
    request.set_room_ref(name);
    request.set_type(api::Room::LARGE);
    request.set_title("负载 load");
    request.set_institution_id(institution);
    request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    request.mutable_duration()->set_seconds(3 * flags.seconds + 600);
    request.set_auto_end(true);
    request.set_staff_slots(1);
    request.mutable_close_delay();  // 0 s.
    api::Room room;
    const grpc::Status status = first().CreateRoom(&context, request, &room);
    if (!status.ok()) return ToStatus(status);
    return room;
  }

  absl::StatusOr<api::Room> Start(const std::string& room_id) {
    grpc::ClientContext context;
    SetDeadline(context);
    api::StartRoomRequest request;
    request.set_request_id(absl::StrCat("start:", room_id));
    request.set_room_id(room_id);
    api::Room room;
    const grpc::Status status = first().StartRoom(&context, request, &room);
    if (!status.ok()) return ToStatus(status);
    return room;
  }
};

LiveApi::LiveApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveApi::~LiveApi() = default;

absl::StatusOr<std::unique_ptr<LiveApi>> LiveApi::Create(const JoinFlags& flags, const std::string& run_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls, ReadProductTls(flags.pki, flags.product));
  auto impl = std::make_unique<Impl>();
  impl->flags = flags;
  impl->run_id = run_id;
  for (int i = 0; i < flags.channels; ++i) {
    grpc::ChannelArguments arguments;
    // Channels with the same arguments would share one connection.
    arguments.SetInt("trivium.load.channel", i);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (!flags.target.starts_with("xds:")) {
      arguments.SetSslTargetNameOverride(absl::StrCat(flags.product, ".live.trivium"));
    }
    const auto channel = grpc::CreateCustomChannel(flags.target, grpc::SslCredentials(tls), arguments);
    impl->connections.push_back({api::LiveService::NewStub(channel), std::make_unique<grpc::GenericStub>(channel)});
  }
  return std::unique_ptr<LiveApi>(new LiveApi(std::move(impl)));
}

absl::StatusOr<LoadRoom> LiveApi::OpenRoom(int n, const std::string& institution) {
  const absl::Time end = absl::Now() + kOpenPatience;
  while (true) {
    absl::StatusOr<api::Room> room = impl_->Create(n, institution);
    if (room.ok()) room = impl_->Start(room->room_id());
    if (room.ok()) return ToLoadRoom(*room);
    if (!absl::IsUnavailable(room.status()) || absl::Now() > end) return room.status();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

absl::StatusOr<RoomUse> LiveApi::ReadUse(const LoadRoom& room) {
  grpc::ClientContext context;
  SetDeadline(context);
  api::GetRoomRequest request;
  request.set_room_id(room.id);
  api::Room answer;
  const grpc::Status status = impl_->first().GetRoom(&context, request, &answer);
  if (!status.ok()) return ToStatus(status);
  if (!answer.has_occupancy()) return absl::UnavailableError("GetRoom: without occupancy, its Redis does not answer");
  const api::Occupancy& use = answer.occupancy();
  return RoomUse{.held = {use.rtc(), use.fast(), use.standard()}, .waiting = use.waiting(), .staff = use.staff()};
}

absl::StatusOr<int64_t> LiveApi::CountExpired() {
  grpc::ClientContext context;
  SetDeadline(context);
  api::DailySummary day;
  const grpc::Status status = impl_->first().GetDailySummary(&context, api::GetDailySummaryRequest(), &day);
  if (!status.ok()) return ToStatus(status);
  const auto expired = day.leaves().find("LEASE_EXPIRED");
  return expired == day.leaves().end() ? 0 : expired->second;
}

absl::Status LiveApi::EndRoom(const LoadRoom& room) {
  grpc::ClientContext context;
  SetDeadline(context);
  api::EndRoomRequest request;
  request.set_request_id(absl::StrCat("end:", room.id));
  request.set_room_id(room.id);
  api::Room answer;
  return ToStatus(impl_->first().EndRoom(&context, request, &answer));
}

void LiveApi::JoinAsync(const LoadRoom& room, int64_t n, std::function<void(absl::StatusOr<Joined>)> done) {
  auto call = std::make_shared<Call<api::JoinRoomRequest, api::JoinRoomResponse>>();
  SetDeadline(call->context);
  call->request.set_room_id(room.id);
  call->request.set_user_id(absl::StrCat("u", n));
  call->request.set_role(api::STUDENT);
  call->request.set_platform("pc");
  call->request.set_request_id(absl::StrCat(impl_->run_id, ".", n));
  impl_->ConnectionOf(n).live->async()->JoinRoom(
      &call->context, &call->request, &call->answer, [call, done = std::move(done)](const grpc::Status& status) {
        if (!status.ok()) return done(ToStatus(status));
        const api::Participant& in = call->answer.participant();
        if (in.rung() < api::RTC || in.rung() > api::WAITING) {
          return done(absl::InternalError(absl::StrCat("JoinRoom: rung ", static_cast<int>(in.rung()))));
        }
        done(Joined{in.join_id(), static_cast<size_t>(in.rung() - api::RTC), ReasonOfPlace(in)});
      });
}

void LiveApi::LeaveAsync(const LoadRoom& room, int64_t n, const std::string& join_id,
                         std::function<void(absl::Status)> done) {
  auto call = std::make_shared<Call<api::LeaveRoomRequest, api::LeaveRoomResponse>>();
  SetDeadline(call->context);
  call->request.set_room_id(room.id);
  call->request.set_user_id(absl::StrCat("u", n));
  call->request.set_join_id(join_id);
  impl_->ConnectionOf(n).live->async()->LeaveRoom(
      &call->context, &call->request, &call->answer,
      [call, done = std::move(done)](const grpc::Status& status) { done(ToStatus(status)); });
}

void LiveApi::CheckAsync(int64_t n, std::function<void(absl::Status)> done) {
  auto call = std::make_shared<Call<grpc::ByteBuffer, grpc::ByteBuffer>>();
  SetDeadline(call->context);
  const grpc::Slice empty;
  call->request = grpc::ByteBuffer(&empty, 1);
  impl_->ConnectionOf(n).generic->UnaryCall(
      &call->context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &call->request, &call->answer,
      [call, done = std::move(done)](const grpc::Status& status) { done(ToStatus(status)); });
}

}  // namespace trivium::load
