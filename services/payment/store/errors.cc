#include "services/payment/store/errors.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"
#include "services/payment/domain/payment_rules.h"
#include "services/payment/domain/request_fields.h"

namespace trivium::payment {

using absl::StatusCode;

absl::Status PaymentNotFound() {
  return Error(StatusCode::kNotFound, "PAYMENT_NOT_FOUND", "payment_id: no such payment of this product");
}

absl::Status RefundNotFound() {
  return Error(StatusCode::kNotFound, "REFUND_NOT_FOUND", "refund_id: no such refund of this product");
}

absl::Status OrderHasPayment(const Id& payment_id) {
  const std::string id = FormatId(kPaymentIdKind, payment_id);
  return Error(StatusCode::kAlreadyExists, "ORDER_HAS_PAYMENT",
               absl::StrCat("order_ref: the order has the payment ", id,
                            ", want an order without an open or succeeded payment"))
      .With("payment_id", id);
}

absl::Status NotCancelable(const Payment& payment) {
  const std::string state(StateName(payment.state));
  return Error(StatusCode::kFailedPrecondition, "PAYMENT_NOT_CANCELABLE",
               absl::StrCat("payment_id: ", state, ", want a payment that nobody has paid"))
      .With("state", state)
      .Precondition("PAYMENT_STATE", FormatId(kPaymentIdKind, payment.id),
                    absl::StrCat(state, ", want REQUIRES_ACTION"));
}

absl::Status PspUnavailable() {
  return Error(StatusCode::kUnavailable, "PSP_UNAVAILABLE",
               "the PSP does not say whether its trade is closed; the payment stays as it is: repeat with the same "
               "request_id")
      .RetryAfter(absl::Seconds(1));
}

absl::Status NotSucceeded(const Payment& payment) {
  const std::string state(StateName(payment.state));
  return Error(StatusCode::kFailedPrecondition, "PAYMENT_NOT_SUCCEEDED",
               absl::StrCat("payment_id: ", state, ", want SUCCEEDED"))
      .With("state", state)
      .Precondition("PAYMENT_STATE", FormatId(kPaymentIdKind, payment.id), absl::StrCat(state, ", want SUCCEEDED"));
}

absl::Status RefundExceeds(const Payment& payment, int64_t amount_minor) {
  const int64_t refundable = payment.amount_minor - payment.refunded_minor;
  const std::string description = absl::StrCat(amount_minor, ", want <= ", refundable, " (refundable)");
  return Error(StatusCode::kFailedPrecondition, "REFUND_EXCEEDS_PAYMENT",
               absl::StrCat("amount.amount_minor: ", description))
      .With("refundable_minor", refundable)
      .Precondition("REFUNDABLE", FormatId(kPaymentIdKind, payment.id), description);
}

absl::Status RefundCurrency(const Payment& payment, const std::string& currency) {
  return FieldsError(
      {{"amount.currency_code", absl::StrCat(currency, ", want ", payment.currency, " (the payment's)")}});
}

absl::Status RequestInProgress() {
  return Error(StatusCode::kAborted, "REQUEST_IN_PROGRESS",
               "the same request is still in progress: repeat with the same request_id")
      .RetryAfter(absl::Milliseconds(200));
}

absl::Status Fenced(const std::string& product, int64_t epoch) {
  return Error(StatusCode::kUnavailable, "FENCED",
               "another cell has taken the product over: repeat, the call will be routed there")
      .With("product", product)
      .With("epoch", epoch)
      .RetryAfter(absl::Milliseconds(100));
}

absl::Status CheckFingerprint(std::span<const char* const> fields, const std::string& stored, const std::string& now) {
  const std::string field = DifferingField(fields, stored, now);
  if (field.empty()) return absl::OkStatus();
  const std::string description = "differs from the first request with this request_id, want the same payload";
  return Error(StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Field(field, description);
}

absl::Status RefundDecline(const Payment& payment, int64_t amount_minor, const std::string& currency) {
  switch (CheckRefund(payment, amount_minor, currency)) {
    case RefundCheck::kOk:
      return absl::OkStatus();
    case RefundCheck::kNotSucceeded:
      return NotSucceeded(payment);
    case RefundCheck::kExceeds:
      return RefundExceeds(payment, amount_minor);
    case RefundCheck::kWrongCurrency:
      return RefundCurrency(payment, currency);
  }
  return absl::InternalError("a check without a decline");
}

bool IsRecorded(const absl::Status& decline) {
  return decline.code() == StatusCode::kNotFound || decline.code() == StatusCode::kFailedPrecondition ||
         decline.code() == StatusCode::kAlreadyExists;
}

}  // namespace trivium::payment
