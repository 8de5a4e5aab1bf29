// The platform's payment API as a product's backend calls it: stock gRPC, the product's certificate, and retries with
// the same request_id.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/school-day/backend_options.h"
#include "examples/school-day/latency.h"
#include "examples/school-day/views.h"

namespace trivium::schoolday {

struct CreatedPayment {
  PaymentView payment;
  std::string pay_url;
};

struct RefundCall {
  std::string request_id, payment_id;
  int64_t amount_minor = 0;
};

// What a stream says; one of the two is there.
struct EventView {
  std::string event_id, cursor, product;
  int64_t time_ms = 0;  // Its own.
  bool has_payment = false;
  PaymentView payment;
  RefundView refund;
};

// Thread-safe. Errors carry the API's reason (libs/status ReasonOf). What is not answered is tried again for `patience`
// (backend_call.h), so that a killed service does not end the day.
class ProductClient {
 public:
  struct Options : BackendOptions {
    std::string currency = "CNY";
  };
  // NOT_FOUND when a file of pki cannot be read.
  static absl::StatusOr<std::unique_ptr<ProductClient>> Create(const Options& options, Latencies& latencies);
  ~ProductClient();

  // amount_minor may differ from the order's, to try what must be refused.
  absl::StatusOr<CreatedPayment> CreatePayment(const Order& order, const std::string& request_id, int64_t amount_minor);
  absl::StatusOr<PaymentView> CancelPayment(const std::string& request_id, const std::string& payment_id);
  absl::StatusOr<RefundView> CreateRefund(const RefundCall& call);
  absl::StatusOr<PaymentView> GetPayment(const std::string& payment_id);
  absl::StatusOr<RefundView> GetRefund(const std::string& refund_id);
  absl::StatusOr<std::vector<PaymentView>> ListPayments(const std::string& order_ref);
  absl::StatusOr<std::vector<RefundView>> ListRefunds(const std::string& payment_id);
  absl::StatusOr<std::vector<LedgerView>> GetLedgers();
  // Cursor of the newest event: a stream from here tells only what is new.
  absl::StatusOr<std::string> NewestCursor();
  // One stream of WatchEvents, until it breaks or `stop` is set (checked every 200 ms).
  absl::Status WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                           const std::function<void(const EventView&)>& receive);

 private:
  struct Impl;
  explicit ProductClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::schoolday
