#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "libs/rpc/channel.h"
#include "libs/rpc/guarded_payment.h"

namespace trivium::rpc {
namespace {

grpc::Status Unavailable() { return {grpc::StatusCode::UNAVAILABLE, "gone"}; }

TEST(CallWithRetryTest, TriesThreeTimesOnUnavailable) {
  ha::RetryBudget budget;
  int calls = 0;
  EXPECT_TRUE(CallWithRetry({}, nullptr, budget, [&](grpc::ClientContext*) {
                return ++calls < 3 ? Unavailable() : grpc::Status::OK;
              }).ok());
  EXPECT_EQ(calls, 3);
  calls = 0;
  EXPECT_EQ(CallWithRetry({}, nullptr, budget, [&](grpc::ClientContext*) { return ++calls, Unavailable(); }).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 3);
}

TEST(CallWithRetryTest, TriesAgainWhatAStoppingServerCancelled) {
  ha::RetryBudget budget;
  int calls = 0;
  EXPECT_TRUE(CallWithRetry({}, nullptr, budget, [&](grpc::ClientContext*) {
                return ++calls < 2 ? grpc::Status::CANCELLED : grpc::Status::OK;
              }).ok());
  EXPECT_EQ(calls, 2);
}

TEST(CallWithRetryTest, GivesTheAnswer) {
  ha::RetryBudget budget;
  const absl::StatusOr<Payment> payment = Call<Payment>({}, nullptr, budget, [](grpc::ClientContext*, Payment* out) {
    out->set_payment_id("pay_1");
    return grpc::Status::OK;
  });
  ASSERT_TRUE(payment.ok());
  EXPECT_EQ(payment->payment_id(), "pay_1");
}

TEST(CallWithRetryTest, DoesNotRepeatWhatTheServerAnswered) {
  ha::RetryBudget budget;
  for (const grpc::StatusCode code :
       {grpc::StatusCode::ABORTED, grpc::StatusCode::DEADLINE_EXCEEDED, grpc::StatusCode::INTERNAL,
        grpc::StatusCode::RESOURCE_EXHAUSTED, grpc::StatusCode::UNKNOWN}) {
    int calls = 0;
    EXPECT_FALSE(
        CallWithRetry({}, nullptr, budget, [&](grpc::ClientContext*) { return ++calls, grpc::Status(code, ""); }).ok());
    EXPECT_EQ(calls, 1) << code;
  }
}

TEST(CallWithRetryTest, StopsRetryingWhenTheBudgetIsSpent) {
  ha::RetryBudget budget(/*max_tokens=*/10, /*ratio=*/0.1);
  int calls = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(CallWithRetry({}, nullptr, budget, [&](grpc::ClientContext*) { return ++calls, Unavailable(); }).ok());
  }
  EXPECT_LE(calls, 10 + 5);  // Each call once, and at most half of the tokens in retries.
}

TEST(CallWithRetryTest, NeverWaitsBeyondTheSurroundingDeadline) {
  ha::RetryBudget budget;
  CallContext parent;
  parent.deadline = absl::Now() + absl::Milliseconds(15);
  int calls = 0;
  EXPECT_FALSE(CallWithRetry({.timeout = absl::Seconds(30)}, &parent, budget, [&](grpc::ClientContext* context) {
                 EXPECT_LE(context->deadline(), absl::ToChronoTime(parent.deadline));
                 return ++calls, Unavailable();
               }).ok());
  EXPECT_EQ(calls, 1);
}

TEST(CallWithRetryTest, CarriesTraceProductAndPerson) {
  TestPki pki;
  GuardedPayment payment;
  payment.create = [](const CallContext& call, const CreatePaymentRequest&, Payment* out) {
    out->set_payment_id(call.trace.trace_id);
    return absl::OkStatus();
  };
  payment.Start(pki.Service("payment"));
  const auto stub = payment.Dial(pki.Product("acme"));
  ha::RetryBudget budget;
  CallContext parent;
  parent.trace = TraceContext::NewRoot();
  parent.product = "acme";
  parent.actor = "product:acme";
  parent.deadline = absl::Now() + absl::Seconds(5);
  Payment out;
  const absl::Status status =
      CallWithRetry({.product = "", .actor = "", .route_key = "u1"}, &parent, budget,
                    [&](grpc::ClientContext* context) { return stub->CreatePayment(context, {}, &out); });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(out.payment_id(), parent.trace.trace_id);
  parent.actor = "person:alice";  // Is handed on; a product's backend may not, and hears it.
  EXPECT_EQ(CallWithRetry({}, &parent, budget,
                          [&](grpc::ClientContext* context) { return stub->CreatePayment(context, {}, &out); })
                .code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace trivium::rpc
