// The whole service over real gRPC with mTLS, on a Redis and a store that a test chooses, and what a gateway hears.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/clock/clock.h"
#include "libs/fanout/presence.h"
#include "libs/fanout/receiver.h"
#include "libs/redis/any_test_redis.h"
#include "libs/rpc/call_guard.h"
#include "libs/rpc/testing.h"
#include "libs/rpc/wire_status.h"
#include "libs/sync/mutex.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/push/app.h"
#include "services/push/profiles.h"
#include "trivium/push/v1/delivery.grpc.pb.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::push {

// Profiles of acme and globex; other products have none. Thread-safe.
class TwoProfiles : public Profiles {
 public:
  TwoProfiles();
  std::shared_ptr<const Profile> Find(const std::string& product) override;
  // From now on, for both.
  void Set(const Profile& profile);
  Profile Get();

 private:
  Mutex mu_;
  std::shared_ptr<const Profile> profile_ ABSL_GUARDED_BY(mu_);
};

// One for all tests of a program: keys take their time.
rpc::TestPki& Pki();

inline absl::Time Soon() { return absl::Now() + absl::Seconds(30); }
// Calls work until it returns true, for half a minute at most. False when time is over.
template <typename Work>
bool Eventually(Work work) {
  for (const absl::Time until = Soon(); absl::Now() < until; absl::SleepFor(absl::Milliseconds(5))) {
    if (work()) return true;
  }
  return false;
}

// Thread-safe, apart from the calls that start with Must: they report through gtest.
class PushUnderTest {
 public:
  // mysql: of migrated tables; nullptr: in memory. redis and profiles outlive it.
  PushUnderTest(const redis::AnyTestRedis& redis, TwoProfiles& profiles, const mysql::PoolOptions* mysql = nullptr,
                const std::string& instance = "push-1");
  ~PushUnderTest();

  std::unique_ptr<v1::PushService::Stub> Stub(const rpc::TlsFiles& files);
  // Calls a method, as acme unless a stub is given; the status with its details.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::PushService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, v1::PushService::Stub* stub = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    return rpc::FromGrpcStatus((*(stub != nullptr ? stub : push_.get()).*method)(&context, request, response));
  }
  // As a gateway, for a product.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::DeliveryService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, const std::string& product = "acme") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context.AddMetadata("x-trivium-product", product);
    return rpc::FromGrpcStatus((*delivery_.*method)(&context, request, response));
  }

  absl::Status Publish(const v1::PublishRequest& request, v1::Message* message);
  static v1::PublishRequest ToUser(const std::string& request_id, const std::string& user, v1::MessageClass c);
  static v1::PublishRequest ToRoom(const std::string& request_id, const std::string& room, v1::MessageClass c);
  v1::Message MustPublish(const v1::PublishRequest& request);
  v1::Message MustGet(const std::string& message_id);
  void MustJoin(const std::string& room, const std::vector<std::string>& users);
  void MustTag(const std::string& user, const std::map<std::string, std::string>& tags);
  // How many deliveries moved.
  int MustAck(const std::string& user, const std::vector<std::string>& message_ids);
  // What a user has pending in a channel, by message id.
  std::vector<std::string> MustListPending(const std::string& user, const std::string& channel);
  Metrics& metrics() { return metrics_; }
  // A request id that no other call has had.
  static std::string NewRequestId();

 private:
  Metrics metrics_;
  WorkerPool pool_{"push", 4, 1000};
  rpc::CallGuard guard_{{}, pool_, Clock::Real(), metrics_};
  App app_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::PushService::Stub> push_;
  std::unique_ptr<v1::DeliveryService::Stub> delivery_;
};

// "msg_..." of a publication.
std::string IdOf(const v1::Publication& publication);

// A gateway: hears what push sends to channels of a product, and says who is connected. Thread-safe.
class TestGateway : public fanout::ReceiverListener {
 public:
  // Waits until it hears. redis outlives it.
  TestGateway(const redis::AnyTestRedis& redis, const std::string& product, const std::vector<std::string>& channels);
  ~TestGateway() override;

  // Puts users into a channel, with a connection each.
  void MustConnect(const std::string& channel, const std::vector<std::string>& users);

  struct Heard {
    std::string channel;
    v1::Fanout what;
    int64_t offset = 0;
    std::string epoch;
  };
  std::vector<Heard> heard();
  // Waits for so many publications, and returns all there are; of one channel when it is given.
  std::vector<Heard> AwaitPublications(size_t count, const std::string& channel = "");
  // Message ids of the publications of a channel, in the order in which they came; repeats are left out.
  std::vector<std::string> IdsOf(const std::string& channel);

  void OnEnvelope(fanout::ChannelView channel, const fanout::Envelope& envelope) override;
  void OnSubscribed(fanout::ChannelView channel) override;
  void OnLost() override {}

 private:
  const std::string product_;
  Metrics metrics_;
  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<fanout::Presence> presence_;
  Mutex mu_;
  size_t subscribed_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<Heard> heard_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<fanout::Receiver> receiver_;
};

}  // namespace trivium::push
