// What every engine does for all of them: answers to keys, lists, days, workers, fences, callbacks, events.
#include "services/payment/store/store_conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "services/payment/store/store_suite.h"

namespace trivium::payment {
namespace {

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
  EXPECT_TRUE(store_.ClaimDuePayments({kNow, absl::Minutes(1), 100}, Deadline())->empty());
  Mutex mu;
  std::multiset<Id> claimed;
  InThreads(8, [&](int) {
    for (;;) {
      const absl::StatusOr<std::vector<Payment>> batch =
          store_.ClaimDuePayments({kNow + absl::Seconds(2), absl::Minutes(1), 3}, Deadline());
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
  const auto due = [&](absl::Duration after) { return IsDue(payment.id, after, /*silent=*/false); };
  ASSERT_TRUE(store_.ReschedulePayment(payment, {kNow + absl::Minutes(10)}, Deadline()).ok());
  EXPECT_EQ(store_.GetPayment(product_, payment.id, Deadline())->checks, 1);
  EXPECT_FALSE(due(absl::Minutes(9)));
  EXPECT_TRUE(due(absl::Minutes(10)));
  MustTell(payment, Money());
  ASSERT_TRUE(store_.ReschedulePayment(payment, {kNow}, Deadline()).ok());
  EXPECT_FALSE(due(absl::Hours(24)));

  const absl::StatusOr<Refund> refund = CreateRefund(RefundDraft("refund-1", payment, 5));
  ASSERT_TRUE(store_.RescheduleRefund(*refund, {kNow + absl::Minutes(10)}, Deadline()).ok());
  EXPECT_EQ(store_.GetRefund(product_, refund->id, Deadline())->checks, 1);
}

// What a PSP is silent about is claimed apart, until there is news of it.
TEST_F(StoreTest, ClaimsWhatIsSilentApart) {
  const Payment payment = MustCreate("request-1", "order-1");
  ASSERT_TRUE(store_.ReschedulePayment(payment, {kNow + absl::Minutes(1), /*silent=*/true}, Deadline()).ok());
  const Payment silent = *store_.GetPayment(product_, payment.id, Deadline());
  EXPECT_TRUE(silent.silent);
  EXPECT_FALSE(IsDue(payment.id, absl::Minutes(1), /*silent=*/false));
  EXPECT_TRUE(IsDue(payment.id, absl::Minutes(1), /*silent=*/true));
  EXPECT_TRUE(MustTell(silent, {.event = PaymentEvent::kOutcomeUnknown}).silent) << "that is no news";
  EXPECT_FALSE(MustTell(silent, Money()).silent);
  EXPECT_FALSE(store_.GetPayment(product_, payment.id, Deadline())->silent);

  const Refund refund = *CreateRefund(RefundDraft("refund-1", payment, 5));
  ASSERT_TRUE(store_.RescheduleRefund(refund, {kNow + absl::Minutes(1), /*silent=*/true}, Deadline()).ok());
  const auto is_due = [&](bool silent_ones) {
    const std::vector<Refund> batch =
        *store_.ClaimDueRefunds({kNow + absl::Minutes(1), absl::ZeroDuration(), 1000, silent_ones}, Deadline());
    return std::ranges::any_of(batch, [&](const Refund& r) { return r.id == refund.id; });
  };
  EXPECT_FALSE(is_due(false));
  EXPECT_TRUE(is_due(true));
  ASSERT_TRUE(Tell(refund, RefundEvent::kPspSucceeded).ok());
  EXPECT_FALSE(store_.GetRefund(product_, refund.id, Deadline())->silent);
}

TEST_F(StoreTest, TakesWhatHasBeenDueLongestFirst) {
  std::vector<Payment> payments;
  for (int i = 0; i < 6; ++i) {
    payments.push_back(MustCreate(absl::StrCat("request-", i), absl::StrCat("order-", i)));
    const absl::Time due = kNow - absl::Hours(1) - absl::Seconds(i);
    ASSERT_TRUE(store_.ReschedulePayment(payments.back(), {due, /*silent=*/true}, Deadline()).ok());
  }
  const std::vector<Payment> first =
      *store_.ClaimDuePayments({kNow - absl::Hours(1), absl::Minutes(1), 3, /*silent=*/true}, Deadline());
  ASSERT_EQ(first.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(first[i].id, payments[5 - i].id);
    EXPECT_EQ(first[i].due_time, kNow - absl::Hours(1) - absl::Seconds(5 - i))
        << "when it was due, not the claim's end";
  }
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
  under_test_.Settle(product_);
  const EventRange range = *store_.RangeOfEvents(product_, Deadline());
  EXPECT_EQ(range.oldest, 1);
  EXPECT_EQ(range.newest, 2);
  EXPECT_EQ(store_.ListEvents(product_, 1, 10, Deadline())->size(), 1u);
  EXPECT_EQ(store_.ListEvents(product_, 0, 1, Deadline())->size(), 1u);
}

}  // namespace
}  // namespace trivium::payment
