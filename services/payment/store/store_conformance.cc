#include "services/payment/store/store_conformance.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "services/payment/domain/fingerprint.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::payment {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795334400);

void InThreads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& t : running) t.join();
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : under_test_(NewStoreUnderTest()), store_(under_test_->store()) {
    // A product of its own keeps a test apart from others on the same database.
    product_ = absl::StrCat("acme-", FormatId("t", ids_->Next()).substr(10));
    other_ = absl::StrCat("globex-", product_.substr(5));
    // Writers look their epoch up first; that makes the fence of a new product.
    for (const std::string& product : {product_, other_}) {
      EXPECT_TRUE(store_.CurrentEpoch(product, Deadline()).ok());
    }
  }

  absl::Time Deadline() const { return absl::Now() + absl::Seconds(30); }

  NewPayment Draft(const std::string& request_id, const std::string& order_ref, int64_t amount = 19900) {
    Payment p;
    p.id = ids_->Next();
    p.product = product_;
    p.request_id = request_id;
    p.order_ref = order_ref;
    p.subject = "数学 一对一";
    p.institution_id = "inst-1";
    p.currency = "CNY";
    p.amount_minor = amount;
    p.commission_minor = Commission(amount, 1000);
    p.pay_url = "http://psp/pay";
    p.fingerprint = Fingerprint({order_ref, absl::StrCat(amount), "CNY", p.subject, p.institution_id, "0"});
    p.create_time = kNow;
    p.expire_time = kNow + absl::Minutes(30);
    p.attempts = {{.id = ids_->Next(), .psp = "fake", .create_time = kNow}};
    return {FirstState(std::move(p)), 1};
  }
  absl::StatusOr<Payment> Create(const NewPayment& item) { return store_.CreatePayments({&item, 1}, Deadline())[0]; }
  Payment MustCreate(const std::string& request_id, const std::string& order_ref, int64_t amount = 19900) {
    absl::StatusOr<Payment> payment = Create(Draft(request_id, order_ref, amount));
    EXPECT_TRUE(payment.ok()) << payment.status();
    return payment.ok() ? *payment : Payment();
  }
  absl::StatusOr<PaymentResult> Tell(const Payment& payment, PaymentSignal signal, bool accept_late = false) {
    const PaymentUpdate update{.product = payment.product,
                               .payment_id = payment.id,
                               .signal = std::move(signal),
                               .accept_late = accept_late,
                               .epoch = 1,
                               .now = kNow + absl::Minutes(1)};
    return store_.UpdatePayments({&update, 1}, Deadline())[0];
  }
  Payment MustTell(const Payment& payment, PaymentSignal signal, bool accept_late = false) {
    absl::StatusOr<PaymentResult> result = Tell(payment, std::move(signal), accept_late);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->verdict, Verdict::kChanged);
    return result->payment;
  }
  static PaymentSignal Money(int64_t minor = 19900) {
    return {.event = PaymentEvent::kPspSucceeded,
            .paid_minor = minor,
            .paid_currency = "CNY",
            .psp_trade_id = "t-1",
            .paid_time = kNow + absl::Seconds(30)};
  }
  Payment MustPay(const std::string& name, int64_t amount = 19900) {
    return MustTell(MustCreate(name + "-request", name, amount), Money(amount));
  }

  NewRefund RefundDraft(const std::string& request_id, const Payment& payment, int64_t amount) {
    Refund r;
    r.id = ids_->Next();
    r.product = product_;
    r.request_id = request_id;
    r.payment_id = payment.id;
    r.amount_minor = amount;
    r.currency = "CNY";
    r.reason = "class cancelled";
    r.fingerprint = Fingerprint({FormatId("pay", payment.id), absl::StrCat(amount), "CNY", r.reason});
    r.create_time = kNow + absl::Minutes(2);
    return {r, 1};
  }
  absl::StatusOr<Refund> CreateRefund(const NewRefund& item) { return store_.CreateRefunds({&item, 1}, Deadline())[0]; }
  absl::StatusOr<RefundResult> Tell(const Refund& refund, RefundEvent event) {
    const RefundUpdate update{
        .product = refund.product, .refund_id = refund.id, .event = event, .epoch = 1, .now = kNow + absl::Minutes(3)};
    return store_.UpdateRefunds({&update, 1}, Deadline())[0];
  }
  absl::StatusOr<Payment> Cancel(const std::string& request_id, const Payment& payment, bool closed) {
    const Cancellation item{.product = product_,
                            .request_id = request_id,
                            .fingerprint = Fingerprint({FormatId("pay", payment.id)}),
                            .payment_id = payment.id,
                            .psp_closed = closed,
                            .epoch = 1,
                            .now = kNow + absl::Minutes(1)};
    return store_.CancelPayments({&item, 1}, Deadline())[0];
  }

  CurrencyDay Cny() {
    absl::StatusOr<Day> day = store_.SummarizeDay(product_, kNow - absl::Hours(1), kNow + absl::Hours(23), Deadline());
    EXPECT_TRUE(day.ok()) << day.status();
    const CurrencyDay cny = day.ok() ? (*day)["CNY"] : CurrencyDay();
    EXPECT_EQ(cny.ledger_debits_minor, cny.ledger_credits_minor);
    EXPECT_TRUE(cny.balances_match_entries);
    return cny;
  }
  int64_t Balance(const CurrencyDay& day, const std::string& account) {
    const auto it = day.accounts.find(account);
    return it == day.accounts.end() ? 0 : it->second.credits_minor - it->second.debits_minor;
  }

  // All events; numbers and versions dense.
  std::vector<v1::Event> Events() {
    under_test_->Settle(product_);
    absl::StatusOr<std::vector<StoredEvent>> stored = store_.ListEvents(product_, 0, 10000, Deadline());
    EXPECT_TRUE(stored.ok()) << stored.status();
    std::vector<v1::Event> events;
    std::map<std::string, int64_t> version;
    for (const StoredEvent& s : *stored) {
      EXPECT_EQ(s.seq, static_cast<int64_t>(events.size()) + 1);
      v1::Event& event = events.emplace_back();
      EXPECT_TRUE(event.ParseFromString(s.payload));
      const bool payment = event.has_payment();
      const std::string& id = payment ? event.payment().payment_id() : event.refund().refund_id();
      EXPECT_EQ(payment ? event.payment().version() : event.refund().version(), ++version[id]) << id;
    }
    return events;
  }

  std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  std::unique_ptr<StoreUnderTest> under_test_;
  Store& store_;
  std::string product_, other_;
};

