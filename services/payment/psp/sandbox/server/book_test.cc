#include "services/payment/psp/sandbox/server/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace trivium::payment::sandbox {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1795334400);

PayOrder Order(const std::string& number, int64_t amount = 300) {
  return {"acme", number, amount, "CNY", "Maths", "http://127.0.0.1:1/n", kStart + absl::Minutes(30)};
}

class BookTest : public testing::Test {
 protected:
  std::string Pay(const std::string& number, PayPlan plan = {}) {
    const Trade* trade = nullptr;
    const Refusal refusal = book_.Pay(Order(number), plan, now_, &trade);
    return refusal ? refusal.code : std::string(NameOf(trade->state));
  }
  std::string Close(const std::string& number) {
    const Trade* trade = nullptr;
    const Refusal refusal = book_.Close("acme", number, now_, &trade);
    return refusal ? refusal.code : std::string(NameOf(trade->state));
  }
  std::string RefundOf(const std::string& number, int64_t amount, const std::string& trade_number = "t1") {
    const Refund* refund = nullptr;
    const Trade* trade = nullptr;
    const Refusal refusal = book_.CreateRefund({"acme", number, trade_number, "", amount}, now_, &refund, &trade);
    return refusal ? refusal.code : std::string(NameOf(refund->state));
  }
  std::string State(const std::string& number) {
    const Trade* trade = book_.FindTrade("acme", number);
    return trade == nullptr ? "none" : std::string(NameOf(trade->state));
  }
  void Pass(absl::Duration d) {
    now_ += d;
    book_.Advance(now_);
  }
  // All callbacks due now, as "event/number"; each is answered so.
  std::vector<std::string> Callbacks(bool taken = true) {
    std::vector<std::string> events;
    while (auto callback = book_.TakeCallback(now_)) {
      events.push_back(callback->event_type + "/" + callback->out_trade_no + callback->out_refund_no);
      book_.FinishCallback(callback->key, taken, now_);
    }
    return events;
  }
  // A book that another process would read from this one's lines so far.
  std::unique_ptr<Book> Restarted() {
    for (std::string& line : book_.TakeLines()) journal_.push_back(std::move(line));
    auto book = std::make_unique<Book>("after");
    for (const std::string& line : journal_) EXPECT_TRUE(book->Replay(line)) << line;
    book->FinishReplay();
    return book;
  }

  absl::Time now_ = kStart;
  Book book_{"run"};
  std::vector<std::string> journal_;
};

TEST_F(BookTest, PaysOnce) {
  const Trade* trade = nullptr;
  ASSERT_FALSE(book_.Open(Order("t1"), now_, &trade));
  EXPECT_EQ(State("t1"), "WAITING");
  EXPECT_EQ(Pay("t1"), "SUCCESS");
  EXPECT_EQ(trade->paid_minor, 300);
  EXPECT_EQ(Pay("t1"), "ALREADY_PAID");
  EXPECT_EQ(Pay("t1", {.force_late = true}), "ALREADY_PAID");
  EXPECT_THAT(Callbacks(), testing::ElementsAre("TRADE.SUCCESS/t1"));
}

TEST_F(BookTest, PaysAfterExpiryButNotAfterClose) {
  now_ += absl::Hours(5);
  EXPECT_EQ(Pay("late"), "SUCCESS");
  EXPECT_EQ(Close("closed"), "CLOSED");
  EXPECT_EQ(Close("closed"), "CLOSED");
  EXPECT_EQ(Pay("closed"), "TRADE_CLOSED");
  EXPECT_EQ(Pay("closed", {.force_late = true}), "SUCCESS");
  EXPECT_EQ(book_.FindTrade("acme", "closed")->paid_minor, 300);
  EXPECT_EQ(Close("closed"), "ALREADY_PAID");
}

TEST_F(BookTest, SettlesLater) {
  EXPECT_EQ(Pay("t1", {.settle_delay_ms = 1000}), "PROCESSING");
  EXPECT_EQ(Pay("t1"), "TRADE_PROCESSING");
  EXPECT_EQ(Close("t1"), "TRADE_PROCESSING");
  Pass(absl::Milliseconds(999));
  EXPECT_EQ(State("t1"), "PROCESSING");
  EXPECT_THAT(Callbacks(), testing::IsEmpty());
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(State("t1"), "SUCCESS");
  EXPECT_THAT(Callbacks(), testing::ElementsAre("TRADE.SUCCESS/t1"));
}

