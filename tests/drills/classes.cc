#include "tests/drills/classes.h"

#include <grpcpp/grpcpp.h>

#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "tests/drills/workers.h"
#include "tests/load/product_tls.h"
#include "trivium/live/v1/live.grpc.pb.h"

namespace trivium::drills {

namespace api = trivium::live::v1;

namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(10);
// A platform that has just come up takes joins after its first lease.
constexpr absl::Duration kOpenPatience = absl::Seconds(90);
constexpr int kThreads = 4, kGuests = 5;  // Guests per second who come and go.

absl::Status ToStatus(const grpc::Status& status) {
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

// A stay as its client knows it.
struct Stay {
  std::string user, join_id, resume_token;
  int64_t epoch = 0;
  api::Rung rung = api::RUNG_UNSPECIFIED;
  bool lost = false;
};

}  // namespace

struct Classes::Impl {
  DrillFlags flags;
  std::string run_id, room_id;
  CallLog* log = nullptr;
  std::unique_ptr<api::LiveService::Stub> stub;
  Mutex mu;
  std::vector<Stay> stays ABSL_GUARDED_BY(mu);
  Workers heartbeats, guests;  // Last: their threads use the rest.

  template <typename Request, typename Answer>
  absl::Status Call(std::string_view kind,
                    grpc::Status (api::LiveService::Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
                    const Request& request, Answer* answer) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout));
    const absl::Time begin = absl::Now();
    const absl::Status status = ToStatus(((*stub).*method)(&context, request, answer));
    if (!kind.empty()) log->Add(kind, begin, status);
    return status;
  }

  absl::Status OpenRoom() {
    api::CreateRoomRequest request;
    request.set_request_id(absl::StrCat(run_id, "-class"));
    request.set_room_ref(request.request_id());
    request.set_type(api::Room::LARGE);
    request.set_title("演习 drill");
    request.set_institution_id("drill");
    request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    request.mutable_duration()->set_seconds(3600);
    request.set_auto_end(true);
    request.mutable_close_delay();  // 0 s.
    api::Room room;
    TRIVIUM_RETURN_IF_ERROR(Call("", &api::LiveService::Stub::CreateRoom, request, &room));
    api::StartRoomRequest start;
    start.set_request_id(absl::StrCat(run_id, "-start"));
    start.set_room_id(room.room_id());
    TRIVIUM_RETURN_IF_ERROR(Call("", &api::LiveService::Stub::StartRoom, start, &room));
    room_id = room.room_id();
    return absl::OkStatus();
  }

  absl::StatusOr<Stay> Join(std::string_view kind, const std::string& room, const std::string& user) {
    api::JoinRoomRequest request;
    request.set_room_id(room);
    request.set_user_id(user);
    request.set_role(api::STUDENT);
    request.set_platform("pc");
    request.set_request_id(absl::StrCat(run_id, ".", user));
    api::JoinRoomResponse answer;
    TRIVIUM_RETURN_IF_ERROR(Call(kind, &api::LiveService::Stub::JoinRoom, request, &answer));
    const api::Participant& in = answer.participant();
    return Stay{user, in.join_id(), answer.resume_token(), in.epoch(), in.rung()};
  }

  absl::Status Leave(std::string_view kind, const std::string& room, const Stay& stay) {
    api::LeaveRoomRequest request;
    request.set_room_id(room);
    request.set_user_id(stay.user);
    request.set_join_id(stay.join_id);
    api::LeaveRoomResponse answer;
    return Call(kind, &api::LiveService::Stub::LeaveRoom, request, &answer);
  }

  void Heartbeat(size_t i) {
    api::HeartbeatRequest request;
    request.set_room_id(room_id);
    {
      MutexLock lock(mu);
      request.set_user_id(stays[i].user);
      request.set_join_id(stays[i].join_id);
      request.set_epoch(stays[i].epoch);
      request.set_resume_token(stays[i].resume_token);
    }
    api::HeartbeatResponse answer;
    const absl::Status status = Call("live.heartbeat", &api::LiveService::Stub::Heartbeat, request, &answer);
    MutexLock lock(mu);
    if (status.code() == absl::StatusCode::kNotFound) stays[i].lost = true;
    if (!status.ok()) return;
    const api::Participant& in = answer.participant();
    stays[i].resume_token = answer.resume_token();
    stays[i].lost |=
        in.join_id() != stays[i].join_id || in.rung() != stays[i].rung || in.state() != api::Participant::JOINED;
  }

  void Guest(int64_t n) {
    const auto stay = Join("live.join", room_id, absl::StrCat(run_id, ".guest.", n));
    if (stay.ok()) (void)Leave("live.leave", room_id, *stay);
  }

  // join_ids of who is in the room; nothing when the service does not answer.
  std::set<std::string> ReadStays() {
    std::set<std::string> ids;
    api::ListParticipantsRequest request;
    request.set_room_id(room_id);
    request.set_page_size(1000);
    do {
      api::ListParticipantsResponse page;
      if (!Call("live.list", &api::LiveService::Stub::ListParticipants, request, &page).ok()) return {};
      for (const api::Participant& in : page.participants()) ids.insert(in.join_id());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }
};