TEST_F(StoreTest, CreatesAPaymentOnce) {
  const NewPayment draft = Draft("request-1", "order-1");
  const absl::StatusOr<Payment> first = Create(draft);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, draft.payment);
  const absl::StatusOr<Payment> again = Create(Draft("request-1", "order-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(*store_.GetPayment(product_, first->id, Deadline()), *first);
  EXPECT_EQ(store_.GetPaymentOfAttempt(product_, first->attempts[0].id, Deadline())->id, first->id);
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(StoreTest, ARepeatGetsTheFirstAnswerWhateverHappenedSince) {
  const Payment first = MustCreate("request-1", "order-1");
  MustTell(first, Money());
  const absl::StatusOr<Payment> again = Create(Draft("request-1", "order-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, first);
}

TEST_F(StoreTest, AReusedKeyNamesTheFieldThatDiffers) {
  MustCreate("request-1", "order-1");
  const absl::Status status = Create(Draft("request-1", "order-1", 5)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(status, "field"), "amount.amount_minor");
}

TEST_F(StoreTest, KeysAndOrdersOfProductsAreTheirOwn) {
  const Payment mine = MustCreate("request-1", "order-1");
  NewPayment theirs = Draft("request-1", "order-1");
  theirs.payment.product = other_;
  const absl::StatusOr<Payment> created = Create(theirs);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_NE(created->id, mine.id);
}

TEST_F(StoreTest, AnOrderHasOneOpenPayment) {
  const Payment first = MustCreate("request-1", "order-1");
  const absl::Status status = Create(Draft("request-2", "order-1")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), "ORDER_HAS_PAYMENT");
  EXPECT_EQ(MetadataOf(status, "payment_id"), FormatId("pay", first.id));
  // The decline stays the answer to its key, even when the order becomes free.
  MustTell(first, {.event = PaymentEvent::kExpireConfirmed});
  EXPECT_EQ(Create(Draft("request-2", "order-1")).status(), status);
  EXPECT_EQ(ReasonOf(Create(Draft("request-2", "order-2")).status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(Create(Draft("request-3", "order-1")).ok());
}

TEST_F(StoreTest, LateMoneyGoesBackAndLeavesTheOrderToItsNextPayment) {
  const Payment first = MustCreate("request-1", "order-1");
  MustTell(first, {.event = PaymentEvent::kExpireConfirmed});
  const Payment second = MustCreate("request-2", "order-1");
  const Payment late = MustTell(first, Money());
  EXPECT_EQ(late.state, PaymentState::kSucceeded);
  EXPECT_TRUE(late.late);
  EXPECT_EQ(late.refunded_minor, 19900);
  MustTell(second, Money());
  const std::vector<Refund> refunds = *store_.ListRefunds(product_, {}, Deadline());
  ASSERT_EQ(refunds.size(), 1u);
  EXPECT_EQ(refunds[0].origin, RefundOrigin::kLatePayment);
  EXPECT_EQ(refunds[0].payment_id, first.id);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.paid_count, 2);
  EXPECT_EQ(day.refunds_open_minor, 19900);
  EXPECT_EQ(Balance(day, "refunds_payable"), 19900);
}

TEST_F(StoreTest, AcceptedLateMoneyHoldsTheOrderUnlessAnotherPaymentDoes) {
  const Payment kept = MustCreate("request-1", "order-1");
  MustTell(kept, {.event = PaymentEvent::kExpireConfirmed});
  EXPECT_EQ(MustTell(kept, Money(), true).refunded_minor, 0);
  EXPECT_EQ(ReasonOf(Create(Draft("request-2", "order-1")).status()), "ORDER_HAS_PAYMENT");

  const Payment beaten = MustCreate("request-3", "order-2");
  MustTell(beaten, {.event = PaymentEvent::kExpireConfirmed});
  MustCreate("request-4", "order-2");
  EXPECT_EQ(MustTell(beaten, Money(), true).refunded_minor, 19900);
  Cny();
}

TEST_F(StoreTest, OneOfManyEqualRequestsCreates) {
  std::set<Id> created;
  std::atomic<int> in_progress = 0;
  Mutex mu;
  InThreads(32, [&](int) {
    NewPayment draft;
    {
      MutexLock lock(mu);
      draft = Draft("request-1", "order-1");
    }
    const absl::StatusOr<Payment> payment = Create(draft);
    MutexLock lock(mu);
    if (payment.ok()) {
      created.insert(payment->id);
    } else {
      EXPECT_EQ(ReasonOf(payment.status()), "REQUEST_IN_PROGRESS") << payment.status();
      in_progress++;
    }
  });
  EXPECT_EQ(created.size(), 1u);
  EXPECT_LT(in_progress, 32);
  EXPECT_EQ(store_.ListPayments(product_, {}, Deadline())->size(), 1u);
}

TEST_F(StoreTest, OneOfManyPaymentsGetsTheOrder) {
  std::vector<NewPayment> drafts;
  for (int i = 0; i < 32; ++i) drafts.push_back(Draft(absl::StrCat("request-", i), "order-1"));
  std::atomic<int> created = 0, declined = 0;
  InThreads(32, [&](int i) {
    const absl::StatusOr<Payment> payment = Create(drafts[i]);
    if (payment.ok()) created++;
    if (ReasonOf(payment.status()) == "ORDER_HAS_PAYMENT") declined++;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(declined, 31);
}

TEST_F(StoreTest, MoneyIsBookedOnceHoweverOftenItIsReported) {
  const Payment payment = MustCreate("request-1", "order-1");
  std::atomic<int> changed = 0, already = 0;
  InThreads(16, [&](int) {
    const absl::StatusOr<PaymentResult> result = Tell(payment, Money());
    if (!result.ok()) return;
    (result->verdict == Verdict::kChanged ? changed : already)++;
  });
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(already, 15);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.paid_minor, 19900);
  EXPECT_EQ(Balance(day, "platform_cash"), -19900);
  EXPECT_EQ(Balance(day, "commission"), 1990);
  EXPECT_EQ(Balance(day, "institution_payable"), 17910);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(StoreTest, AWrongAmountFailsAndIsSentBack) {
  const Payment failed = MustTell(MustCreate("request-1", "order-1"), Money(19899));
  EXPECT_EQ(failed.state, PaymentState::kFailed);
  EXPECT_EQ(failed.attempts[0].paid_minor, 19899);
  const std::vector<Refund> refunds = *store_.ListRefunds(product_, {}, Deadline());
  ASSERT_EQ(refunds.size(), 1u);
  EXPECT_EQ(refunds[0].amount_minor, 19899);
  ASSERT_TRUE(Tell(refunds[0], RefundEvent::kPspSucceeded).ok());
  const CurrencyDay day = Cny();
  for (const char* account : {"platform_cash", "suspense", "refunds_payable", "commission", "institution_payable"}) {
    EXPECT_EQ(Balance(day, account), 0) << account;
  }
  EXPECT_EQ(day.paid_count, 0);
  EXPECT_TRUE(Create(Draft("request-2", "order-1")).ok());
}

TEST_F(StoreTest, WhatContradictsChangesNothing) {
  const Payment paid = MustPay("order-1");
  const absl::StatusOr<PaymentResult> result = Tell(paid, {.event = PaymentEvent::kPspDeclined});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->verdict, Verdict::kIllegal);
  EXPECT_EQ(*store_.GetPayment(product_, paid.id, Deadline()), paid);
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(StoreTest, AnotherProductsObjectsAreNotFound) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 100));
  ASSERT_TRUE(refund.ok());
  EXPECT_EQ(ReasonOf(store_.GetPayment(other_, payment.id, Deadline()).status()), "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store_.GetPaymentOfAttempt(other_, payment.attempts[0].id, Deadline()).status()),
            "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(store_.GetRefund(other_, refund->id, Deadline()).status()), "REFUND_NOT_FOUND");
  EXPECT_TRUE(store_.ListPayments(other_, {}, Deadline())->empty());
  EXPECT_TRUE(store_.ListRefunds(other_, {}, Deadline())->empty());
  EXPECT_TRUE(store_.ListEvents(other_, 0, 10, Deadline())->empty());
  Payment stolen = payment;
  stolen.product = other_;
  EXPECT_EQ(ReasonOf(Tell(stolen, Money()).status()), "PAYMENT_NOT_FOUND");
  NewRefund theirs = RefundDraft("refund-2", payment, 100);
  theirs.draft.product = other_;
  EXPECT_EQ(ReasonOf(CreateRefund(theirs).status()), "PAYMENT_NOT_FOUND");
}

TEST_F(StoreTest, RefundsOnceAndRepeatsTheAnswer) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> first = CreateRefund(RefundDraft("refund-1", payment, 900));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->commission_minor, 90);
  EXPECT_EQ(first->version, 1);
  ASSERT_TRUE(Tell(*first, RefundEvent::kPspSucceeded).ok());
  EXPECT_EQ(*CreateRefund(RefundDraft("refund-1", payment, 900)), AsCreated(*first));
  EXPECT_EQ(MetadataOf(CreateRefund(RefundDraft("refund-1", payment, 901)).status(), "field"), "amount.amount_minor");
  EXPECT_EQ(store_.GetRefund(product_, first->id, Deadline())->state, RefundState::kSucceeded);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 900);
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.refunded_minor, 900);
  EXPECT_EQ(Balance(day, "platform_cash"), -19000);
  // Paid: 2 events; reserved: payment and refund; succeeded: refund.
  EXPECT_EQ(Events().size(), 5u);
}

