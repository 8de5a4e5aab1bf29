#include "libs/rpc/stream.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/rpc/guarded_payment.h"
#include "libs/rpc/testing.h"
#include "libs/status/error.h"
#include "trivium/control/v1/registry.grpc.pb.h"

namespace trivium::rpc {
namespace {

using control::v1::RegisterRequest;
using control::v1::RegisterResponse;
using payment::v1::Event;
using Stream = OutgoingStream<Event>;

TestPki& Pki() {
  static TestPki& pki = *new TestPki;
  return pki;
}

// What a watch handler hands to the test. Thread-safe.
class Seen {
 public:
  GuardedPayment::Watch Watch() {
    return [this](StreamStart<Event> start) {
      start.on_end([this] { Note([this] { ended_ = true; }); });
      start.stream->OnWritable([this] { Note([this] { ++writable_; }); });
      Note([&] {
        product_ = start.call.product;
        stream_ = start.stream;
      });
    };
  }
  std::shared_ptr<Stream> AwaitStream() {
    MutexLock lock(mu_);
    while (stream_ == nullptr) changed_.Wait(mu_);
    return stream_;
  }
  void AwaitEnd() {
    MutexLock lock(mu_);
    while (!ended_) changed_.Wait(mu_);
  }
  void AwaitWritable() {
    MutexLock lock(mu_);
    while (writable_ == 0) changed_.Wait(mu_);
  }
  bool ended() {
    MutexLock lock(mu_);
    return ended_;
  }

 private:
  template <typename Fn>
  void Note(Fn fn) {
    MutexLock lock(mu_);
    fn();
    changed_.NotifyAll();
  }
  Mutex mu_;
  CondVar changed_;
  std::shared_ptr<Stream> stream_;
  std::string product_;
  bool ended_ = false;
  int writable_ = 0;
};

Event Numbered(int n, size_t bytes = 0) {
  Event event;
  event.set_event_id(std::to_string(n) + ":" + std::string(bytes, 'x'));
  return event;
}

TEST(StreamTest, SendsInOrderAndEndsWithTheStatus) {
  Seen seen;
  GuardedPayment payment;
  payment.watch = seen.Watch();
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  grpc::ClientContext context;
  const auto reader = stub->WatchEvents(&context, {});
  const auto stream = seen.AwaitStream();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stream->Write(Numbered(i)), WriteResult::kQueued);
  stream->Finish(Error(absl::StatusCode::kAborted, "ENOUGH", "enough"));
  EXPECT_EQ(stream->Write(Numbered(10)), WriteResult::kEnded);
  Event event;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.event_id(), Numbered(i).event_id());
  }
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(ReasonOf(FromGrpcStatus(reader->Finish())), "ENOUGH");
  seen.AwaitEnd();
}

TEST(StreamTest, ASlowReaderFillsItsQueueAndNoMore) {
  Seen seen;
  GuardedPayment payment;
  payment.watch = seen.Watch();
  payment.stream_options.queue_max = 8;
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  grpc::ClientContext context;
  const auto reader = stub->WatchEvents(&context, {});
  const auto stream = seen.AwaitStream();
  int written = 0;
  // The transport takes some 64 KiB of flow control; then the queue fills.
  while (stream->Write(Numbered(written, 32 << 10)) == WriteResult::kQueued) ASSERT_LT(++written, 1000);
  EXPECT_LE(stream->queued(), 8u);
  Event event;
  for (int i = 0; i < written; ++i) {
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.event_id().substr(0, event.event_id().find(':')), std::to_string(i));
  }
  seen.AwaitWritable();
  EXPECT_EQ(stream->Write(Numbered(written)), WriteResult::kQueued);
  ASSERT_TRUE(reader->Read(&event));
  stream->Finish(absl::OkStatus());
  EXPECT_TRUE(reader->Finish().ok());
}

