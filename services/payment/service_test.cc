// The service over real gRPC with mTLS: store in memory, a scripted PSP. What it answers to good and to bad requests.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/event_feed/event_cursor.h"
#include "libs/status/error.h"
#include "services/payment/service_under_test.h"
#include "services/payment/store/memory_store.h"

namespace trivium::payment {
namespace {

// A base, so that it outlives the service.
struct Memory {
  const std::unique_ptr<IdGenerator> memory_ids = NewIdGenerator(Clock::Real());
  MemoryStore memory_store{*memory_ids};
};

class ServiceTest : public ::testing::Test, protected Memory, protected ServiceUnderTest {
 protected:
  ServiceTest() : ServiceUnderTest(memory_store) {}
};

TEST_F(ServiceTest, APaymentIsCreatedPaidAndRefunded) {
  const v1::Payment created = MustCreate("order-1");
  EXPECT_EQ(created.state(), v1::Payment::REQUIRES_ACTION);
  EXPECT_EQ(created.commission().amount_minor(), 1990);
  EXPECT_FALSE(created.pay_url().empty());
  const v1::Payment paid = MustPay("order-2");
  v1::GetPaymentRequest get;
  get.set_payment_id(paid.payment_id());
  v1::Payment now;
  ASSERT_EQ(Call(&v1::PaymentService::Stub::GetPayment, get, &now), absl::OkStatus());
  EXPECT_EQ(now.state(), v1::Payment::SUCCEEDED);
  v1::Refund refund;
  ASSERT_EQ(Call(&v1::PaymentService::Stub::CreateRefund, RefundOf("refund-01", paid.payment_id(), 900), &refund),
            absl::OkStatus());
  EXPECT_EQ(refund.state(), v1::Refund::PROCESSING);
  v1::DailySummary day;
  ASSERT_EQ(Call(&v1::PaymentService::Stub::GetDailySummary, {}, &day), absl::OkStatus());
  ASSERT_EQ(day.currencies_size(), 1);
  EXPECT_EQ(day.currencies(0).paid_minor(), 19900);
  EXPECT_EQ(day.currencies(0).refunds_open_minor(), 900);
  EXPECT_EQ(day.currencies(0).accounts_size(), 5);
}

TEST_F(ServiceTest, ARepeatGetsTheSameAnswerAlsoAfterTheProfileChanged) {
  v1::Payment first, again;
  ASSERT_EQ(Create(Order("request-1", "order-1"), &first), absl::OkStatus());
  profiles_.max_amount = 1;
  ASSERT_EQ(Create(Order("request-1", "order-1"), &again), absl::OkStatus());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(Create(Order("request-2", "order-2"), &again).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServiceTest, AReusedKeyNamesTheField) {
  MustCreate("order-1");
  v1::Payment payment;
  v1::CreatePaymentRequest other = Order("order-1-request", "order-1");
  other.set_subject("语文");
  const absl::Status status = Create(other, &payment);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(status, "field"), "subject");
}

TEST_F(ServiceTest, NamesEveryWrongFieldAtOnce) {
  v1::CreatePaymentRequest request = Order("short", "order\n1");
  request.mutable_amount()->set_amount_minor(0);
  request.mutable_amount()->set_currency_code("cny");
  request.set_subject(std::string(121, 'x'));
  request.set_institution_id("in st");
  request.mutable_timeout()->set_seconds(-1);
  v1::Payment payment;
  const absl::Status status = Create(request, &payment);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  for (const char* field : {"request_id", "order_ref", "amount.amount_minor", "amount.currency_code", "subject",
                            "institution_id", "timeout"}) {
    EXPECT_NE(std::string(status.message()).find(field), std::string::npos) << field;
  }
}

TEST_F(ServiceTest, CountsCharactersNotBytes) {
  v1::CreatePaymentRequest request = Order("request-1", "order-1");
  std::string subject;
  for (int i = 0; i < 120; ++i) subject += "课";
  request.set_subject(subject);
  v1::Payment payment;
  EXPECT_EQ(Create(request, &payment), absl::OkStatus());
}

TEST_F(ServiceTest, RefusesWhatTheProfileDoesNotAllow) {
  v1::CreatePaymentRequest request = Order("request-1", "order-1");
  request.mutable_amount()->set_amount_minor(100'000'001);
  v1::Payment payment;
  EXPECT_EQ(ReasonOf(Create(request, &payment)), "FIELD_INVALID");
  request = Order("request-1", "order-1");
  request.mutable_amount()->set_currency_code("USD");
  EXPECT_EQ(ReasonOf(Create(request, &payment)), "FIELD_INVALID");
  // Neither used the key up.
  EXPECT_EQ(Create(Order("request-1", "order-1"), &payment), absl::OkStatus());
}

TEST_F(ServiceTest, CallersAreWhatTheirCertificateSays) {
  const v1::Payment mine = MustPay("order-1");
  const auto globex = Stub(Pki().Product("globex")), unknown = Stub(Pki().Product("initech")),
             dev = Stub(Pki().Operator("dev")), expired = Stub(Pki().ExpiredProduct("acme"));
  v1::GetPaymentRequest get;
  get.set_payment_id(mine.payment_id());
  v1::Payment payment;
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::GetPayment, get, &payment, globex.get())), "PAYMENT_NOT_FOUND");
  v1::Refund refund;
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::CreateRefund, RefundOf("refund-01", mine.payment_id(), 1), &refund,
                          globex.get())),
            "PAYMENT_NOT_FOUND");
  EXPECT_EQ(
      ReasonOf(Call(&v1::PaymentService::Stub::CreatePayment, Order("request-9", "order-9"), &payment, unknown.get())),
      "PRODUCT_NOT_CONFIGURED");
  EXPECT_EQ(
      ReasonOf(Call(&v1::PaymentService::Stub::CreatePayment, Order("request-9", "order-9"), &payment, dev.get())),
      "METHOD_NOT_ALLOWED");
  EXPECT_EQ(
      Call(&v1::PaymentService::Stub::CreatePayment, Order("request-9", "order-9"), &payment, expired.get()).code(),
      absl::StatusCode::kUnavailable);
}