TEST_F(StoreTest, DeclinedRefundsAreRecorded) {
  const Payment open = MustCreate("request-1", "order-1");
  const absl::Status early = CreateRefund(RefundDraft("refund-1", open, 100)).status();
  EXPECT_EQ(ReasonOf(early), "PAYMENT_NOT_SUCCEEDED");
  MustTell(open, Money());
  EXPECT_EQ(CreateRefund(RefundDraft("refund-1", open, 100)).status(), early);
  EXPECT_EQ(ReasonOf(CreateRefund(RefundDraft("refund-1", open, 101)).status()), "IDEMPOTENCY_KEY_REUSED");
  const absl::Status over = CreateRefund(RefundDraft("refund-2", open, 19901)).status();
  EXPECT_EQ(ReasonOf(over), "REFUND_EXCEEDS_PAYMENT");
  EXPECT_EQ(MetadataOf(over, "refundable_minor"), "19900");
  // Form does not use a key up.
  NewRefund dollars = RefundDraft("refund-3", open, 100);
  dollars.draft.currency = "USD";
  EXPECT_EQ(CreateRefund(dollars).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(CreateRefund(RefundDraft("refund-3", open, 100)).ok());
}

TEST_F(StoreTest, ManyRefundsAtOnceNeverExceedThePayment) {
  const Payment payment = MustPay("order-1", 1000);
  std::vector<NewRefund> drafts;
  for (int i = 0; i < 64; ++i) drafts.push_back(RefundDraft(absl::StrCat("refund-", i), payment, 70));
  std::atomic<int> reserved = 0, declined = 0;
  InThreads(64, [&](int i) {
    absl::StatusOr<Refund> refund = CreateRefund(drafts[i]);
    for (int tries = 0; ReasonOf(refund.status()) == "REQUEST_IN_PROGRESS" && tries < 50; ++tries)
      refund = CreateRefund(drafts[i]);
    if (refund.ok()) reserved++;
    if (ReasonOf(refund.status()) == "REFUND_EXCEEDS_PAYMENT") declined++;
  });
  EXPECT_EQ(reserved, 14);
  EXPECT_EQ(declined, 50);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 980);
  EXPECT_EQ(Balance(Cny(), "refunds_payable"), 980);
  EXPECT_EQ(Events().size(), 2u + 28u);
}