TEST_F(BookTest, DeclinesForGood) {
  EXPECT_EQ(Pay("t1", {.decline = true}), "DECLINED");
  EXPECT_EQ(Pay("t1"), "TRADE_DECLINED");
  EXPECT_EQ(Close("t1"), "DECLINED");
  EXPECT_EQ(RefundOf("r1", 1), "TRADE_NOT_PAID");
  EXPECT_THAT(Callbacks(), testing::ElementsAre("TRADE.DECLINED/t1"));
}

TEST_F(BookTest, ANumberStandsForOneOrder) {
  const Trade* trade = nullptr;
  EXPECT_EQ(Pay("t1"), "SUCCESS");
  EXPECT_EQ(book_.Open(Order("t1", 301), now_, &trade).code, "TRADE_MISMATCH");
  PayOrder other = Order("t1", 301);
  other.merchant = "globex";
  EXPECT_FALSE(book_.Open(other, now_, &trade));
}

TEST_F(BookTest, RefundsNeverExceedWhatWasPaid) {
  EXPECT_EQ(RefundOf("r0", 1), "TRADE_NOT_FOUND");
  Pay("t1", {.paid_minor = 200});
  EXPECT_EQ(RefundOf("r1", 150), "PROCESSING");
  EXPECT_EQ(RefundOf("r1", 150), "PROCESSING");
  EXPECT_EQ(RefundOf("r1", 149), "REFUND_MISMATCH");
  EXPECT_EQ(RefundOf("r2", 51), "REFUND_EXCEEDS_PAID");
  EXPECT_EQ(RefundOf("r2", 50), "PROCESSING");
  Pass(absl::ZeroDuration());
  EXPECT_EQ(RefundOf("r1", 150), "SUCCESS");
  EXPECT_EQ(book_.FindTrade("acme", "t1")->RefundedMinor(), 200);
  EXPECT_EQ(RefundOf("r3", 1), "REFUND_EXCEEDS_PAID");
  EXPECT_THAT(Callbacks(),
              testing::UnorderedElementsAre("TRADE.SUCCESS/t1", "REFUND.SUCCESS/t1r1", "REFUND.SUCCESS/t1r2"));
}

TEST_F(BookTest, AFailedRefundFreesItsAmount) {
  Pay("t1");
  book_.SetFaults({.refund_fail_ratio = 1});
  EXPECT_EQ(RefundOf("r1", 300), "PROCESSING");
  Pass(absl::ZeroDuration());
  EXPECT_EQ(RefundOf("r1", 300), "FAILED");
  book_.SetFaults({});
  EXPECT_EQ(RefundOf("r2", 300), "PROCESSING");
}

TEST_F(BookTest, CallbacksAreRetriedEightTimes) {
  Pay("t1");
  int sent = 0;
  const absl::Time begin = now_;
  while (book_.callbacks_pending() > 0) {
    now_ = std::max(now_, book_.NextCallback());
    sent += static_cast<int>(Callbacks(false).size());
  }
  EXPECT_EQ(sent, 8);
  EXPECT_EQ(now_ - begin, absl::Seconds(1 + 2 + 4 + 8 + 16 + 32 + 64));
}

TEST_F(BookTest, CallbacksObeyThePlan) {
  Pay("dropped", {.callback_drop = true});
  Pay("copied", {.callback_copies = 3});
  Pay("late", {.callback_delay_ms = 5000});
  EXPECT_THAT(Callbacks(),
              testing::ElementsAre("TRADE.SUCCESS/copied", "TRADE.SUCCESS/copied", "TRADE.SUCCESS/copied"));
  Pass(absl::Seconds(5));
  EXPECT_THAT(Callbacks(), testing::ElementsAre("TRADE.SUCCESS/late"));
}

TEST_F(BookTest, CopiesHaveOneId) {
  Pay("t1", {.callback_copies = 2});
  const auto first = book_.TakeCallback(now_), second = book_.TakeCallback(now_);
  EXPECT_EQ(first->id, second->id);
  EXPECT_NE(first->key, second->key);
}

TEST_F(BookTest, QueriesFailAsOftenAsPlanned) {
  Pay("t1", {.query_failures = 2});
  EXPECT_TRUE(book_.TakeQueryFailure("acme", "t1"));
  EXPECT_TRUE(book_.TakeQueryFailure("acme", "t1"));
  EXPECT_FALSE(book_.TakeQueryFailure("acme", "t1"));
  EXPECT_FALSE(book_.TakeQueryFailure("acme", "none"));
}

TEST_F(BookTest, IsFullAtItsMaximum) {
  Book small("run", 1);
  const Trade* trade = nullptr;
  EXPECT_FALSE(small.Open(Order("t1"), now_, &trade));
  EXPECT_EQ(small.Open(Order("t2"), now_, &trade).status, 429);
  EXPECT_EQ(small.Close("acme", "t3", now_, &trade).status, 429);
}

