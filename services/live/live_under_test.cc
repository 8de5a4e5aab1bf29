#include "services/live/live_under_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/id/id.h"
#include "libs/rpc/tls.h"
#include "services/live/grants/grants.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::live {
namespace {

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

Settings SettingsOf(const mysql::PoolOptions* mysql, const redis::AnyTestRedis* redis) {
  Settings settings;
  settings.instance_id = "live-1";
  settings.cell = "cell-a";
  if (mysql != nullptr) settings.mysql = *mysql;
  if (mysql == nullptr) settings.mysql.schema = "";
  if (redis != nullptr) settings.redis = redis->client_options();
  settings.redis.name = "live";
  settings.resume_keys = {kSecret};
  settings.media_key = kSecret;
  settings.workers.interval = settings.workers.drain_interval = settings.workers.timetable_interval =
      absl::Milliseconds(10);
  return settings;
}

}  // namespace

TwoProfiles::TwoProfiles() {
  Profile profile;
  profile.time_zone = "Asia/Shanghai";
  absl::LoadTimeZone(profile.time_zone, &profile.zone);
  profile.media.standard_domain = "std.example.com";
  Set(profile);
}

std::shared_ptr<const Profile> TwoProfiles::Find(const std::string& product) {
  if (product != "acme" && product != "globex") return nullptr;
  MutexLock lock(mu_);
  return profile_;
}

void TwoProfiles::Set(const Profile& profile) {
  MutexLock lock(mu_);
  profile_ = std::make_shared<const Profile>(profile);
}

std::shared_ptr<const CellCapacity> TwoNodes::Get() {
  MutexLock lock(mu_);
  return std::make_shared<const CellCapacity>(capacity_);
}

int64_t TwoNodes::generation() const {
  MutexLock lock(mu_);
  return generation_;
}

void TwoNodes::Set(const CellCapacity& capacity) {
  MutexLock lock(mu_);
  capacity_ = capacity;
  ++generation_;
}

absl::StatusOr<std::vector<absl::Status>> TestSender::Send(const std::string&, const std::vector<Announcement>& items) {
  MutexLock lock(mu_);
  if (away_) return absl::UnavailableError("away");
  for (const Announcement& item : items) {
    const bool known =
        std::ranges::any_of(sent_, [&](const Announcement& other) { return other.event_id == item.event_id; });
    if (!known) sent_.push_back(item);
  }
  return std::vector<absl::Status>(items.size());
}

void TestSender::SetAway(bool away) {
  MutexLock lock(mu_);
  away_ = away;
}

std::vector<Announcement> TestSender::sent() {
  MutexLock lock(mu_);
  return sent_;
}

rpc::TestPki& Pki() {
  static auto* pki = new rpc::TestPki;
  return *pki;
}

LiveUnderTest::LiveUnderTest(const mysql::PoolOptions* mysql, const redis::AnyTestRedis* redis)
    : clock_(redis != nullptr ? Clock::Real() : fake_clock_),
      app_(SettingsOf(mysql, redis), guard_, clock_, metrics_,
           {.profiles = &profiles_,
            .capacities = &nodes_,
            .admission = redis != nullptr ? nullptr : admission_.get(),
            .sender = &sender_,
            .products =
                [] {
                  return std::vector<std::string>{"acme", "globex"};
                },
            .token_keys =
                [this](const std::string& product, gateway::v1::TokenKeys* keys) {
                  if (product != "acme") return false;
                  gateway::v1::TokenKey* key = keys->add_keys();
                  key->set_key_id("k1");
                  key->set_public_key_pem(key_.PublicPem().value());
                  return true;
                }}) {
  const absl::Status started = app_.Start();
  EXPECT_TRUE(started.ok()) << started;
  grpc::ServerBuilder builder;
  builder.RegisterService(app_.service());
  builder.AddListeningPort("127.0.0.1:0", rpc::ServerTls(Pki().Service("live")), &port_);
  server_ = builder.BuildAndStart();
  const auto stub = [this](const rpc::TlsFiles& files) {
    return v1::LiveService::NewStub(grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), rpc::ClientTls(files)));
  };
  acme_ = stub(Pki().Product("acme"));
  globex_ = stub(Pki().Product("globex"));
  gateway_ = stub(Pki().Service("gateway"));
}

