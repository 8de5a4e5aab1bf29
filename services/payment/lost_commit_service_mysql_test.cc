// The service over a real database on which answers to COMMIT get lost: a product that repeats its request with the
// same request_id gets one payment, one cancellation, one refund.
#include <gtest/gtest.h>

#include <memory>

#include "libs/status/error.h"
#include "services/payment/service_under_test.h"
#include "services/payment/store/commit_cutter.h"
#include "services/payment/store/mysql_under_test.h"
#include "services/payment/store/store_calls.h"

namespace trivium::payment {
namespace {

constexpr int kMaxRuns = 5;  // Of a write, as in mysql_store.cc.

// A base, so that it outlives the service.
struct Database {
  CommitCutter cutter{TestDatabase().socket()};
  std::unique_ptr<StoreUnderTest> under_test = NewMysqlUnderTest(Through(cutter));

  static mysql::PoolOptions Through(const CommitCutter& cutter) {
    mysql::PoolOptions options = TestDatabaseOptions();
    options.unix_socket = cutter.socket();
    return options;
  }
};

// How a request's COMMITs are lost, and whether the product hears of it.
struct Loss {
  const char* name;
  Cut cut;
  int times;
  bool heard;
};
constexpr Loss kLosses[] = {{"once before the server", Cut::kBeforeServer, 1, false},
                            {"once after the server", Cut::kAfterServer, 1, false},
                            {"again and again before the server", Cut::kBeforeServer, kMaxRuns, true},
                            {"again and again after the server", Cut::kAfterServer, kMaxRuns, true}};

class LostCommitServiceTest : public ::testing::TestWithParam<Loss>, protected Database, protected ServiceUnderTest {
 protected:
  LostCommitServiceTest() : ServiceUnderTest(under_test->store()) {}

  // Sends a request whose COMMIT is lost, and repeats it as a product would.
  template <typename Send>
  void SendAndRepeat(Send send) {
    const Loss& loss = GetParam();
    cutter.Arm(loss.cut, loss.times);
    const absl::Status first = send();
    if (loss.heard) {
      EXPECT_EQ(first.code(), absl::StatusCode::kAborted) << first;
      EXPECT_EQ(ReasonOf(first), "REQUEST_IN_PROGRESS");
      EXPECT_EQ(send(), absl::OkStatus());
    } else {
      EXPECT_EQ(first, absl::OkStatus());
    }
    EXPECT_EQ(send(), absl::OkStatus()) << "a repeat for good measure";
    EXPECT_EQ(cutter.cuts(), cuts_ += loss.times);
  }
  absl::Status Deliver(const std::deque<PspNotice>& notices) {
    absl::Status status;
    for (const PspNotice& notice : notices)
      status.Update(resolver_.Hear(notice, absl::Now() + absl::Seconds(20)).status());
    return status;
  }
  // A key of this test's own: all tests are acme's, in one schema.
  std::string Unique(const std::string& name) const { return absl::StrCat(name, "-", number_); }
  void ExpectBooks(size_t events) {
    calls_.ExpectEventsEqualStates();
    calls_.Cny();
    EXPECT_EQ(calls_.Events().size() - events_before_, events);
  }

  StoreCalls calls_{*under_test, "acme"};
  const size_t events_before_ = calls_.Events().size();
  int cuts_ = 0;
  static inline int tests_ = 0;
  const int number_ = ++tests_;
};

std::string NameOf(const ::testing::TestParamInfo<Loss>& info) {
  std::string name = info.param.name;
  std::erase(name, ' ');
  return name;
}

TEST_P(LostCommitServiceTest, ALifeCycleHappensOnce) {
  v1::Payment payment, again;
  SendAndRepeat([&] {
    again = payment;
    return Create(Order(Unique("create"), Unique("order")), &payment);
  });
  EXPECT_EQ(payment.SerializeAsString(), again.SerializeAsString());
  ASSERT_TRUE(UserPays(payment));
  const std::deque<PspNotice> paid = psp_->TakeNotices();
  SendAndRepeat([&] { return Deliver(paid); });
  v1::Refund refund;
  SendAndRepeat([&] { return Create(RefundOf(Unique("refund"), payment.payment_id(), 900), &refund); });
  const Id refund_id = *ParseId("ref", refund.refund_id());
  ASSERT_TRUE(
      resolver_.Advance(*store_.GetRefund("acme", refund_id, StoreCalls::Deadline()), StoreCalls::Deadline()).ok());
  psp_->EndRefund(refund_id, true);
  const std::deque<PspNotice> given_back = psp_->TakeNotices();
  SendAndRepeat([&] { return Deliver(given_back); });

  // One whose answer was lost for good is found by the sender's next look.
  EXPECT_LE(new_refunds_, 1) << "the sender was woken more than once";
  const Payment row = *store_.GetPayment("acme", *ParseId("pay", payment.payment_id()), StoreCalls::Deadline());
  EXPECT_EQ(row.state, PaymentState::kSucceeded);
  EXPECT_EQ(row.refunded_minor, 900);
  EXPECT_EQ(psp_->Truth()[row.attempts[0].id].given_back, 900);
  // Created; paid; reserved: payment and refund; given back.
  ExpectBooks(5);
}

TEST_P(LostCommitServiceTest, ACancellationHappensOnce) {
  const v1::Payment open = MustCreate(Unique("order"));
  v1::Payment canceled;
  SendAndRepeat([&] { return Cancel(Unique("cancel"), open.payment_id(), &canceled); });
  EXPECT_EQ(canceled.state(), v1::Payment::CANCELED);
  EXPECT_FALSE(UserPays(open)) << "it is closed at the PSP";
  ExpectBooks(2);
}

INSTANTIATE_TEST_SUITE_P(Losses, LostCommitServiceTest, ::testing::ValuesIn(kLosses), NameOf);

}  // namespace
}  // namespace trivium::payment
