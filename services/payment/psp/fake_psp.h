// A PSP for tests: a script or a seed says what the user does and what goes wrong. It keeps the truth about the money,
// as a real one does.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "services/payment/psp/psp.h"

namespace trivium::payment {

// Thread-safe.
class FakePsp : public Psp {
 public:
  enum class Fault {
    kNone,
    kRefused,     // Nothing happens; the caller knows.
    kLostBefore,  // Nothing happens; the caller does not know.
    kLostAfter,   // It happens; the caller does not know.
    kError,       // Nothing happens; the PSP says that it has failed, and the caller does not know.
  };
  // Asked before each call; default: never any.
  void SetFaults(std::function<Fault()> faults);
  // What the PSP says of a new refund at once; default: kProcessing.
  void SetRefundAnswer(std::function<PspRefundState()> answer);

  // The user pays this amount (also a wrong one, and also a closed trade: money on its way), or declines. False: it has
  // an end already.
  bool Pay(const std::string& product, const Id& attempt_id, int64_t minor, const std::string& currency, absl::Time now,
           bool force_late = false);
  bool Decline(const std::string& product, const Id& attempt_id);
  // A refund that is under way ends.
  void EndRefund(const Id& refund_id, bool succeeded);

  // Callbacks that wait to be delivered, oldest first.
  std::deque<PspNotice> TakeNotices();
  struct Money {
    int64_t taken = 0, given_back = 0;
    int times_paid = 0;
  };
  std::map<Id, Money> Truth() const;  // By attempt.
  std::map<Id, PspRefundState> Refunds() const;

  absl::StatusOr<std::string> BuildPayUrl(const PayRequest& request) override;
  PspAnswer<Trade> Query(const std::string& product, const Id& attempt_id, absl::Time deadline) override;
  PspAnswer<Trade> Close(const std::string& product, const Id& attempt_id, absl::Time deadline) override;
  PspAnswer<PspRefundState> Refund(const RefundOrder& order, absl::Time deadline) override;
  PspAnswer<PspRefundState> QueryRefund(const std::string& product, const Id& refund_id, absl::Time deadline) override;
  absl::StatusOr<PspNotice> ParseCallback(const CallbackRequest& request, absl::Time now) override;

 private:
  struct RefundRecord {
    RefundOrder order;
    PspRefundState state = PspRefundState::kProcessing;
  };
  Fault NextFault() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return faults_ ? faults_() : Fault::kNone; }
  void Notify(PspNotice notice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void End(RefundRecord& refund, PspRefundState state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  std::function<Fault()> faults_ ABSL_GUARDED_BY(mu_);
  std::function<PspRefundState()> refund_answer_ ABSL_GUARDED_BY(mu_);
  std::map<Id, Trade> trades_ ABSL_GUARDED_BY(mu_);
  std::map<Id, Money> money_ ABSL_GUARDED_BY(mu_);
  std::map<Id, RefundRecord> refunds_ ABSL_GUARDED_BY(mu_);
  std::deque<PspNotice> notices_ ABSL_GUARDED_BY(mu_);
  int notice_count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace trivium::payment