TEST_F(ServiceTest, MalformedAndUnknownIdsAreDifferentErrors) {
  v1::GetPaymentRequest get;
  v1::Payment payment;
  for (const char* bad : {"", "pay_", "order-1", "ref_06asn3v4k1f7s8t9v0w1x2y3z4", "pay_06ASN3V4K1F7S8T9V0W1X2Y3Z4"}) {
    get.set_payment_id(bad);
    EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::GetPayment, get, &payment)), "FIELD_INVALID") << bad;
  }
  get.set_payment_id(FormatId("pay", ids_->Next()));
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::GetPayment, get, &payment)), "PAYMENT_NOT_FOUND");
}

TEST_F(ServiceTest, PagesThroughAListAndRefusesForeignTokens) {
  for (int i = 0; i < 5; ++i) MustCreate(absl::StrCat("order-", i));
  v1::ListPaymentsRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  std::string token;
  do {
    request.set_page_token(token);
    v1::ListPaymentsResponse page;
    ASSERT_EQ(Call(&v1::PaymentService::Stub::ListPayments, request, &page), absl::OkStatus());
    for (const v1::Payment& payment : page.payments()) seen.push_back(payment.order_ref());
    token = page.next_page_token();
    if (!token.empty()) request.set_page_token(token);
  } while (!token.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"order-4", "order-3", "order-2", "order-1", "order-0"}));
  v1::ListPaymentsResponse page;
  request.set_order_ref("order-1");  // The token was for another list.
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::ListPayments, request, &page)), "PAGE_TOKEN_INVALID");
  request.set_page_token("nonsense");
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::ListPayments, request, &page)), "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::ListPayments, request, &page)), "FIELD_INVALID");
  request.set_page_size(1);
  request.set_state(static_cast<v1::Payment::State>(99));
  EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::ListPayments, request, &page)), "FIELD_INVALID");
}

