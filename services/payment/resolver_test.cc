// When the resolver asks again, and that questions without news cost nothing. What answers mean for money:
// simulation_test.
#include "services/payment/resolver.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

#include "libs/clock/clock.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/domain/check_schedule.h"
#include "services/payment/psp/fake_psp.h"
#include "services/payment/psp/guarded_psp.h"
#include "services/payment/store/memory_store.h"
#include "services/payment/store/store_calls.h"
#include "services/payment/workers/janitor.h"

namespace trivium::payment {
namespace {

using Fault = FakePsp::Fault;

class OneProfile : public Profiles {
 public:
  std::shared_ptr<const Profile> Find(const std::string&) override { return profile_; }

 private:
  const std::shared_ptr<Profile> profile_ = std::make_shared<Profile>();
};

class CountingStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  std::vector<absl::StatusOr<PaymentResult>> UpdatePayments(std::span<const PaymentUpdate> items,
                                                            absl::Time deadline) override {
    ++updates;
    last_deadline = deadline;
    return MemoryStore::UpdatePayments(items, deadline);
  }
  std::vector<absl::StatusOr<RefundResult>> UpdateRefunds(std::span<const RefundUpdate> items,
                                                          absl::Time deadline) override {
    ++updates;
    last_deadline = deadline;
    return MemoryStore::UpdateRefunds(items, deadline);
  }
  int updates = 0;
  absl::Time last_deadline;
};

struct Memory : public StoreUnderTest {
  Store& store() override { return counting; }
  void Settle(const std::string&) override {}

  std::unique_ptr<IdGenerator> ids = NewIdGenerator(Clock::Real());
  CountingStore counting{*ids};
};

class ResolverTest : public ::testing::Test {
 protected:
  // A breaker that never opens: it has tests of its own.
  ResolverTest() {
    psps_["fake"] =
        NewGuardedPsp("fake", std::unique_ptr<Psp>(psp_), {.failures = 1 << 30}, silence_, clock_, raw_metrics_);
  }

  absl::Time Deadline() { return clock_.Now() + absl::Seconds(5); }
  Payment Now(const Payment& payment) { return *store_.GetPayment(payment.product, payment.id, Deadline()); }
  Refund Now(const Refund& refund) { return *store_.GetRefund(refund.product, refund.id, Deadline()); }
  Refund MustRefund(const Payment& payment) { return *calls_.CreateRefund(calls_.RefundDraft("refund-1", payment, 9)); }
  // A payment that the PSP knows as well.
  Payment MustPay() {
    const Payment open = calls_.MustCreate("request-1", "order-1");
    psp_->Pay(open.product, open.attempts[0].id, open.amount_minor, "CNY", clock_.Now());
    return calls_.MustTell(open, StoreCalls::Money());
  }

  // A payment that the PSP has been silent about before this process began.
  Payment MustBeSilent(int n, absl::Time due) {
    const Payment payment = calls_.MustCreate(absl::StrCat("silent-request-", n), absl::StrCat("silent-order-", n));
    EXPECT_TRUE(store_.ReschedulePayment(payment, {due, /*silent=*/true}, Deadline()).ok());
    return Now(payment);
  }

