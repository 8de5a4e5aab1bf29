// One product's day: its backend orders, its students pay, its classes are refunded.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "examples/school-day/event_fold.h"
#include "examples/school-day/event_follower.h"
#include "examples/school-day/plan.h"
#include "examples/school-day/product_client.h"
#include "examples/school-day/progress.h"
#include "examples/school-day/sandbox.h"
#include "examples/school-day/views.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// The parts are called one after the other; each works on many orders at once and counts a step of progress an order.
// What must not happen becomes a complaint of the record.
class ProductDay {
 public:
  struct Options {
    int concurrency = 8;
    absl::Duration settle = absl::Seconds(120);  // Longest wait without any event for what is on its way.
    std::string currency = "CNY";
  };
  // client, sandbox and progress outlive this.
  ProductDay(DayPlan plan, const Options& options, ProductClient& client, Sandbox& sandbox, Progress& progress);

  // Follows the events from now on. Fails when payment cannot be reached.
  absl::Status Open();
  // All orders; everything but late payments and second tries is paid.
  void OrderAndPay();
  // Payments that come after their expiry, and new payments of orders that were declined.
  void PayAgain();
  // Those of one time of the day.
  void Refund(RefundTime time);
  // Asks for another product's payment: that must be NOT_FOUND.
  void ProbeIsolation(const std::string& foreign_payment_id, const std::string& foreign_product);
  // Waits until nothing is on its way, then reads everything that is judged.
  DayRecord Close();

  size_t order_count() const { return orders_.size(); }
  size_t pay_again_count() const;
  size_t refund_count(RefundTime time) const;
  // Whether the product has the order's money now, by the events. Thread-safe.
  bool HasPaid(const std::string& order_ref) const { return fold_.HasPaid(order_ref); }
  // Whether it is to pay late or again, or has, and no event has told of its money yet. Thread-safe.
  bool IsPaying(const std::string& order_ref) const;
  // A payment of this product, or "".
  std::string SomePaymentId() const;
  size_t event_count() const { return fold_.events(); }
  int broken_streams() const { return watcher_ ? watcher_->breaks() : 0; }

 private:
  void OrderOne(OrderRecord& order);
  void PayFirst(OrderRecord& order, const CreatedPayment& created);
  void CancelOne(OrderRecord& order, const std::string& payment_id);
  void PayAgainOne(OrderRecord& order);
  void RefundOne(const OrderRecord& order);
  void RefundTwice(const RefundCall& call);
  // Waits until nothing is on its way, or nothing happens any more; the orders that are on their way then.
  std::set<std::string> AwaitSettled();
  void ReadOne(const OrderRecord& order);
  bool WaitForState(const std::string& payment_id, const std::string& state);
  void ReadPsp();
  int64_t CashGap(bool* known);

  // Creates a payment and remembers it; nothing when that failed for good.
  bool Create(OrderRecord& order, int n, CreatedPayment* created);
  void CreateAgain(OrderRecord& order);
  void CreateAtOnce(OrderRecord& order);
  void ExpectReason(const absl::Status& status, const std::string& reason, const std::string& what);
  bool Check(const absl::Status& status, const std::string& what);
  void Complain(const std::string& sentence);
  void RememberUrl(const std::string& payment_id, const std::string& url);
  std::string UrlOf(const std::string& payment_id) const;

  const std::string run_id_, product_;
  const Options options_;
  ProductClient& client_;
  Sandbox& sandbox_;
  Progress& progress_;
  std::vector<OrderRecord> orders_;  // Each is worked on by one thread at a time.
  EventFold fold_;
  std::unique_ptr<EventFollower<EventView>> watcher_;
  mutable Mutex mu_;
  DayRecord record_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> urls_ ABSL_GUARDED_BY(mu_);  // Pay pages by payment.
  std::set<std::string> paying_ ABSL_GUARDED_BY(mu_);  // Orders that PayAgain pays, but for those that could not be.
};

}  // namespace trivium::schoolday