TEST_F(StoreTest, AFailedRefundIsReversed) {
  const Payment payment = MustPay("order-1");
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 19900));
  ASSERT_TRUE(refund.ok());
  ASSERT_EQ(Tell(*refund, RefundEvent::kOutcomeUnknown)->verdict, Verdict::kChanged);
  ASSERT_EQ(Tell(*refund, RefundEvent::kPspDeclined)->verdict, Verdict::kChanged);
  ASSERT_EQ(Tell(*refund, RefundEvent::kPspSucceeded)->verdict, Verdict::kIllegal);
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->refunded_minor, 0);
  EXPECT_EQ(Balance(Cny(), "institution_payable"), 17910);
  EXPECT_TRUE(CreateRefund(RefundDraft("refund-2", payment, 19900)).ok());
  // Paid 2; reserved 2; unknown 1; failed 2; reserved 2.
  EXPECT_EQ(Events().size(), 9u);
}

TEST_F(StoreTest, CancelsOnceThePspHasClosed) {
  const Payment payment = MustCreate("request-1", "order-1");
  EXPECT_EQ(ReasonOf(Cancel("cancel-1", payment, false).status()), "PSP_UNAVAILABLE");
  const absl::StatusOr<Payment> canceled = Cancel("cancel-1", payment, true);
  ASSERT_TRUE(canceled.ok()) << canceled.status();
  EXPECT_EQ(canceled->state, PaymentState::kCanceled);
  EXPECT_EQ(*Cancel("cancel-1", payment, true), *canceled);
  EXPECT_EQ(*Cancel("cancel-2", payment, false), *canceled);
  // The answer stays, also when late money has come.
  MustTell(payment, Money());
  EXPECT_EQ(Cancel("cancel-1", payment, false)->state, PaymentState::kCanceled);
  EXPECT_EQ(ReasonOf(Cancel("cancel-3", payment, true).status()), "PAYMENT_NOT_CANCELABLE");
}

