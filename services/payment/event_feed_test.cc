// The feed over the streams' own queues, with readers that the test lets read.
#include "libs/event_feed/event_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/rpc/outgoing_stream.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/metrics.h"
#include "services/payment/store/memory_store.h"
#include "services/payment/store/store_calls.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::payment {
namespace {

constexpr int kEvents = 1000, kSlow = 20;
constexpr char kProduct[] = "acme";

// Counts what is read of it for readers that are far behind.
class CountingStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                      absl::Time deadline) override {
    if (after < kEvents / 2) ++reads_behind;
    if (limit > largest_read) largest_read = limit;
    return MemoryStore::ListEvents(product, after, limit, deadline);
  }
  std::atomic<int> reads_behind = 0, largest_read = 0;
};

struct Memory : public StoreUnderTest {
  Store& store() override { return counting; }
  void Settle(const std::string&) override {}

  std::unique_ptr<IdGenerator> ids = NewIdGenerator(Clock::Real());
  CountingStore counting{*ids};
};

// A stream whose transport takes one event when the test says so.
class Reader : public EventSink {
 public:
  explicit Reader(EventFeed& feed)
      : stream_({.queue_max = kReaderQueueMax}, "",
                {[this](const v1::Event* event) { Taken(*event); }, [](const grpc::Status&) {}}) {
    stream_.OnWritable([this, &feed] { feed.Resume(this); });
  }
  bool Write(const std::string& payload, const std::string&) override {
    v1::Event event;
    return event.ParseFromString(payload) && stream_.Write(event) == rpc::WriteResult::kQueued;
  }
  void Finish(const absl::Status& status) override { stream_.Finish(status); }

  // Waits for the next event and takes it; its order.
  std::string Read() {
    std::string order;
    {
      MutexLock lock(mu_);
      while (!under_way_) arrived_.Wait(mu_);
      under_way_ = false;
      order = order_;
    }
    stream_.OnWritten(true);
    return order;
  }
  void ExpectOrders(int first, int last) {
    for (int i = first; i <= last; ++i) ASSERT_EQ(Read(), absl::StrCat("order-", i));
  }
  size_t queued() const { return stream_.queued(); }

 private:
  // Runs under the stream's lock.
  void Taken(const v1::Event& event) {
    MutexLock lock(mu_);
    under_way_ = true;
    order_ = event.payment().order_ref();
    arrived_.NotifyAll();
  }

  Mutex mu_;
  CondVar arrived_;
  bool under_way_ ABSL_GUARDED_BY(mu_) = false;
  std::string order_ ABSL_GUARDED_BY(mu_);
  rpc::OutgoingStream<v1::Event> stream_;
};

class EventFeedTest : public ::testing::Test {
 protected:
  EventFeedTest() { feed_.Start(); }
  ~EventFeedTest() override { feed_.Stop(); }

  void CreateOrders(int first, int last) {
    for (int i = first; i <= last; ++i) calls_.MustCreate(absl::StrCat("request-", i), absl::StrCat("order-", i));
    feed_.Wake();
  }
  std::shared_ptr<Reader> Add(int64_t after = 0) {
    auto reader = std::make_shared<Reader>(feed_);
    feed_.Add(kProduct, after, reader);
    return reader;
  }
  // As Prometheus would read it.
  int Full() {
    constexpr std::string_view kName = "\ntrivium_payment_event_watchers_full ";
    const std::string text = raw_metrics_.Expose();
    const size_t at = text.find(kName);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + kName.size());
  }
  void AwaitFull(int count) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (Full() != count && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_EQ(Full(), count);
  }

  Memory memory_;
  StoreCalls calls_{memory_, kProduct};
  Metrics raw_metrics_;
  PaymentMetrics metrics_{raw_metrics_};
  EventFeed feed_{memory_.counting,
                  {.poll = absl::Milliseconds(5),
                   .on_readers = [this](int n) { metrics_.Watchers(n); },
                   .on_full_readers = [this](int n) { metrics_.FullWatchers(n); }}};
};

TEST_F(EventFeedTest, AReaderThatDoesNotReadHoldsItsQueueAndNoMore) {
  std::vector<std::shared_ptr<Reader>> slow;
  for (int i = 0; i < kSlow; ++i) slow.push_back(Add());
  CreateOrders(1, kEvents);
  AwaitFull(kSlow);
  for (const auto& reader : slow) EXPECT_EQ(reader->queued(), static_cast<size_t>(kReaderQueueMax));
  EXPECT_LE(memory_.counting.largest_read, kReaderQueueMax);
}

TEST_F(EventFeedTest, NothingIsReadForReadersWithoutRoom) {
  std::vector<std::shared_ptr<Reader>> slow;
  for (int i = 0; i < kSlow; ++i) slow.push_back(Add());
  CreateOrders(1, kEvents);
  AwaitFull(kSlow);
  const auto fast = Add(kEvents);
  const int reads = memory_.counting.reads_behind;
  for (int i = 1; i <= 50; ++i) {
    CreateOrders(kEvents + i, kEvents + i);
    fast->ExpectOrders(kEvents + i, kEvents + i);
  }
  EXPECT_EQ(memory_.counting.reads_behind, reads) << "they used to cost a read each, at every event";
}

TEST_F(EventFeedTest, AReaderThatPausesGetsEverythingOnceInOrder) {
  const auto reader = Add();
  CreateOrders(1, 200);
  AwaitFull(1);
  reader->ExpectOrders(1, 100);
  CreateOrders(201, kEvents);
  AwaitFull(1);
  reader->ExpectOrders(101, kEvents);
  CreateOrders(kEvents + 1, kEvents + 1);
  reader->ExpectOrders(kEvents + 1, kEvents + 1);
  AwaitFull(0);
}

TEST_F(EventFeedTest, AFullReaderThatGoesIsForgotten) {
  const auto gone = Add();
  CreateOrders(1, 200);
  AwaitFull(1);
  feed_.Remove(gone.get());
  AwaitFull(0);
  feed_.Resume(gone.get());  // Late news of it: nothing happens.
  const auto next = Add(199);
  next->ExpectOrders(200, 200);
}

}  // namespace
}  // namespace trivium::payment
