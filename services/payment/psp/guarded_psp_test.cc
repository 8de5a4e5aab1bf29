// What opens the breaker of a PSP, and what does not.
#include "services/payment/psp/guarded_psp.h"

#include <gtest/gtest.h>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/psp/fake_psp.h"

namespace trivium::payment {
namespace {

using Fault = FakePsp::Fault;

constexpr ha::CircuitBreakerOptions kOptions{
    .failures = 3, .open_for = absl::Seconds(1), .max_open_for = absl::Seconds(8)};

Id Numbered(uint8_t n) {
  Id id;
  id.bytes[15] = n;
  return id;
}

class GuardedPspTest : public ::testing::Test {
 protected:
  PspOutcome Ask(const Id& object, Fault fault = Fault::kNone) {
    fake_->SetFaults([fault, this] {
      ++asked_;
      return fault;
    });
    return psp_->Query("acme", object, clock_.Now() + absl::Seconds(5)).outcome;
  }
  void MakeSilent(const Id& object) {
    for (int i = 0; i < kSilentAfter; ++i) book_.NotAnswered(object);
  }
  // An outage: objects that are not known to be silent go unanswered until nothing is asked any more.
  void OpenBreaker() {
    for (uint8_t i = 100; i < 100 + kOptions.failures; ++i) Ask(Numbered(i), Fault::kLostBefore);
  }

  FakeClock clock_;
  Metrics metrics_;
  SilenceBook book_;
  FakePsp* fake_ = new FakePsp;  // Owned by psp_.
  std::unique_ptr<Psp> psp_ = NewGuardedPsp("fake", std::unique_ptr<Psp>(fake_), kOptions, book_, clock_, metrics_);
  int asked_ = 0;
};

TEST_F(GuardedPspTest, AnOutageOpensItAndNothingIsAskedMeanwhile) {
  OpenBreaker();
  const int asked = asked_;
  EXPECT_EQ(Ask(Numbered(1)), PspOutcome::kNotDone);
  EXPECT_EQ(asked_, asked);
  EXPECT_EQ(book_.Unanswered(Numbered(1)), 0) << "what was not asked is not silent";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Ask(Numbered(1)), PspOutcome::kDone) << "the probe";
  EXPECT_EQ(Ask(Numbered(2)), PspOutcome::kDone);
}

// Ten silent trades kept the breaker of a whole PSP open, and with it a thousand payments waiting.
TEST_F(GuardedPspTest, ObjectsThatStaySilentDoNotOpenIt) {
  for (uint8_t i = 0; i < 10; ++i) MakeSilent(Numbered(i));
  for (int round = 0; round < 5; ++round) {
    for (uint8_t i = 0; i < 10; ++i) EXPECT_EQ(Ask(Numbered(i), Fault::kLostBefore), PspOutcome::kMaybe);
  }
  EXPECT_EQ(Ask(Numbered(50)), PspOutcome::kDone);
  EXPECT_EQ(book_.Unanswered(Numbered(3)), kSilentAfter + 5);
}

// Nor do those that it has an error of its own about; but many of them at once do.
TEST_F(GuardedPspTest, ObjectsWithErrorsAgainAndAgainDoNotOpenIt) {
  for (uint8_t i = 0; i < 10; ++i) {
    for (int j = 0; j < kSilentAfter; ++j) book_.AnsweredWithError(Numbered(i));
  }
  for (uint8_t i = 0; i < 10; ++i) EXPECT_EQ(Ask(Numbered(i), Fault::kError), PspOutcome::kError);
  EXPECT_EQ(Ask(Numbered(50)), PspOutcome::kDone);
  for (uint8_t i = 100; i < 100 + kOptions.failures; ++i) Ask(Numbered(i), Fault::kError);
  EXPECT_EQ(Ask(Numbered(50)), PspOutcome::kNotDone);
}

TEST_F(GuardedPspTest, AnErrorEndsTheSilenceButNotTheTrouble) {
  MakeSilent(Numbered(1));
  EXPECT_EQ(Ask(Numbered(1), Fault::kError), PspOutcome::kError);
  EXPECT_FALSE(book_.IsSilent(Numbered(1)));
  EXPECT_TRUE(book_.IsTroubled(Numbered(1)));
}

// A few trades that nobody answers about, and nobody else asks: each counts once.
TEST_F(GuardedPspTest, FewObjectsDoNotOpenItHoweverOftenTheyFail) {
  for (int round = 0; round < 10; ++round) {
    for (uint8_t i = 1; i < kOptions.failures; ++i) Ask(Numbered(i), Fault::kLostBefore);
  }
  EXPECT_EQ(Ask(Numbered(50)), PspOutcome::kDone);
}

TEST_F(GuardedPspTest, AnAnswerEndsTheSilence) {
  MakeSilent(Numbered(1));
  EXPECT_EQ(Ask(Numbered(1)), PspOutcome::kDone);
  EXPECT_EQ(book_.Unanswered(Numbered(1)), 0);
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(GuardedPspTest, ARefusalIsNoSilence) {
  EXPECT_EQ(Ask(Numbered(1), Fault::kRefused), PspOutcome::kNotDone);
  EXPECT_EQ(book_.Unanswered(Numbered(1)), 0);
}

// All that is open may be silent: the end of an outage must be found out all the same.
TEST_F(GuardedPspTest, SilentObjectsProbeWhereNoOtherDoesButProveNothing) {
  OpenBreaker();
  MakeSilent(Numbered(1));
  MakeSilent(Numbered(2));
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(2 * kOptions.open_for - absl::Milliseconds(1));
    EXPECT_EQ(Ask(Numbered(1)), PspOutcome::kNotDone) << i;
    clock_.Advance(absl::Milliseconds(1));
    EXPECT_EQ(Ask(Numbered(1), Fault::kLostBefore), PspOutcome::kMaybe) << i;
    EXPECT_EQ(Ask(Numbered(2)), PspOutcome::kNotDone) << i;
  }
  clock_.Advance(2 * kOptions.open_for);
  EXPECT_EQ(Ask(Numbered(1)), PspOutcome::kDone);
  EXPECT_EQ(Ask(Numbered(2)), PspOutcome::kDone);
}

// Silent objects, which are asked about all the time, took every probe; the others waited on after the outage.
TEST_F(GuardedPspTest, SilentObjectsTakeNoProbeFromOthers) {
  OpenBreaker();
  MakeSilent(Numbered(1));
  clock_.Advance(kOptions.open_for);
  EXPECT_EQ(Ask(Numbered(1), Fault::kLostBefore), PspOutcome::kNotDone);
  clock_.Advance(kOptions.open_for);
  EXPECT_EQ(Ask(Numbered(1), Fault::kLostBefore), PspOutcome::kMaybe);
  EXPECT_EQ(Ask(Numbered(50)), PspOutcome::kDone) << "a silent one has just probed";
  EXPECT_EQ(Ask(Numbered(51)), PspOutcome::kDone);
}

TEST(SilenceBookTest, ForgetsTheOldestWhenThereAreTooMany) {
  SilenceBook book(3);
  for (uint8_t i = 1; i <= 5; ++i) book.NotAnswered(Numbered(i));
  EXPECT_EQ(book.size(), 3u);
  EXPECT_EQ(book.Unanswered(Numbered(2)), 0);
  EXPECT_EQ(book.Unanswered(Numbered(5)), 1);
}

}  // namespace
}  // namespace trivium::payment