TEST_F(StoreTest, DeclinedCancellationsAreRecorded) {
  const Payment paid = MustPay("order-1");
  const absl::Status status = Cancel("cancel-1", paid, true).status();
  EXPECT_EQ(ReasonOf(status), "PAYMENT_NOT_CANCELABLE");
  EXPECT_EQ(Cancel("cancel-1", paid, true).status(), status);
  const Payment other = MustCreate("request-2", "order-2");
  EXPECT_EQ(MetadataOf(Cancel("cancel-1", other, true).status(), "field"), "payment_id");
  Payment none;
  none.id = ids_->Next();
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", none, true).status()), "PAYMENT_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel("cancel-2", other, true).status()), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(StoreTest, FindsWhatAKeyWasAnswered) {
  const Payment payment = MustPay("order-1");
  ASSERT_TRUE(CreateRefund(RefundDraft("refund-1", payment, 100)).ok());
  CreateRefund(RefundDraft("refund-2", payment, 99999)).IgnoreError();
  EXPECT_EQ((*store_.FindResult(product_, Method::kCreatePayment, "order-1-request", Deadline()))->payment->version, 1);
  EXPECT_EQ((*store_.FindResult(product_, Method::kCreateRefund, "refund-1", Deadline()))->refund->amount_minor, 100);
  EXPECT_EQ(ReasonOf((*store_.FindResult(product_, Method::kCreateRefund, "refund-2", Deadline()))->status),
            "REFUND_EXCEEDS_PAYMENT");
  EXPECT_EQ(*store_.FindResult(product_, Method::kCreatePayment, "refund-1", Deadline()), std::nullopt);
  EXPECT_EQ(*store_.FindResult(other_, Method::kCreateRefund, "refund-1", Deadline()), std::nullopt);
}

