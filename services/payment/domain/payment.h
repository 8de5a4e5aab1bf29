// What a payment and a refund are. Amounts are in minor units of their currency; times are UTC; a time that is not set
// is InfinitePast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/id/id_value.h"
#include "services/payment/domain/payment_state.h"
#include "services/payment/domain/refund_state.h"

namespace trivium::payment {

inline constexpr std::string_view kPaymentIdKind = "pay";
inline constexpr std::string_view kAttemptIdKind = "att";
inline constexpr std::string_view kRefundIdKind = "ref";

// Reasons of a payment's or refund's end.
inline constexpr char kReasonDeclined[] = "PSP_DECLINED";
inline constexpr char kReasonMismatch[] = "PSP_AMOUNT_MISMATCH";
inline constexpr char kReasonCanceled[] = "CANCELED_BY_PRODUCT";
inline constexpr char kReasonNotPaid[] = "NOT_PAID_IN_TIME";

// One try to pay with a PSP. Its id is the PSP's merchant order number.
struct Attempt {
  Id id;
  std::string psp;
  std::string psp_trade_id;  // Empty until known.
  PaymentState state = PaymentState::kCreated;
  int64_t paid_minor = 0;     // What the PSP says it took; 0 until it took something.
  std::string paid_currency;  // Empty until then.
  absl::Time create_time = absl::InfinitePast();

  bool operator==(const Attempt&) const = default;
};

struct Payment {
  Id id;
  std::string product;
  std::string request_id;
  std::string fingerprint;  // Of the request that created it.
  std::string order_ref;
  std::string subject;
  std::string institution_id;
  std::string currency;
  int64_t amount_minor = 0;
  int64_t commission_minor = 0;
  int64_t refunded_minor = 0;             // Refunds that have not failed.
  int64_t commission_refunded_minor = 0;  // Their commission parts.
  PaymentState state = PaymentState::kCreated;
  std::string state_reason;
  std::string pay_url;
  bool late = false;
  bool holds_order = true;  // The order may not have another payment.
  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();
  absl::Time expire_time = absl::InfinitePast();
  absl::Time paid_time = absl::InfinitePast();
  int64_t version = 0;
  // When the platform asks the PSP by itself; InfiniteFuture: never.
  absl::Time due_time = absl::InfiniteFuture();
  int checks = 0;  // Times that it has asked since the last change.
  // The PSP does not answer about it, so that a question may cost a whole time-out.
  bool silent = false;
  std::vector<Attempt> attempts;

  bool operator==(const Payment&) const = default;
};

enum class RefundOrigin {
  kProduct = 1,
  kLatePayment = 2,
  kAmountMismatch = 3,
};

// Money going back. Its id is the PSP's merchant refund number.
struct Refund {
  Id id;
  Id payment_id;
  Id attempt_id;
  std::string psp;
  std::string product;
  std::string request_id;   // The platform's own refunds: "system/" and the payment's id; no caller may send a "/".
  std::string fingerprint;  // Of the request that created it.
  std::string institution_id;
  std::string currency;
  int64_t amount_minor = 0;
  int64_t commission_minor = 0;  // Part of amount that the platform gives back of its commission.
  std::string reason;
  RefundState state = RefundState::kProcessing;
  std::string state_reason;
  RefundOrigin origin = RefundOrigin::kProduct;
  bool from_suspense = false;  // The money was never earned: it lies in suspense.
  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();
  int64_t version = 0;
  absl::Time due_time = absl::InfiniteFuture();
  int checks = 0;
  bool silent = false;

  bool operator==(const Refund&) const = default;
};

}  // namespace trivium::payment
