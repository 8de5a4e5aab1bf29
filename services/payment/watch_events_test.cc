// WatchEvents with readers that do not read: what waits for them is bounded, the others are served, and whoever reads
// again gets everything once.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/payment/service_under_test.h"
#include "services/payment/store/memory_store.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

constexpr int kEvents = 5000, kSlow = 20;
// For the slow ones: queues, gRPC's windows and this process's own side of the streams. All events of all readers would
// be 100 MiB. Sanitizers keep what was freed.
#ifdef TRIVIUM_SANITIZED
constexpr int64_t kGrowthMaxKib = 1 << 30;
#else
constexpr int64_t kGrowthMaxKib = 40 << 10;
#endif

// Resident memory of this process.
int64_t ResidentKib() {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    int64_t kib = 0;
    if (word == "VmRSS:" && in >> kib) return kib;
  }
  return 0;
}

// A base, so that it outlives the service.
struct Memory : public StoreUnderTest {
  Store& store() override { return memory_store; }
  void Settle(const std::string&) override {}

  const std::unique_ptr<IdGenerator> memory_ids = NewIdGenerator(Clock::Real());
  MemoryStore memory_store{*memory_ids};
};

// A caller's side of a stream.
class Watcher {
 public:
  Watcher(v1::PaymentService::Stub& stub, const std::string& cursor) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::WatchEventsRequest request;
    request.set_cursor(cursor);
    stream_ = stub.WatchEvents(&context_, request);
  }
  ~Watcher() {
    context_.TryCancel();
    (void)stream_->Finish();
  }

  // Expects the events of orders from `first` to `last`, each once, in order.
  void ExpectOrders(int first, int last) {
    v1::Event event;
    for (int i = first; i <= last; ++i) {
      ASSERT_TRUE(stream_->Read(&event)) << "after order " << i - 1;
      ASSERT_EQ(event.payment().order_ref(), absl::StrCat("order-", i));
    }
    cursor_ = event.cursor();
  }
  const std::string& cursor() const { return cursor_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Event>> stream_;
  std::string cursor_;
};

class WatchEventsTest : public ::testing::Test, protected Memory, protected ServiceUnderTest {
 protected:
  WatchEventsTest() : ServiceUnderTest(memory_store) {}

  // A caller that takes 64 KiB of unread events a stream, the default; with probing on, its window grows to megabytes.
  std::unique_ptr<v1::PaymentService::Stub> StubOfSlowCaller() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetSslTargetNameOverride("localhost");
    return v1::PaymentService::NewStub(grpc::CreateCustomChannel(absl::StrCat("ipv4:127.0.0.1:", port_),
                                                                 rpc::ClientTls(Pki().Product("acme")), arguments));
  }
  // An event each.
  void CreateOrders(int first, int last) {
    for (int i = first; i <= last; ++i) calls_.MustCreate(absl::StrCat("request-", i), absl::StrCat("order-", i));
    feed_.Wake();
  }
  // Waits until so many streams have their queue at its maximum.
  void AwaitFull(int count) {
    const std::string want = absl::StrCat("\ntrivium_payment_event_watchers_full ", count, "\n");
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (raw_metrics_.Expose().find(want) == std::string::npos) {
      ASSERT_LT(absl::Now(), give_up) << count << " want to be full";
      absl::SleepFor(absl::Milliseconds(10));
    }
  }

 private:
  StoreCalls calls_{*this, "acme"};
};

TEST_F(WatchEventsTest, ReadersThatDoNotReadHoldABoundedQueueAndNobodyElseUp) {
  CreateOrders(1, kEvents);
  Watcher fast(*stub_, "");
  fast.ExpectOrders(1, kEvents);
  const int64_t before = ResidentKib();
  std::vector<std::unique_ptr<Watcher>> slow;
  const auto slow_stub = StubOfSlowCaller();
  for (int i = 0; i < kSlow; ++i) slow.push_back(std::make_unique<Watcher>(*slow_stub, ""));
  AwaitFull(kSlow);
  EXPECT_LT(ResidentKib() - before, kGrowthMaxKib);
  CreateOrders(kEvents + 1, kEvents + 500);
  fast.ExpectOrders(kEvents + 1, kEvents + 500);
  // One that reads at last has missed nothing; the others still do not.
  slow[7]->ExpectOrders(1, kEvents + 500);
  AwaitFull(kSlow - 1);
  CreateOrders(kEvents + 501, kEvents + 600);
  slow[7]->ExpectOrders(kEvents + 501, kEvents + 600);
  fast.ExpectOrders(kEvents + 501, kEvents + 600);
}

TEST_F(WatchEventsTest, ASlowReaderThatGoesIsForgottenAndGoesOnFromItsCursor) {
  CreateOrders(1, kEvents);
  std::string cursor;
  {
    const auto slow_stub = StubOfSlowCaller();
    Watcher slow(*slow_stub, "");
    slow.ExpectOrders(1, 100);
    cursor = slow.cursor();
    AwaitFull(1);
  }
  AwaitFull(0);
  Watcher(*stub_, cursor).ExpectOrders(101, kEvents);
}

}  // namespace
}  // namespace trivium::payment