  FakeClock clock_{kNow};
  Memory memory_;
  CountingStore& store_ = memory_.counting;
  StoreCalls calls_{memory_};
  FakePsp* psp_ = new FakePsp;  // Owned by psps_.
  Metrics raw_metrics_;
  SilenceBook silence_;
  Psps psps_;
  OneProfile profiles_;
  PaymentMetrics metrics_{raw_metrics_};
  Fencing fencing_{store_, [](const std::string&) { return std::nullopt; }};
  Resolver resolver_{store_, psps_, silence_, profiles_, fencing_, clock_, metrics_};
};

TEST_F(ResolverTest, AnAnswerWithoutNewsMovesTheNextQuestionAndNothingElse) {
  const Payment open = calls_.MustCreate("request-1", "order-1");
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(*resolver_.Ask(open, Deadline()), Verdict::kAlready);
  const Payment after = Now(open);
  EXPECT_EQ(after.due_time, clock_.Now() + absl::Seconds(4)) << "it has stood so for 4 s";
  EXPECT_EQ(after.checks, 1);
  EXPECT_EQ(after.version, open.version);
  EXPECT_EQ(store_.updates, 0) << "no transaction for no news";
  EXPECT_EQ(calls_.Events().size(), 1u);
}

TEST_F(ResolverTest, ARefundUnderWayIsAskedAboutWithoutTransactions) {
  const Refund refund = MustRefund(MustPay());
  ASSERT_TRUE(resolver_.Advance(refund, Deadline()).ok());  // The PSP takes it.
  EXPECT_EQ(store_.updates, 1) << "the payment's success alone";
  clock_.Advance(absl::Minutes(3));
  EXPECT_EQ(*resolver_.Advance(Now(refund), Deadline()), Verdict::kAlready);
  EXPECT_EQ(store_.updates, 1);
  EXPECT_EQ(Now(refund).checks, 2);
  psp_->EndRefund(refund.id, true);
  EXPECT_EQ(*resolver_.Advance(Now(refund), Deadline()), Verdict::kChanged);
  EXPECT_EQ(Now(refund).state, RefundState::kSucceeded);
}

// It was thrown away when a busy database needed longer than the PSP had left, and asked for again half a minute later.
TEST_F(ResolverTest, AnAnswerThatTookItsTimeIsWrittenDownAllTheSame) {
  const auto slow = [this] {
    clock_.Advance(absl::Milliseconds(4990));
    return Fault::kNone;
  };
  const Payment open = calls_.MustCreate("request-1", "order-1");
  psp_->Pay(open.product, open.attempts[0].id, open.amount_minor, "CNY", clock_.Now());
  psp_->SetFaults(slow);
  ASSERT_EQ(*resolver_.Ask(open, Deadline()), Verdict::kChanged);
  EXPECT_GE(store_.last_deadline, clock_.Now() + absl::Seconds(5));

  psp_->SetFaults(nullptr);
  const Refund refund = MustRefund(Now(open));
  ASSERT_TRUE(resolver_.Advance(refund, Deadline()).ok());
  psp_->EndRefund(refund.id, true);
  psp_->SetFaults(slow);
  ASSERT_EQ(*resolver_.Advance(Now(refund), Deadline()), Verdict::kChanged);
  EXPECT_GE(store_.last_deadline, clock_.Now() + absl::Seconds(5));
}

TEST_F(ResolverTest, TheNextQuestionIsNotAfterTheExpiry) {
  const Payment open = calls_.MustCreate("request-1", "order-1");
  clock_.Advance(absl::Minutes(29));
  ASSERT_TRUE(resolver_.Ask(open, Deadline()).ok());
  EXPECT_LE(Now(open).due_time, open.expire_time);
}

// What was read has been overtaken by a callback: the old copy's answer must not wake the payment up again.
TEST_F(ResolverTest, AnAnswerAboutAnOldCopyChangesNothing) {
  const Payment old = calls_.MustCreate("request-1", "order-1");
  const Payment paid = calls_.MustTell(old, StoreCalls::Money());
  EXPECT_EQ(*resolver_.Ask(old, Deadline()), Verdict::kAlready);
  EXPECT_EQ(Now(old), paid);
}

TEST_F(ResolverTest, NewsAboutAnOldCopyMeetsTheRowAsItIs) {
  const Payment old = calls_.MustCreate("request-1", "order-1");
  psp_->Pay(old.product, old.attempts[0].id, 19900, "CNY", clock_.Now());
  const Payment paid = calls_.MustTell(old, StoreCalls::Money());
  EXPECT_EQ(*resolver_.Ask(old, Deadline()), Verdict::kAlready) << "it is paid already";
  EXPECT_EQ(Now(old), paid);
}

// Each way in which a PSP can be away for two hours. One that refuses is asked again within ten seconds; one that stays
// silent about a payment within five minutes.
TEST_F(ResolverTest, AnOutageMovesNoQuestionFarAway) {
  for (const Fault fault : {Fault::kRefused, Fault::kLostBefore}) {
    SCOPED_TRACE(static_cast<int>(fault));
    const absl::Duration delay_max = fault == Fault::kRefused ? kUnansweredDelayMax : kFailingDelayMax;
    const std::string name = absl::StrCat("order-", static_cast<int>(fault));
    const Payment payment = calls_.MustCreate(name + "-request", name);
    psp_->SetFaults([fault] { return fault; });
    const absl::Time end = clock_.Now() + absl::Hours(2);
    while (clock_.Now() < end) {
      const Payment open = Now(payment);
      clock_.Sleep(std::max(open.due_time - clock_.Now(), absl::ZeroDuration()));
      const bool over = open.expire_time <= clock_.Now();
      ASSERT_TRUE((over ? resolver_.Expire(open, Deadline()) : resolver_.Ask(open, Deadline())).ok());
      ASSERT_LE(Now(payment).due_time, clock_.Now() + delay_max) << "after " << open.checks << " questions";
      ASSERT_GT(Now(payment).due_time, clock_.Now());
    }
    psp_->SetFaults(nullptr);
    ASSERT_EQ(*resolver_.Expire(Now(payment), Deadline()), Verdict::kChanged);
    EXPECT_EQ(Now(payment).state, PaymentState::kExpired);
  }
}

TEST_F(ResolverTest, AnOutageMovesNoRefundFarAway) {
  for (const Fault fault : {Fault::kRefused, Fault::kLostBefore, Fault::kLostAfter}) {
    SCOPED_TRACE(static_cast<int>(fault));
    const absl::Duration delay_max = fault == Fault::kRefused ? kUnansweredDelayMax : kFailingDelayMax;
    const std::string name = absl::StrCat("refund-", static_cast<int>(fault));
    const Payment open = calls_.MustCreate(name + "-request", name);
    psp_->Pay(open.product, open.attempts[0].id, 19900, "CNY", clock_.Now());
    const Refund refund = *calls_.CreateRefund(calls_.RefundDraft(name, calls_.MustTell(open, StoreCalls::Money()), 9));
    // The PSP answers that it does not know the refund, and then does not answer to the refund itself.
    int call = 0;
    psp_->SetFaults([&] { return call++ % 2 == 0 ? fault : Fault::kNone; });
    for (int i = 0; i < 100; ++i) {
      clock_.Advance(absl::Minutes(1));
      call = i == 0 ? 0 : 1;
      ASSERT_TRUE(resolver_.Advance(Now(refund), Deadline()).ok());
      if (fault == Fault::kLostAfter && i > 0) break;  // The PSP has it: it answers that it works on it.
      ASSERT_LE(Now(refund).due_time, clock_.Now() + delay_max) << i;
    }
    psp_->SetFaults(nullptr);
    ASSERT_TRUE(resolver_.Advance(Now(refund), Deadline()).ok());
    psp_->EndRefund(refund.id, true);
    ASSERT_TRUE(resolver_.Advance(Now(refund), Deadline()).ok());
    EXPECT_EQ(Now(refund).state, RefundState::kSucceeded);
    EXPECT_EQ(psp_->Truth()[open.attempts[0].id].given_back, 9);
  }
}

// Each question about a payment that the PSP never answers for costs a time-out: they become rare. One answer, and it
// is like any other again.
TEST_F(ResolverTest, APaymentThatStaysSilentIsAskedAboutEverLessUntilAnAnswerComes) {
  const Payment payment = calls_.MustCreate("request-1", "order-1");
  psp_->SetFaults([] { return Fault::kLostBefore; });
  absl::Duration delay = absl::ZeroDuration();
  for (int question = 1; question <= 8; ++question) {
    clock_.Advance(absl::Minutes(1));
    ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
    const absl::Duration next = Now(payment).due_time - clock_.Now();
    EXPECT_GE(next, delay) << "question " << question;
    EXPECT_EQ(Now(payment).silent, question >= kSilentAfter) << "question " << question;
    delay = next;
  }
  EXPECT_GE(delay, kFailingDelayMax / 2);
  EXPECT_LE(delay, kFailingDelayMax);
  psp_->SetFaults(nullptr);
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  EXPECT_FALSE(Now(payment).silent);
  psp_->SetFaults([] { return Fault::kLostBefore; });
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  EXPECT_LE(Now(payment).due_time, clock_.Now() + kUnansweredDelayMax);
}

// An error costs no time-out: a PSP that stumbles over a trade a few times is asked again soon, not in minutes. One
// that stumbles over it for ever was asked every ten seconds for ever.
TEST_F(ResolverTest, ErrorsOfThePspAreNoSilenceAndManyMakeQuestionsRare) {
  const Payment payment = calls_.MustCreate("request-1", "order-1");
  psp_->SetFaults([] { return Fault::kError; });
  absl::Duration delay = absl::ZeroDuration();
  for (int question = 1; question <= 12; ++question) {
    clock_.Advance(absl::Minutes(1));
    ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
    const absl::Duration next = Now(payment).due_time - clock_.Now();
    EXPECT_GE(next, delay) << "question " << question;
    if (question <= kErrorsAskedSoon) {
      EXPECT_LE(next, kUnansweredDelayMax) << "question " << question;
    }
    EXPECT_FALSE(Now(payment).silent) << "question " << question;
    delay = next;
  }
  EXPECT_GE(delay, kFailingDelayMax / 2);
  EXPECT_LE(delay, kFailingDelayMax);
  psp_->SetFaults(nullptr);
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  psp_->SetFaults([] { return Fault::kError; });
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  EXPECT_LE(Now(payment).due_time, clock_.Now() + kUnansweredDelayMax) << "after an answer they count anew";
}

// A refund, too.
TEST_F(ResolverTest, ARefundThatThePspHasErrorsAboutForEverIsAskedAboutEveryFiveMinutesAtMost) {
  const Refund refund = MustRefund(MustPay());
  psp_->SetFaults([] { return Fault::kError; });
  for (int question = 1; question <= 12; ++question) {
    clock_.Advance(absl::Minutes(1));
    ASSERT_TRUE(resolver_.Advance(Now(refund), Deadline()).ok());
    if (question <= kErrorsAskedSoon) {
      EXPECT_LE(Now(refund).due_time, clock_.Now() + kUnansweredDelayMax) << "question " << question;
    }
  }
  EXPECT_GE(Now(refund).due_time, clock_.Now() + kFailingDelayMax / 2);
  EXPECT_LE(Now(refund).due_time, clock_.Now() + kFailingDelayMax);
}

TEST_F(ResolverTest, WhatIsSilentAndCouldNotBeAskedIsAskedSoon) {
  const Payment payment = calls_.MustCreate("request-1", "order-1");
  for (int i = 0; i < 5; ++i) silence_.NotAnswered(payment.attempts[0].id);
  psp_->SetFaults([] { return Fault::kRefused; });
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  EXPECT_LE(Now(payment).due_time, clock_.Now() + kUnansweredDelayMax);
}

// Those that found no place used to wait until a claim of 30 s ran out, and to find none by chance again.
TEST_F(ResolverTest, ManySilentPaymentsTakeTheirTurnsWithoutWaitingForClaims) {
  constexpr int kPayments = 40, kPlaces = 4;
  WorkerPool pool("test", 1, 10), silent_pool("silent", 1, kPlaces + 1);
  Janitor janitor({.silent_batch = kPlaces}, store_, resolver_, {pool, pool, silent_pool, pool}, clock_, metrics_);
  psp_->SetFaults([] { return Fault::kLostBefore; });
  std::vector<Payment> payments;
  for (int i = 0; i < kPayments; ++i) payments.push_back(MustBeSilent(i, clock_.Now() + absl::Milliseconds(i)));
  clock_.Advance(absl::Seconds(5));
  for (int round = 1; round <= kPayments / kPlaces; ++round) {
    std::promise<void> release;
    ASSERT_TRUE(silent_pool.Submit([&] { release.get_future().wait(); }));
    janitor.FollowSilentPayments();
    release.set_value();
    janitor.Drain();
    for (int i = 0; i < kPayments; ++i)
      EXPECT_EQ(Now(payments[i]).checks, i < round * kPlaces ? 2 : 1) << "round " << round << ", payment " << i;
    clock_.Advance(absl::Milliseconds(1));
  }
}

// Of 500 that fall silent at once the last is asked about after more than a minute: its wait is told in full.
TEST_F(ResolverTest, TheWaitForAWorkerIsMeasuredInMinutesToo) {
  WorkerPool pool("test", 1, 10);
  Janitor janitor({}, store_, resolver_, {pool, pool, pool, pool}, clock_, metrics_);
  MustBeSilent(1, clock_.Now());
  clock_.Advance(absl::Seconds(78));
  janitor.FollowSilentPayments();
  janitor.Drain();
  const std::string text = raw_metrics_.Expose();
  for (const char* line : {"{worker=\"silent_payments\",le=\"40\"} 0", "{worker=\"silent_payments\",le=\"80\"} 1"}) {
    EXPECT_NE(text.find(absl::StrCat("trivium_payment_worker_wait_seconds_bucket", line)), text.npos) << text;
  }
}

// A time-out each: those that no PSP answers about must not make the others wait, nor pile up.
TEST_F(ResolverTest, SilentPaymentsAreFollowedBesideTheOthers) {
  WorkerPool pool("test", 1, 10), silent_pool("silent", 1, 10);
  Janitor janitor({.silent_batch = 1}, store_, resolver_, {pool, pool, silent_pool, pool}, clock_, metrics_);
  const Payment silent = MustBeSilent(1, clock_.Now()), silent_too = MustBeSilent(2, clock_.Now());
  const Payment other = calls_.MustCreate("request-3", "order-3");
  psp_->SetFaults([] { return Fault::kLostBefore; });
  std::promise<void> release;
  ASSERT_TRUE(silent_pool.Submit([&] { release.get_future().wait(); }));
  clock_.Advance(absl::Seconds(5));
  janitor.FollowSilentPayments();
  janitor.FollowPayments();
  while (Now(other).checks == 0) std::this_thread::yield();  // Although the silent one's thread hangs.
  EXPECT_EQ(Now(silent).checks + Now(silent_too).checks, 2);
  release.set_value();
  janitor.Drain();
  EXPECT_EQ(Now(silent).checks + Now(silent_too).checks, 3) << "one is in hand at most";
  janitor.FollowSilentPayments();
  janitor.Drain();
  EXPECT_EQ(Now(silent).checks + Now(silent_too).checks, 4) << "the other's turn";
}

// Of another instance, or of this one before a restart: the row remembers what the book does not.
TEST_F(ResolverTest, ASilencePersistsUntilThereIsAnAnswer) {
  const Payment payment = MustBeSilent(1, clock_.Now());
  psp_->SetFaults([] { return Fault::kLostBefore; });
  ASSERT_TRUE(resolver_.Ask(payment, Deadline()).ok());
  EXPECT_TRUE(Now(payment).silent);
  psp_->SetFaults([] { return Fault::kRefused; });
  ASSERT_TRUE(resolver_.Ask(Now(payment), Deadline()).ok());
  EXPECT_TRUE(Now(payment).silent) << "it was not asked";
  psp_->SetFaults([] { return Fault::kLostBefore; });
  clock_.Advance(absl::Hours(1));
  ASSERT_EQ(*resolver_.Expire(Now(payment), Deadline()), Verdict::kChanged);
  EXPECT_EQ(Now(payment).state, PaymentState::kUnknown);
  EXPECT_TRUE(Now(payment).silent);
  psp_->SetFaults([] { return Fault::kError; });
  ASSERT_TRUE(resolver_.Expire(Now(payment), Deadline()).ok());
  EXPECT_FALSE(Now(payment).silent) << "an error is an answer";
}

TEST_F(ResolverTest, APspThatIsNotConfiguredNowIsLookedForAgainSoon) {
  const Payment paid = MustPay();
  const Refund refund = MustRefund(paid);
  const Payment open = calls_.MustCreate("request-2", "order-2");
  std::unique_ptr<Psp> away = std::move(psps_["fake"]);
  psps_.clear();
  clock_.Advance(absl::Hours(1));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(resolver_.Expire(Now(open), Deadline()).ok());
    ASSERT_TRUE(resolver_.Advance(Now(refund), Deadline()).ok());
  }
  EXPECT_LE(Now(open).due_time, clock_.Now() + kUnansweredDelayMax);
  EXPECT_LE(Now(refund).due_time, clock_.Now() + kUnansweredDelayMax);
  psps_["fake"] = std::move(away);
  EXPECT_EQ(*resolver_.Expire(Now(open), Deadline()), Verdict::kChanged);
}

}  // namespace
}  // namespace trivium::payment
