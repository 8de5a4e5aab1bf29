// The whole service over real gRPC with mTLS, its admission in memory, time as a test tells it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/clock/clock.h"
#include "libs/jwt/signer.h"
#include "libs/mysql/mysql.h"
#include "libs/redis/any_test_redis.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/testing.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/memory_admission.h"
#include "services/live/app.h"
#include "services/live/profiles.h"
#include "services/live/workers/announcer.h"
#include "trivium/live/v1/live.grpc.pb.h"

namespace trivium::live {

// Profiles of acme and globex; other products have none. Thread-safe.
class TwoProfiles : public Profiles {
 public:
  TwoProfiles();
  std::shared_ptr<const Profile> Find(const std::string& product) override;
  void Set(const Profile& profile);
  Profile Get() { return *Find("acme"); }

 private:
  Mutex mu_;
  std::shared_ptr<const Profile> profile_ ABSL_GUARDED_BY(mu_);
};

// Two nodes. Thread-safe.
class TwoNodes : public Capacities {
 public:
  std::shared_ptr<const CellCapacity> Get() override;
  int64_t generation() const override;
  void Set(const CellCapacity& capacity);

 private:
  mutable Mutex mu_;
  CellCapacity capacity_ ABSL_GUARDED_BY(mu_) = {{500, 1000, 2000},
                                                 {{"node-a", {300, 500, 1000}}, {"node-b", {200, 500, 1000}}}};
  int64_t generation_ ABSL_GUARDED_BY(mu_) = 1;
};

// push, which takes everything unless it is told to be away. Thread-safe.
class TestSender : public RoomSender {
 public:
  absl::StatusOr<std::vector<absl::Status>> Send(const std::string& product,
                                                 const std::vector<Announcement>& items) override;
  void SetAway(bool away);
  // In the order in which they came, each id once.
  std::vector<Announcement> sent();

 private:
  Mutex mu_;
  bool away_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Announcement> sent_ ABSL_GUARDED_BY(mu_);
};

// One for all tests of a program: keys take their time.
rpc::TestPki& Pki();

// Calls work until it returns true, for half a minute at most. False when time is over.
template <typename Work>
bool Eventually(Work work) {
  for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until;
       absl::SleepFor(absl::Milliseconds(5))) {
    if (work()) return true;
  }
  return false;
}

// Thread-safe, apart from the calls that start with Must: they report through gtest.
class LiveUnderTest {
 public:
  using Stub = v1::LiveService::Stub;

  // mysql: of migrated tables; nullptr: in memory. redis: the admission's, and then time is the real one; nullptr: in
  // memory.
  explicit LiveUnderTest(const mysql::PoolOptions* mysql = nullptr, const redis::AnyTestRedis* redis = nullptr);
  ~LiveUnderTest();

  // As acme's backend; as its user through a gateway when user is set.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, const std::string& user = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!user.empty()) {
      context.AddMetadata("x-trivium-product", "acme");
      context.AddMetadata("x-trivium-user", user);
    }
    Stub& stub = user.empty() ? *acme_ : *gateway_;
    return rpc::FromGrpcStatus((stub.*method)(&context, request, response));
  }
  Stub& globex() { return *globex_; }

  // A room of acme's that begins now; LIVE.
  v1::Room MustCreate(v1::CreateRoomRequest request = {});
  v1::Room MustStart(const v1::Room& room);
  v1::Room MustOpen(const v1::CreateRoomRequest& request = {}) { return MustStart(MustCreate(request)); }
  v1::Room MustEnd(const v1::Room& room);
  absl::Status Join(const v1::Room& room, const std::string& user, v1::Role role, v1::JoinRoomResponse* response);
  v1::JoinRoomResponse MustJoin(const v1::Room& room, const std::string& user, v1::Role role = v1::STUDENT);
  absl::Status Beat(const v1::JoinRoomResponse& join, v1::HeartbeatResponse* response,
                    const std::string& resume_token = "");
  // A grant by acme's key.
  std::string Grant(const v1::Room& room, const std::string& user, const std::string& role);
  // "TYPE user" or "TYPE" of acme's events from now on, once there are so many.
  std::vector<std::string> AwaitEvents(size_t count);
  static std::string NewRequestId() { return NewId("req"); }
  static std::string NewId(const std::string& kind);

  FakeClock& clock() { return fake_clock_; }
  TwoProfiles& profiles() { return profiles_; }
  TwoNodes& nodes() { return nodes_; }
  TestSender& sender() { return sender_; }
  MemoryAdmission& admission() { return *admission_; }

 private:
  FakeClock fake_clock_{absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()))};
  Clock& clock_;
  Metrics metrics_;
  WorkerPool pool_{"live", 4, 1000};
  rpc::CallGuard guard_{{}, pool_, clock_, metrics_};
  TwoProfiles profiles_;
  TwoNodes nodes_;
  TestSender sender_;
  const std::unique_ptr<MemoryAdmission> admission_ = NewMemoryAdmission();
  const jwt::Signer key_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k1").value();
  App app_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> acme_, globex_, gateway_;
};

}  // namespace trivium::live
