#include "libs/rpc/call_guard.h"

#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "external/google/rpc/error_details.pb.h"
#include "external/google/rpc/status.pb.h"
#include "libs/rpc/guarded_payment.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"

namespace trivium::rpc {
namespace {

TestPki& Pki() {
  static TestPki& pki = *new TestPki;
  return pki;
}

// Holds handlers until it is opened. Thread-safe.
class Gate {
 public:
  void Wait() {
    MutexLock lock(mu_);
    ++waiting_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mu_);
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  void AwaitWaiting(int n) {
    MutexLock lock(mu_);
    while (waiting_ < n) changed_.Wait(mu_);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
};

void ExpectRefused(const grpc::Status& status, grpc::StatusCode code, const std::string& reason) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_EQ(ReasonOf(FromGrpcStatus(status)), reason) << status.error_message();
}

TEST(CallGuardTest, TheProductIsTheCertificates) {
  GuardedPayment payment;
  payment.create = [](const CallContext& call, const CreatePaymentRequest&, Payment* out) {
    out->set_payment_id(call.product + " " + call.actor + " " + call.caller.ToString() + " " +
                        std::string(call.method));
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  Payment out;
  const grpc::Status status = CallCreate(*payment.Dial(Pki().Product("acme")), &out);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(out.payment_id(), "acme product:acme product:acme trivium.payment.v1.PaymentService/CreatePayment");
}

TEST(CallGuardTest, RefusesInWordsWhoeverMayNot) {
  std::atomic<int> ran{0};
  GuardedPayment payment;
  payment.create = [&](const CallContext&, const CreatePaymentRequest&, Payment*) {
    ++ran;
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  Payment out;
  ExpectRefused(CallCreate(*payment.Dial(Pki().Operator("dev")), &out), grpc::StatusCode::PERMISSION_DENIED,
                "METHOD_NOT_ALLOWED");
  ExpectRefused(CallCreate(*payment.Dial(Pki().Service("push")), &out), grpc::StatusCode::PERMISSION_DENIED,
                "METHOD_NOT_ALLOWED");
  ExpectRefused(CallCreate(*payment.Dial(Pki().Product("acme")), &out,
                           [](grpc::ClientContext& context) { context.AddMetadata("x-trivium-product", "globex"); }),
                grpc::StatusCode::PERMISSION_DENIED, "PRODUCT_NOT_ALLOWED");
  ExpectRefused(CallCreate(*payment.Dial(Pki().Product("acme")), &out,
                           [](grpc::ClientContext& context) {
                             context.AddMetadata("x-trivium-product", "acme");
                             context.AddMetadata("x-trivium-product", "globex");
                           }),
                grpc::StatusCode::PERMISSION_DENIED, "PRODUCT_NOT_ALLOWED");
  ExpectRefused(CallCreate(*payment.Dial(Pki().Make({.file = "nobody", .uris = {}, .dns = {"nobody.example"}})), &out),
                grpc::StatusCode::UNAUTHENTICATED, "NO_CLIENT_CERTIFICATE");
  ExpectRefused(
      CallCreate(*payment.Dial(Pki().Make({.file = "two",
                                           .uris = {"spiffe://trivium/product/acme", "spiffe://trivium/product/globex"},
                                           .dns = {}})),
                 &out),
      grpc::StatusCode::UNAUTHENTICATED, "NO_CLIENT_CERTIFICATE");
  EXPECT_EQ(ran, 0);
}

TEST(CallGuardTest, SaysThatACertificateIsMissing) {
  GuardedPayment payment;
  payment.Start(Pki().Service("payment"));
  grpc::SslCredentialsOptions only_ca;
  std::ifstream ca(Pki().ca_file());
  only_ca.pem_root_certs.assign(std::istreambuf_iterator<char>(ca), {});
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("acme.payment.trivium");
  const auto stub =
      PaymentService::NewStub(grpc::CreateCustomChannel(payment.address(), grpc::SslCredentials(only_ca), arguments));
  Payment out;
  ExpectRefused(CallCreate(*stub, &out), grpc::StatusCode::UNAUTHENTICATED, "NO_CLIENT_CERTIFICATE");
}

TEST(CallGuardTest, UnknownMethodsAndTooLargeRequestsEndInGrpc) {
  GuardedPayment payment;
  payment.Start(Pki().Service("payment"));
  Payment out;
  const auto channel = DirectChannel(payment.address(), "acme.payment.trivium", Pki().Product("acme"));
  grpc::ClientContext context;
  const grpc::Status unknown = grpc::internal::BlockingUnaryCall<CreatePaymentRequest, Payment>(
      channel.get(),
      grpc::internal::RpcMethod("/trivium.payment.v1.PaymentService/Steal", grpc::internal::RpcMethod::NORMAL_RPC),
      &context, {}, &out);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  CreatePaymentRequest large;
  large.set_subject(
      std::string(4'200'000, 'x'));  // Over 4 MiB on the server, which says so; our own channel would not even send it.
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("acme.payment.trivium");
  const auto stub = PaymentService::NewStub(
      grpc::CreateCustomChannel(payment.address(), ClientTls(Pki().Product("acme")), arguments));
  EXPECT_EQ(CallCreate(*stub, &out, nullptr, large).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(CallCreate(*stub, &out).ok());
}

TEST(CallGuardTest, ACallWhoseDeadlinePassedInTheQueueIsNotRun) {
  Gate gate;
  std::atomic<int> ran{0};
  FakeClock clock;
  GuardedPayment payment({}, /*threads=*/1, /*queue_max=*/100, clock);
  payment.create = [&](const CallContext&, const CreatePaymentRequest&, Payment*) {
    ++ran;
    gate.Wait();
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  const auto call = [&](grpc::Status* status) {
    return std::thread([&stub, status] {
      Payment out;
      *status = CallCreate(*stub, &out, [](grpc::ClientContext& context) {
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
      });
    });
  };
  grpc::Status started, late;
  std::thread first = call(&started);
  gate.AwaitWaiting(1);
  std::thread second = call(&late);
  while (payment.guard().in_flight() < 2) std::this_thread::yield();
  clock.Advance(absl::Hours(1));  // Only the server's clock: its judgement is tested, not the client's.
  gate.Open();
  first.join();
  second.join();
  EXPECT_TRUE(started.ok()) << started.error_message();
  ExpectRefused(late, grpc::StatusCode::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
  EXPECT_EQ(ran, 1);
}

TEST(CallGuardTest, RefusesMoreCallsThanItsLimit) {
  Gate gate;
  GuardedPayment payment({.max_in_flight = 1});
  payment.create = [&](const CallContext&, const CreatePaymentRequest&, Payment*) {
    gate.Wait();
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  std::thread first([&] {
    Payment out;
    EXPECT_TRUE(CallCreate(*stub, &out).ok());
  });
  gate.AwaitWaiting(1);
  const auto running = payment.guard().RunningCalls(10);
  ASSERT_EQ(running.size(), 1u);
  EXPECT_EQ(running[0].caller, "product:acme");
  Payment out;
  const grpc::Status refused = CallCreate(*stub, &out);
  ExpectRefused(refused, grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(refused.error_details()));
  EXPECT_TRUE(std::any_of(details.details().begin(), details.details().end(),
                          [](const auto& any) { return any.template Is<google::rpc::RetryInfo>(); }));
  gate.Open();
  first.join();
}

TEST(CallGuardTest, RefusesWhenTheQueueIsFull) {
  Gate gate;
  GuardedPayment payment({}, /*threads=*/1, /*queue_max=*/1);
  payment.create = [&](const CallContext&, const CreatePaymentRequest&, Payment*) {
    gate.Wait();
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  const auto call = [&] {
    Payment out;
    EXPECT_TRUE(CallCreate(*stub, &out).ok());
  };
  std::thread running(call);
  gate.AwaitWaiting(1);
  std::thread queued(call);
  while (payment.guard().in_flight() < 2) std::this_thread::yield();
  Payment out;
  ExpectRefused(CallCreate(*stub, &out), grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED");
  gate.Open();
  running.join();
  queued.join();
}

TEST(CallGuardTest, AsksTheProductsLimiter) {
  GuardedPayment payment;
  payment.guard().SetProductLimiter([](std::string_view product) -> absl::Status {
    if (product == "globex") return absl::OkStatus();
    return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED", "calls per second: want fewer")
        .RetryAfter(absl::Milliseconds(10));
  });
  payment.Start(Pki().Service("payment"));
  Payment out;
  ExpectRefused(CallCreate(*payment.Dial(Pki().Product("acme")), &out), grpc::StatusCode::RESOURCE_EXHAUSTED,
                "RATE_LIMITED");
  EXPECT_TRUE(CallCreate(*payment.Dial(Pki().Product("globex")), &out).ok());
}

TEST(CallGuardTest, AnExceptionEndsTheCallNotTheProcess) {
  GuardedPayment payment;
  payment.create = [](const CallContext&, const CreatePaymentRequest& request, Payment*) -> absl::Status {
    if (request.subject().empty()) throw std::runtime_error("secret");
    throw 7;
  };
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  Payment out;
  const grpc::Status status = CallCreate(*stub, &out);
  ExpectRefused(status, grpc::StatusCode::INTERNAL, "INTERNAL");
  EXPECT_EQ(status.error_message().find("secret"), std::string::npos);
  CreatePaymentRequest request;
  request.set_subject("x");
  EXPECT_EQ(CallCreate(*stub, &out, nullptr, request).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(CallGuardTest, ContinuesTheTraceAndSetsADeadline) {
  GuardedPayment payment({.default_deadline = absl::Seconds(7), .max_deadline = absl::Seconds(60)});
  payment.create = [](const CallContext& call, const CreatePaymentRequest&, Payment* out) {
    out->set_payment_id(call.trace.trace_id + " " + ScopedTrace::Current()->trace_id);
    out->set_order_ref(std::to_string(absl::ToInt64Seconds(call.deadline - absl::Now() + absl::Milliseconds(500))));
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  const auto stub = payment.Dial(Pki().Product("acme"));
  Payment out;
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  ASSERT_TRUE(CallCreate(*stub, &out, [&](grpc::ClientContext& context) {
                context.AddMetadata("traceparent", "00-" + trace + "-00f067aa0ba902b7-01");
                context.set_deadline(std::chrono::system_clock::time_point::max());
              }).ok());
  EXPECT_EQ(out.payment_id(), trace + " " + trace);
  EXPECT_EQ(out.order_ref(), "7");
  ASSERT_TRUE(CallCreate(*stub, &out, [&](grpc::ClientContext& context) {
                context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
              }).ok());
  EXPECT_EQ(out.order_ref(), "60");
}

TEST(CallGuardTest, CountsByProductOnlyAfterThePolicyKnowsIt) {
  GuardedPayment payment;
  payment.Start(Pki().Service("payment"));
  Payment out;
  ASSERT_TRUE(CallCreate(*payment.Dial(Pki().Product("acme")), &out).ok());
  CallCreate(*payment.Dial(Pki().Service("push")), &out,
             [](grpc::ClientContext& context) { context.AddMetadata("x-trivium-product", "invented"); });
  const std::string text = payment.metrics().Expose();
  EXPECT_NE(
      text.find(
          R"(trivium_rpc_server_calls_total{code="OK",method="CreatePayment",product="acme",service="payment"} 1)"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(code="PERMISSION_DENIED",method="CreatePayment",product="none",service="payment"} 1)"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("invented"), std::string::npos);
}

TEST(CallGuardTest, ManyCallersAtOnce) {
  std::atomic<int> ran{0};
  GuardedPayment payment;
  payment.create = [&](const CallContext&, const CreatePaymentRequest&, Payment*) {
    ++ran;
    return absl::OkStatus();
  };
  payment.Start(Pki().Service("payment"));
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      const auto stub = payment.Dial(Pki().Product(i % 2 == 0 ? "acme" : "globex"));
      for (int n = 0; n < 50; ++n) {
        Payment out;
        EXPECT_TRUE(CallCreate(*stub, &out).ok());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ran, 400);
  EXPECT_EQ(payment.guard().in_flight(), 0);
}

}  // namespace
}  // namespace trivium::rpc