LiveUnderTest::~LiveUnderTest() {
  guard_.Drain();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  app_.Stop();
}

std::string LiveUnderTest::NewId(const std::string& kind) {
  static IdGenerator* const ids = NewIdGenerator(Clock::Real()).release();
  return FormatId(kind, ids->Next());
}

v1::Room LiveUnderTest::MustCreate(v1::CreateRoomRequest request) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  if (request.room_ref().empty()) request.set_room_ref(NewRequestId());
  if (request.type() == v1::Room::TYPE_UNSPECIFIED) request.set_type(v1::Room::LARGE);
  if (request.title().empty()) request.set_title("数学");
  if (request.institution_id().empty()) request.set_institution_id("school-1");
  if (!request.has_start_time()) request.mutable_start_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  if (!request.has_duration()) request.mutable_duration()->set_seconds(3600);
  v1::Room room;
  const absl::Status status = Call(&Stub::CreateRoom, request, &room);
  EXPECT_TRUE(status.ok()) << status;
  return room;
}

v1::Room LiveUnderTest::MustStart(const v1::Room& room) {
  v1::StartRoomRequest request;
  request.set_request_id(NewRequestId());
  request.set_room_id(room.room_id());
  v1::Room started;
  const absl::Status status = Call(&Stub::StartRoom, request, &started);
  EXPECT_TRUE(status.ok()) << status;
  return started;
}

v1::Room LiveUnderTest::MustEnd(const v1::Room& room) {
  v1::EndRoomRequest request;
  request.set_request_id(NewRequestId());
  request.set_room_id(room.room_id());
  v1::Room ended;
  const absl::Status status = Call(&Stub::EndRoom, request, &ended);
  EXPECT_TRUE(status.ok()) << status;
  return ended;
}

absl::Status LiveUnderTest::Join(const v1::Room& room, const std::string& user, v1::Role role,
                                 v1::JoinRoomResponse* response) {
  v1::JoinRoomRequest request;
  request.set_room_id(room.room_id());
  request.set_user_id(user);
  request.set_role(role);
  return Call(&Stub::JoinRoom, request, response);
}

v1::JoinRoomResponse LiveUnderTest::MustJoin(const v1::Room& room, const std::string& user, v1::Role role) {
  v1::JoinRoomResponse response;
  const absl::Status status = Join(room, user, role, &response);
  EXPECT_TRUE(status.ok()) << status << " " << user;
  return response;
}

absl::Status LiveUnderTest::Beat(const v1::JoinRoomResponse& join, v1::HeartbeatResponse* response,
                                 const std::string& resume_token) {
  v1::HeartbeatRequest request;
  request.set_room_id(join.participant().room_id());
  request.set_user_id(join.participant().user_id());
  request.set_join_id(join.participant().join_id());
  request.set_epoch(join.participant().epoch());
  request.set_resume_token(resume_token);
  return Call(&Stub::Heartbeat, request, response);
}

std::string LiveUnderTest::Grant(const v1::Room& room, const std::string& user, const std::string& role) {
  return key_
      .Sign({.subject = user,
             .product = "acme",
             .expires = clock_.Now() + absl::Minutes(5),
             .audience = {std::string(kGrantAudience)},
             .room = room.room_id(),
             .role = role})
      .value();
}

std::vector<std::string> LiveUnderTest::AwaitEvents(size_t count) {
  std::vector<std::string> texts;
  Eventually([&] {
    v1::ListEventsRequest request;
    request.set_page_size(1000);
    v1::ListEventsResponse response;
    EXPECT_TRUE(Call(&Stub::ListEvents, request, &response).ok());
    texts.clear();
    for (const v1::Event& event : response.events()) {
      texts.push_back(v1::Event::Type_Name(event.type()));
      if (event.has_participant()) texts.back() += " " + event.participant().user_id();
    }
    return texts.size() >= count;
  });
  return texts;
}

}  // namespace trivium::live