Classes::Classes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classes::~Classes() = default;

absl::StatusOr<std::unique_ptr<Classes>> Classes::Create(const DrillFlags& flags, const std::string& run_id,
                                                         CallLog& log) {
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls,
                           load::ReadProductTls(flags.home + "/pki", flags.product));
  auto impl = std::make_unique<Impl>();
  impl->flags = flags;
  impl->run_id = run_id;
  impl->log = &log;
  impl->stub = api::LiveService::NewStub(
      grpc::CreateChannel(absl::StrCat("xds:///", flags.product, ".live.trivium"), grpc::SslCredentials(tls)));
  return std::unique_ptr<Classes>(new Classes(std::move(impl)));
}

absl::Status Classes::Open() {
  const absl::Time give_up = absl::Now() + kOpenPatience;
  const auto try_until = [&](const std::function<absl::Status()>& step) {
    absl::Status status = step();
    while (status.code() == absl::StatusCode::kUnavailable && absl::Now() < give_up) {
      absl::SleepFor(absl::Seconds(1));
      status = step();
    }
    return status;
  };
  TRIVIUM_RETURN_IF_ERROR(try_until([this] { return impl_->OpenRoom(); }));
  for (int i = 0; i < impl_->flags.students; ++i) {
    TRIVIUM_RETURN_IF_ERROR(try_until([&]() -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(Stay stay, impl_->Join("", impl_->room_id, absl::StrCat(impl_->run_id, ".student.", i)));
      MutexLock lock(impl_->mu);
      impl_->stays.push_back(std::move(stay));
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

// A heartbeat of each a second: more than live asks for, so that a drill of a minute sees each of them often.
void Classes::Start() {
  const auto students = static_cast<int64_t>(impl_->flags.students);
  impl_->heartbeats.Start(kThreads, static_cast<double>(students),
                          [this, students](int64_t i) { impl_->Heartbeat(static_cast<size_t>(i % students)); });
  impl_->guests.Start(1, kGuests, [this](int64_t i) { impl_->Guest(i); });
}

void Classes::Stop() {
  impl_->heartbeats.Stop();
  impl_->guests.Stop();
}

int64_t Classes::CountLostSeats() {
  const std::set<std::string> there = impl_->ReadStays();
  int64_t lost = 0;
  {
    MutexLock lock(impl_->mu);
    for (const Stay& stay : impl_->stays) lost += stay.lost || !there.contains(stay.join_id) ? 1 : 0;
  }
  api::EndRoomRequest request;
  request.set_request_id(absl::StrCat(impl_->run_id, "-end"));
  request.set_room_id(impl_->room_id);
  api::Room room;
  (void)impl_->Call("", &api::LiveService::Stub::EndRoom, request, &room);
  return lost;
}

int64_t Classes::seats() const {
  MutexLock lock(impl_->mu);
  return static_cast<int64_t>(impl_->stays.size());
}

const std::string& Classes::room_id() const { return impl_->room_id; }

absl::Status Classes::Visit(const std::string& room_id) {
  const absl::Time give_up = absl::Now() + kOpenPatience;
  absl::StatusOr<Stay> stay = impl_->Join("", room_id, impl_->run_id + ".visitor");
  while (stay.status().code() == absl::StatusCode::kUnavailable && absl::Now() < give_up) {
    absl::SleepFor(absl::Seconds(1));
    stay = impl_->Join("", room_id, impl_->run_id + ".visitor");
  }
  if (!stay.ok()) return stay.status();
  return impl_->Leave("", room_id, *stay);
}

}  // namespace trivium::drills