TEST_F(StoreTest, ABatchAnswersEachItemByItself) {
  const std::vector<NewPayment> items = {Draft("request-1", "order-1"), Draft("request-2", "order-1"),
                                         Draft("request-1", "order-1"), Draft("request-1", "order-9"),
                                         Draft("request-3", "order-3")};
  const std::vector<absl::StatusOr<Payment>> outcomes = store_.CreatePayments(items, Deadline());
  ASSERT_EQ(outcomes.size(), 5u);
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(ReasonOf(outcomes[1].status()), "ORDER_HAS_PAYMENT");
  EXPECT_EQ(outcomes[2]->id, outcomes[0]->id);
  EXPECT_EQ(ReasonOf(outcomes[3].status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(outcomes[4].ok());
}

TEST_F(StoreTest, ListsNewestFirstInPages) {
  std::vector<Id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(MustPay(absl::StrCat("order-", i)).id);
  PaymentFilter filter{.limit = 2};
  std::vector<Id> listed;
  for (;;) {
    const std::vector<Payment> page = *store_.ListPayments(product_, filter, Deadline());
    if (page.empty()) break;
    for (const Payment& p : page) listed.push_back(p.id);
    filter.before = page.back().id;
  }
  std::ranges::reverse(ids);
  EXPECT_EQ(listed, ids);
  EXPECT_EQ(store_.ListPayments(product_, {.order_ref = "order-3"}, Deadline())->size(), 1u);
  EXPECT_EQ(store_.ListPayments(product_, {.state = PaymentState::kSucceeded}, Deadline())->size(), 5u);
  EXPECT_EQ(store_.ListPayments(product_, {.state = PaymentState::kExpired}, Deadline())->size(), 0u);
  const Payment refunded = *store_.GetPayment(product_, ids[0], Deadline());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(CreateRefund(RefundDraft(absl::StrCat("refund-", i), refunded, 1)).ok());
  EXPECT_EQ(store_.ListRefunds(product_, {.payment_id = ids[0]}, Deadline())->size(), 3u);
  EXPECT_EQ(store_.ListRefunds(product_, {.payment_id = ids[1]}, Deadline())->size(), 0u);
  EXPECT_EQ(
      store_.ListRefunds(product_, {.payment_id = ids[0], .state = RefundState::kProcessing, .limit = 2}, Deadline())
          ->size(),
      2u);
}

TEST_F(StoreTest, SummarizesADay) {
  MustPay("order-1");
  MustCreate("request-2", "order-2", 500);
  const Payment refunded = MustPay("order-3", 1000);
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", refunded, 400));
  ASSERT_TRUE(Tell(*refund, RefundEvent::kPspSucceeded).ok());
  ASSERT_TRUE(CreateRefund(RefundDraft("refund-2", refunded, 1)).ok());
  const CurrencyDay day = Cny();
  EXPECT_EQ(day.payments_created, 3);
  EXPECT_EQ(day.payments_by_state,
            (std::map<PaymentState, int64_t>{{PaymentState::kRequiresAction, 1}, {PaymentState::kSucceeded, 2}}));
  EXPECT_EQ(day.paid_count, 2);
  EXPECT_EQ(day.paid_minor, 20900);
  EXPECT_EQ(day.commission_minor, 2090);
  EXPECT_EQ(day.refunded_count, 1);
  EXPECT_EQ(day.refunded_minor, 400);
  EXPECT_EQ(day.refunds_open_count, 1);
  EXPECT_EQ(day.refunds_open_minor, 1);
  EXPECT_EQ(day.ledger_debits_minor, 20900 + 401 + 400);
  const absl::StatusOr<Day> tomorrow =
      store_.SummarizeDay(product_, kNow + absl::Hours(23), kNow + absl::Hours(47), Deadline());
  ASSERT_TRUE(tomorrow.ok());
  EXPECT_EQ(tomorrow->at("CNY").payments_created, 0);
  EXPECT_EQ(tomorrow->at("CNY").ledger_debits_minor, day.ledger_debits_minor);
}

TEST_F(StoreTest, WorkersNeverClaimTheSameObject) {
  std::set<Id> mine;
  for (int i = 0; i < 40; ++i) mine.insert(MustCreate(absl::StrCat("request-", i), absl::StrCat("order-", i)).id);
  EXPECT_TRUE(store_.ClaimDuePayments(kNow, absl::Minutes(1), 100, Deadline())->empty());
  Mutex mu;
  std::multiset<Id> claimed;
  InThreads(8, [&](int) {
    for (;;) {
      const absl::StatusOr<std::vector<Payment>> batch =
          store_.ClaimDuePayments(kNow + absl::Seconds(2), absl::Minutes(1), 3, Deadline());
      if (!batch.ok() || batch->empty()) return;
      MutexLock lock(mu);
      for (const Payment& p : *batch) {
        if (mine.contains(p.id)) claimed.insert(p.id);
      }
    }
  });
  EXPECT_EQ(claimed, std::multiset<Id>(mine.begin(), mine.end()));
}

TEST_F(StoreTest, ReschedulesUnlessSomethingHappenedMeanwhile) {
  const Payment payment = MustCreate("request-1", "order-1");
  const auto due = [&](absl::Duration after) {
    bool found = false;
    const std::vector<Payment> batch = *store_.ClaimDuePayments(kNow + after, absl::ZeroDuration(), 1000, Deadline());
    for (const Payment& p : batch) found |= p.id == payment.id;
    return found;
  };
  ASSERT_TRUE(store_.ReschedulePayment(payment, kNow + absl::Minutes(10), Deadline()).ok());
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->checks, 1);
  EXPECT_FALSE(due(absl::Minutes(9)));
  EXPECT_TRUE(due(absl::Minutes(10)));
  MustTell(payment, Money());
  ASSERT_TRUE(store_.ReschedulePayment(payment, kNow, Deadline()).ok());
  EXPECT_FALSE(due(absl::Hours(24)));

  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 5));
  ASSERT_TRUE(store_.RescheduleRefund(*refund, kNow + absl::Minutes(10), Deadline()).ok());
  EXPECT_EQ(store_.GetRefund(product_, refund->id, Deadline())->checks, 1);
}

