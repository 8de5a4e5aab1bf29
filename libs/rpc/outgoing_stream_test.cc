// The queue without gRPC, whose own hand-offs ThreadSanitizer cannot see: a thread of ours plays the transport.
#include "libs/rpc/outgoing_stream.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium::rpc {
namespace {

// Takes one message at a time and says "written" from its own thread, as gRPC does. Thread-safe.
class FakeTransport {
 public:
  OutgoingStream<int>::Transport Transport() {
    return {[this](const int* message) {
              MutexLock lock(mu_);
              EXPECT_EQ(under_way_, nullptr);
              under_way_ = message;
              changed_.NotifyAll();
            },
            [this](grpc::Status status) {
              MutexLock lock(mu_);
              EXPECT_FALSE(finished_);
              finished_ = true;
              code_ = status.error_code();
              changed_.NotifyAll();
            }};
  }
  // Until the stream is finished; each message is written when there is one.
  void Serve(OutgoingStream<int>& stream, size_t fail_after = 1'000'000) {
    while (true) {
      {
        MutexLock lock(mu_);
        while (under_way_ == nullptr && !finished_) changed_.Wait(mu_);
        if (under_way_ == nullptr) return;
        written_.push_back(*under_way_);
        under_way_ = nullptr;
      }
      stream.OnWritten(written() <= fail_after);
    }
  }
  size_t written() {
    MutexLock lock(mu_);
    return written_.size();
  }
  std::vector<int> all() {
    MutexLock lock(mu_);
    return written_;
  }
  grpc::StatusCode code() {
    MutexLock lock(mu_);
    return code_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  const int* under_way_ ABSL_GUARDED_BY(mu_) = nullptr;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  grpc::StatusCode code_ ABSL_GUARDED_BY(mu_) = grpc::StatusCode::OK;
  std::vector<int> written_ ABSL_GUARDED_BY(mu_);
};

TEST(OutgoingStreamTest, KeepsItsBoundAndItsOrder) {
  FakeTransport transport;
  OutgoingStream<int> stream({.queue_max = 4}, "trace", transport.Transport());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(stream.Write(i), WriteResult::kQueued);
  EXPECT_EQ(stream.Write(4), WriteResult::kFull);
  int writable = 0;
  stream.OnWritable([&] { ++writable; });
  stream.Finish(absl::OkStatus());
  EXPECT_EQ(stream.Write(5), WriteResult::kEnded);
  transport.Serve(stream);
  EXPECT_EQ(transport.all(), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(writable, 0);  // There is nothing to write any more.
  EXPECT_TRUE(stream.Detach().ok());
}

TEST(OutgoingStreamTest, AbortDropsWhatWaits) {
  FakeTransport transport;
  OutgoingStream<int> stream({}, "trace", transport.Transport());
  for (int i = 0; i < 10; ++i) (void)stream.Write(i);
  stream.Abort(ServerDraining());
  transport.Serve(stream);
  EXPECT_EQ(transport.written(), 1u);  // The one that was under way.
  EXPECT_EQ(transport.code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(OutgoingStreamTest, EndsWhenTheReaderIsGone) {
  FakeTransport transport;
  OutgoingStream<int> stream({}, "trace", transport.Transport());
  for (int i = 0; i < 10; ++i) (void)stream.Write(i);
  transport.Serve(stream, /*fail_after=*/2);
  EXPECT_EQ(transport.written(), 3u);
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(stream.Detach().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(stream.Write(1), WriteResult::kEnded);
}

TEST(OutgoingStreamTest, ManyFeedersWaitForRoomAndLoseNothing) {
  constexpr int kFeeders = 4, kEach = 500;
  FakeTransport transport;
  OutgoingStream<int> stream({.queue_max = 8}, "trace", transport.Transport());
  Mutex mu;
  CondVar room;
  int rooms = 0;
  stream.OnWritable([&] {
    MutexLock lock(mu);
    ++rooms;
    room.NotifyAll();
  });
  std::thread writer([&] { transport.Serve(stream); });
  std::vector<std::thread> feeders;
  for (int f = 0; f < kFeeders; ++f) {
    feeders.emplace_back([&, f] {
      for (int i = 0; i < kEach;) {
        mu.Lock();
        const int before = rooms;
        mu.Unlock();
        if (stream.Write(f * kEach + i) == WriteResult::kQueued) {
          ++i;
          continue;
        }
        MutexLock lock(mu);
        while (rooms == before) room.Wait(mu);
      }
    });
  }
  for (std::thread& feeder : feeders) feeder.join();
  stream.Finish(absl::OkStatus());
  writer.join();
  std::vector<int> next(kFeeders);
  for (const int message : transport.all()) EXPECT_EQ(message % kEach, next[static_cast<size_t>(message / kEach)]++);
  EXPECT_EQ(transport.written(), static_cast<size_t>(kFeeders * kEach));
}

}  // namespace
}  // namespace trivium::rpc
