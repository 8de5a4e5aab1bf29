// What tests ask of a store: requests with good values, calls that say what they expect, and the books afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "services/payment/store/store.h"
#include "services/payment/store/store_conformance.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::payment {

// When everything happens.
inline const absl::Time kNow = absl::FromUnixSeconds(1795334400);

// Thread-safe, apart from the calls that start with Must: they report through gtest.
class StoreCalls {
 public:
  // under_test outlives it. product: ""= one of its own, which keeps a test apart from others on the same database.
  explicit StoreCalls(StoreUnderTest& under_test, std::string product = "");
  const std::string& product() const { return product_; }
  static absl::Time Deadline() { return absl::Now() + absl::Seconds(30); }

  // A payment of 199.00 CNY, unless said otherwise. The same request_id and order_ref: the same request.
  NewPayment Draft(const std::string& request_id, const std::string& order_ref, int64_t amount = 19900);
  absl::StatusOr<Payment> Create(const NewPayment& item);
  Payment MustCreate(const std::string& request_id, const std::string& order_ref, int64_t amount = 19900);

  absl::StatusOr<PaymentResult> Tell(const Payment& payment, PaymentSignal signal, bool accept_late = false);
  Payment MustTell(const Payment& payment, PaymentSignal signal, bool accept_late = false);
  static PaymentSignal Money(int64_t minor = 19900);
  // Creates and pays.
  Payment MustPay(const std::string& name, int64_t amount = 19900);
  absl::StatusOr<Payment> Cancel(const std::string& request_id, const Payment& payment, bool closed);

  NewRefund RefundDraft(const std::string& request_id, const Payment& payment, int64_t amount);
  absl::StatusOr<Refund> CreateRefund(const NewRefund& item);
  absl::StatusOr<RefundResult> Tell(const Refund& refund, RefundEvent event);

  // The day of kNow. Expects a balanced ledger, whose accounts are the fold of their entries.
  CurrencyDay Cny();
  static int64_t Balance(const CurrencyDay& day, const std::string& account);
  // All events. Expects dense numbers and, for each object, dense versions.
  std::vector<v1::Event> Events();
  // Expects one event for each version of each payment and refund, whose last one has the state of the row.
  void ExpectEventsEqualStates();

 protected:
  StoreUnderTest& under_test_;  // Not owned.
  Store& store_;
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::string product_;
};

}  // namespace trivium::payment