TEST_F(StoreTest, CountsWhatIsUnknown) {
  const Payment payment = MustCreate("request-1", "order-1");
  MustTell(payment, {.event = PaymentEvent::kOutcomeUnknown});
  const Payment paid = MustPay("order-2");
  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", paid, 5));
  ASSERT_TRUE(Tell(*refund, RefundEvent::kOutcomeUnknown).ok());
  const OpenWork work = (*store_.CountOpenWork(Deadline()))[product_];
  EXPECT_EQ(work.unknown_payments, 1);
  EXPECT_EQ(work.unknown_refunds, 1);
  EXPECT_EQ(work.open_refunds, 1);
  EXPECT_EQ(work.oldest_unknown, kNow + absl::Minutes(1));
}

TEST_F(StoreTest, FencesWritersOfAnOlderEpoch) {
  const Payment payment = MustPay("order-1");
  EXPECT_EQ(*store_.CurrentEpoch(product_, Deadline()), 1);
  ASSERT_TRUE(store_.TakeOver(product_, 7, Deadline()).ok());
  EXPECT_EQ(*store_.CurrentEpoch(product_, Deadline()), 7);
  const absl::Status create = Create(Draft("request-2", "order-2")).status();
  EXPECT_EQ(create.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(create), "FENCED");
  EXPECT_EQ(ReasonOf(Tell(payment, Money()).status()), "FENCED");
  EXPECT_EQ(ReasonOf(CreateRefund(RefundDraft("refund-1", payment, 1)).status()), "FENCED");
  EXPECT_EQ(ReasonOf(Cancel("cancel-1", payment, true).status()), "FENCED");
  NewPayment newer = Draft("request-2", "order-2");
  newer.epoch = 7;
  EXPECT_TRUE(Create(newer).ok());
  ASSERT_TRUE(store_.TakeOver(product_, 3, Deadline()).ok());
  EXPECT_EQ(*store_.CurrentEpoch(product_, Deadline()), 7);
}