TEST_F(ServiceTest, CancelsWhatNobodyHasPaid) {
  const v1::Payment open = MustCreate("order-1");
  v1::Payment canceled, again;
  ASSERT_EQ(Cancel("cancel-01", open.payment_id(), &canceled), absl::OkStatus());
  EXPECT_EQ(canceled.state(), v1::Payment::CANCELED);
  EXPECT_EQ(canceled.state_reason(), "CANCELED_BY_PRODUCT");
  ASSERT_EQ(Cancel("cancel-01", open.payment_id(), &again), absl::OkStatus());
  EXPECT_EQ(again.SerializeAsString(), canceled.SerializeAsString());
  EXPECT_FALSE(psp_->Pay("acme", *ParseId("att", open.attempts(0).attempt_id()), 19900, "CNY", absl::Now()));
}

TEST_F(ServiceTest, ACancellationThatMeetsAPaymentLoses) {
  const v1::Payment open = MustCreate("order-1");
  psp_->Pay("acme", *ParseId("att", open.attempts(0).attempt_id()), 19900, "CNY", absl::Now());
  v1::Payment payment;
  EXPECT_EQ(ReasonOf(Cancel("cancel-01", open.payment_id(), &payment)), "PAYMENT_NOT_CANCELABLE");
  EXPECT_EQ(store_.GetPayment("acme", *ParseId("pay", open.payment_id()), {})->state, PaymentState::kSucceeded);
}

TEST_F(ServiceTest, ASilentPspLeavesThePaymentAsItIs) {
  const v1::Payment open = MustCreate("order-1");
  psp_->SetFaults([] { return FakePsp::Fault::kLostAfter; });
  v1::Payment payment;
  const absl::Status status = Cancel("cancel-01", open.payment_id(), &payment);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "PSP_UNAVAILABLE");
  EXPECT_EQ(store_.GetPayment("acme", *ParseId("pay", open.payment_id()), {})->state, PaymentState::kRequiresAction);
  psp_->SetFaults(nullptr);
  EXPECT_EQ(Cancel("cancel-01", open.payment_id(), &payment), absl::OkStatus());
}

TEST_F(ServiceTest, RefundsSayWhyTheyAreRefused) {
  const v1::Payment open = MustCreate("order-1"), paid = MustPay("order-2");
  v1::Refund refund;
  const auto refund_call = &v1::PaymentService::Stub::CreateRefund;
  EXPECT_EQ(ReasonOf(Call(refund_call, RefundOf("refund-01", open.payment_id(), 1), &refund)), "PAYMENT_NOT_SUCCEEDED");
  const absl::Status over = Call(refund_call, RefundOf("refund-02", paid.payment_id(), 19901), &refund);
  EXPECT_EQ(ReasonOf(over), "REFUND_EXCEEDS_PAYMENT");
  EXPECT_EQ(MetadataOf(over, "refundable_minor"), "19900");
  v1::CreateRefundRequest dollars = RefundOf("refund-03", paid.payment_id(), 1);
  dollars.mutable_amount()->set_currency_code("USD");
  EXPECT_EQ(Call(refund_call, dollars, &refund).code(), absl::StatusCode::kInvalidArgument);
  v1::CreateRefundRequest bare;
  EXPECT_EQ(ReasonOf(Call(refund_call, bare, &refund)), "FIELD_INVALID");
}

