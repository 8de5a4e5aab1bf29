// The payment API as the load calls it: stock gRPC over several connections.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/load/load_flags.h"

namespace trivium::load {

struct Created {
  std::string payment_id, attempt_id, pay_url;
  int64_t amount_minor = 0;
};

// What an event says that a life cycle waits for.
struct Seen {
  std::string payment_id;  // Also of a refund.
  bool refund = false;
  bool succeeded = false;  // Else: failed. Other states are not told.
  std::string reason;
  std::string cursor;
};

// Thread-safe.
class PaymentApi {
 public:
  // run_id makes order numbers and request ids unique.
  static absl::StatusOr<std::unique_ptr<PaymentApi>> Create(const LoadFlags& flags, const std::string& run_id);
  ~PaymentApi();

  // The n-th payment of the run. done is called once, from a thread of gRPC's.
  void CreatePaymentAsync(int64_t n, std::function<void(absl::Status)> done);
  absl::StatusOr<Created> CreatePayment(int64_t n);
  absl::Status CreateRefund(const Created& payment, int64_t amount_minor);
  absl::StatusOr<std::string> NewestCursor();
  // Calls receive for each final event after cursor until the stream breaks or stop is set.
  absl::Status Watch(const std::string& cursor, const std::atomic<bool>& stop,
                     const std::function<void(const Seen&)>& receive);

 private:
  struct Impl;
  explicit PaymentApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "REASON" of an error, or its code's name.
std::string NameOf(const absl::Status& status);

}  // namespace trivium::load