TEST(StreamTest, ACallerThatGoesEndsIt) {
  Seen seen;
  GuardedPayment payment;
  payment.watch = seen.Watch();
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  grpc::ClientContext context;
  const auto reader = stub->WatchEvents(&context, {});
  const auto stream = seen.AwaitStream();
  context.TryCancel();
  seen.AwaitEnd();
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(stream->Write(Numbered(1)), WriteResult::kEnded);  // The feeder may be late: nothing happens.
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(StreamTest, ADrainEndsStreamsInWordsAlsoLaterOnes) {
  Seen seen;
  GuardedPayment payment;
  payment.watch = seen.Watch();
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  Event event;
  grpc::ClientContext context;
  const auto reader = stub->WatchEvents(&context, {});
  seen.AwaitStream();
  payment.guard().Drain();
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(ReasonOf(FromGrpcStatus(reader->Finish())), "SERVER_DRAINING");
  grpc::ClientContext later;
  const auto late = stub->WatchEvents(&later, {});
  EXPECT_FALSE(late->Read(&event));
  EXPECT_EQ(ReasonOf(FromGrpcStatus(late->Finish())), "SERVER_DRAINING");
  Payment out;
  EXPECT_TRUE(CallCreate(*stub, &out).ok());  // Unary calls go on until the server stops.
}

TEST(StreamTest, RefusesWhoMayNotAndMoreThanItsLimit) {
  Seen seen;
  GuardedPayment payment({.max_streams = 1});
  payment.watch = seen.Watch();
  payment.Start(Pki().Service("payment"));
  Event event;
  const auto push = payment.Dial(Pki().Service("push"));
  grpc::ClientContext refused;
  EXPECT_EQ(ReasonOf(FromGrpcStatus(push->WatchEvents(&refused, {})->Finish())), "METHOD_NOT_ALLOWED");
  const auto stub = payment.Dial(Pki().Product("acme"));
  grpc::ClientContext first, second;
  const auto reader = stub->WatchEvents(&first, {});
  seen.AwaitStream();
  EXPECT_EQ(ReasonOf(FromGrpcStatus(stub->WatchEvents(&second, {})->Finish())), "OVERLOADED");
  first.TryCancel();
  reader->Finish();
}

TEST(StreamTest, ManyThreadsFeedWhileTheReaderGoes) {
  for (int round = 0; round < 20; ++round) {
    Seen seen;
    GuardedPayment payment;
    payment.watch = seen.Watch();
    payment.Start(Pki().Service("payment"));
    const auto stub = payment.Dial(Pki().Product("acme"));
    grpc::ClientContext context;
    const auto reader = stub->WatchEvents(&context, {});
    const auto stream = seen.AwaitStream();
    std::vector<std::thread> feeders;
    for (int t = 0; t < 4; ++t) {
      feeders.emplace_back([stream] {
        for (int i = 0; stream->Write(Numbered(i)) != WriteResult::kEnded;) ++i;
      });
    }
    Event event;
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(reader->Read(&event));
    if (round % 2 == 0) {
      context.TryCancel();
    } else {
      payment.guard().Drain();
      while (reader->Read(&event)) {
      }
    }
    reader->Finish();
    for (std::thread& feeder : feeders) feeder.join();
    seen.AwaitEnd();
  }
}

// Registry whose stream says how many messages came.
class EchoRegistry : public control::v1::RegistryService::CallbackService {
 public:
  explicit EchoRegistry(CallGuard& guard) : guard_(guard) {}
  grpc::ServerBidiReactor<RegisterRequest, RegisterResponse>* Register(grpc::CallbackServerContext* context) override {
    return ServeBidi<RegisterRequest, RegisterResponse>(
        guard_, context, "trivium.control.v1.RegistryService/Register",
        [](StreamStart<RegisterResponse> start) { return std::make_unique<Handler>(start.stream); });
  }

 private:
  struct Handler : BidiHandler<RegisterRequest> {
    explicit Handler(std::shared_ptr<OutgoingStream<RegisterResponse>> stream) : stream(std::move(stream)) {}
    void OnMessage(const RegisterRequest& request) override {
      RegisterResponse response;
      response.set_serving(request.instance().ready());
      EXPECT_EQ(stream->Write(response), WriteResult::kQueued);
    }
    void OnHalfClose() override { stream->Finish(absl::OkStatus()); }
    const std::shared_ptr<OutgoingStream<RegisterResponse>> stream;
  };
  CallGuard& guard_;
};

TEST(StreamTest, AnswersInBothDirections) {
  WorkerPool pool("worker", 1, 10);
  Metrics metrics;
  CallGuard guard({}, pool, Clock::Real(), metrics);
  EchoRegistry registry(guard);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", ServerTls(Pki().Service("control")), &port);
  builder.RegisterService(&registry);
  const auto server = builder.BuildAndStart();
  const auto stub = control::v1::RegistryService::NewStub(
      DirectChannel("127.0.0.1:" + std::to_string(port), "control.trivium", Pki().Service("payment")));
  grpc::ClientContext context;
  const auto stream = stub->Register(&context);
  for (int i = 0; i < 100; ++i) {
    RegisterRequest request;
    request.mutable_instance()->set_ready(i % 3 == 0);
    ASSERT_TRUE(stream->Write(request));
    RegisterResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.serving(), i % 3 == 0);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  server->Shutdown();
}

}  // namespace
}  // namespace trivium::rpc