TEST_F(ServiceTest, ANewRefundWakesItsSenderARepeatOrADeclineDoesNot) {
  const v1::Payment paid = MustPay("order-1");
  v1::Refund refund;
  ASSERT_EQ(Create(RefundOf("refund-01", paid.payment_id(), 900), &refund), absl::OkStatus());
  EXPECT_EQ(new_refunds_, 1);
  ASSERT_EQ(Create(RefundOf("refund-01", paid.payment_id(), 900), &refund), absl::OkStatus());
  EXPECT_FALSE(Create(RefundOf("refund-02", paid.payment_id(), 99999), &refund).ok());
  EXPECT_EQ(new_refunds_, 1);
}

TEST_F(ServiceTest, RefusesDaysThatAreNone) {
  v1::GetDailySummaryRequest request;
  v1::DailySummary day;
  for (const char* bad : {"2026-02-30", "today", "1800-01-01"}) {
    request.set_day(bad);
    EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::GetDailySummary, request, &day)), "FIELD_INVALID") << bad;
  }
}

TEST_F(ServiceTest, EventsComeInOrderUnderTheirCursor) {
  MustPay("order-1");
  v1::ListEventsRequest request;
  request.set_page_size(1);
  v1::ListEventsResponse page;
  ASSERT_EQ(Call(&v1::PaymentService::Stub::ListEvents, request, &page), absl::OkStatus());
  ASSERT_EQ(page.events_size(), 1);
  EXPECT_EQ(page.events(0).payment().state(), v1::Payment::REQUIRES_ACTION);
  request.set_cursor(page.next_cursor());
  page.Clear();
  ASSERT_EQ(Call(&v1::PaymentService::Stub::ListEvents, request, &page), absl::OkStatus());
  EXPECT_EQ(page.events(0).payment().state(), v1::Payment::SUCCEEDED);
  for (const std::string& bad : {std::string("x"), EventCursor("globex", 1), EventCursor("acme", 1000)}) {
    request.set_cursor(bad);
    EXPECT_EQ(ReasonOf(Call(&v1::PaymentService::Stub::ListEvents, request, &page)), "CURSOR_INVALID") << bad;
  }
  memory_store.DropEvents("acme", 2);
  MustPay("order-2");
  request.set_cursor(EventCursor("acme", 1));
  const absl::Status old = Call(&v1::PaymentService::Stub::ListEvents, request, &page);
  EXPECT_EQ(old.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(old), "CURSOR_TOO_OLD");
}

TEST_F(ServiceTest, WatchersHearWhatHappens) {
  MustPay("order-1");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::WatchEventsRequest request;
  const auto stream = stub_->WatchEvents(&context, request);
  v1::Event event;
  ASSERT_TRUE(stream->Read(&event));
  EXPECT_EQ(event.payment().version(), 1);
  ASSERT_TRUE(stream->Read(&event));
  EXPECT_EQ(event.payment().state(), v1::Payment::SUCCEEDED);
  MustCreate("order-2");
  ASSERT_TRUE(stream->Read(&event));
  EXPECT_EQ(event.payment().order_ref(), "order-2");
  guard_.Drain();
  EXPECT_FALSE(stream->Read(&event));
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(stream->Finish())), "SERVER_DRAINING");
}

TEST_F(ServiceTest, AWatcherWithAWrongCursorHearsWhy) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::WatchEventsRequest request;
  request.set_cursor("nonsense");
  const auto stream = stub_->WatchEvents(&context, request);
  v1::Event event;
  EXPECT_FALSE(stream->Read(&event));
  EXPECT_EQ(ReasonOf(rpc::FromGrpcStatus(stream->Finish())), "CURSOR_INVALID");
}

TEST_F(ServiceTest, AFencedWriterSaysSoAndRecovers) {
  MustCreate("order-1");
  ASSERT_TRUE(store_.TakeOver("acme", 5, {}).ok());
  v1::Payment payment;
  EXPECT_EQ(ReasonOf(Create(Order("request-2", "order-2"), &payment)), "FENCED");
  EXPECT_EQ(Create(Order("request-2", "order-2"), &payment), absl::OkStatus());
}

}  // namespace
}  // namespace trivium::payment