TEST_F(BookTest, ListsInOrderOfCreation) {
  for (const char* number : {"c", "a", "b"}) Pay(number);
  std::vector<std::string> numbers;
  for (const Trade* trade : book_.List("acme", 1, 5)) numbers.push_back(trade->order.out_trade_no);
  EXPECT_THAT(numbers, testing::ElementsAre("a", "b"));
  EXPECT_THAT(book_.List("acme", 3, 5), testing::IsEmpty());
  EXPECT_THAT(book_.List("globex", 0, 5), testing::IsEmpty());
}

TEST_F(BookTest, ComesBackFromItsJournal) {
  Pay("t1", {.callback_delay_ms = 10, .callback_copies = 2});
  RefundOf("r1", 100);
  Pay("processing", {.settle_delay_ms = 1000});
  Close("closed");
  book_.SetFaults({.seed = 7, .refund_fail_ratio = 0.5});
  Pass(absl::Milliseconds(10));
  Callbacks();
  RefundOf("r2", 50);
  Pay("t2");
  const std::unique_ptr<Book> after = Restarted();
  EXPECT_EQ(ToJson(*after->FindTrade("acme", "t1")), ToJson(*book_.FindTrade("acme", "t1")));
  EXPECT_EQ(after->FindTrade("acme", "t1")->RefundingMinor(), 50);
  EXPECT_EQ(after->FindTrade("acme", "closed")->state, TradeState::kClosed);
  EXPECT_EQ(after->faults().seed, 7);
  EXPECT_EQ(after->callbacks_pending(), book_.callbacks_pending());
  after->Advance(now_ + absl::Seconds(2));
  EXPECT_EQ(after->FindTrade("acme", "processing")->state, TradeState::kSuccess);
  EXPECT_EQ(after->FindTrade("acme", "t1")->RefundingMinor(), 0);
}

TEST_F(BookTest, ADumpGivesTheSameBook) {
  for (int i = 0; i < 20; ++i) Pay("t" + std::to_string(i), {.settle_delay_ms = i % 3 * 1000});
  RefundOf("r1", 100, "t0");
  Book copy("copy");
  for (const std::string& line : book_.Dump()) ASSERT_TRUE(copy.Replay(line));
  copy.FinishReplay();
  EXPECT_EQ(copy.Dump().size(), book_.Dump().size());
  for (const Trade* trade : book_.List("acme", 0, 100))
    EXPECT_EQ(ToJson(*copy.FindTrade("acme", trade->order.out_trade_no)), ToJson(*trade));
}

TEST_F(BookTest, ReplayRefusesOtherLines) {
  for (const char* bad : {"", "x", "{}", R"({"t":"other"})", R"({"t":"trade"})",
                          R"({"t":"refund","merchant":"acme","no":"r","trade":"none"})",
                          R"({"t":"callback","key":"k"})", R"({"t":"faults","x":1})", "[]", "null"}) {
    EXPECT_FALSE(book_.Replay(bad)) << bad;
  }
}

TEST(FaultsTest, DrawsAreEvenAndRepeat) {
  const Faults one{.seed = 1}, two{.seed = 2};
  int hits = 0, same = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string about = "acme/t" + std::to_string(i);
    hits += one.Hits(0.1, "drop", about);
    same += one.Hits(0.5, "drop", about) == two.Hits(0.5, "drop", about);
    EXPECT_EQ(one.Draw("drop", about), one.Draw("drop", about));
  }
  EXPECT_NEAR(hits, 1000, 150);
  EXPECT_NEAR(same, 5000, 300);
  EXPECT_FALSE(one.Hits(0, "drop", "x"));
}

TEST(FaultsTest, ParsesOrTellsTheField) {
  Faults faults;
  EXPECT_FALSE(ParseFaults(nlohmann::json::parse(R"({"seed":5,"slow_ratio":0.5,"slow_ms":10})"), &faults));
  EXPECT_EQ(faults.seed, 5);
  for (const char* bad : {R"({"slow_ratio":1.1})", R"({"slow_ratio":"x"})", R"({"slow_ms":-1})", R"({"other":1})", "[]",
                          R"({"slow_ms":1.5})"}) {
    EXPECT_EQ(ParseFaults(nlohmann::json::parse(bad), &faults).status, 400) << bad;
  }
  EXPECT_FALSE(ParseFaults(nlohmann::json::object(), &faults));
  EXPECT_EQ(faults.seed, 1);
}

}  // namespace
}  // namespace trivium::payment::sandbox