TEST_F(StoreTest, CallbacksAreNewOnce) {
  EXPECT_TRUE(*store_.RecordCallback(product_, "nonce-1", "applied", "{}", kNow, Deadline()));
  EXPECT_FALSE(*store_.RecordCallback(product_, "nonce-1", "applied", "{}", kNow, Deadline()));
  EXPECT_TRUE(*store_.RecordCallback(other_, "nonce-1", "unmatched", "{}", kNow, Deadline()));
  EXPECT_GE(*store_.PurgeCallbacks(kNow + absl::Seconds(1), 1000, Deadline()), 2);
  EXPECT_TRUE(*store_.RecordCallback(product_, "nonce-1", "applied", "{}", kNow, Deadline()));
}

TEST_F(StoreTest, EventsHaveARange) {
  EXPECT_EQ(store_.RangeOfEvents(product_, Deadline())->newest, 0);
  MustPay("order-1");
  under_test_->Settle(product_);
  const EventRange range = *store_.RangeOfEvents(product_, Deadline());
  EXPECT_EQ(range.oldest, 1);
  EXPECT_EQ(range.newest, 2);
  EXPECT_EQ(store_.ListEvents(product_, 1, 10, Deadline())->size(), 1u);
  EXPECT_EQ(store_.ListEvents(product_, 0, 1, Deadline())->size(), 1u);
}

}  // namespace
}  // namespace trivium::payment
