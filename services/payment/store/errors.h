// The declines that store engines answer, in one place: the same words and details from each.
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "services/payment/domain/payment.h"

namespace trivium::payment {

absl::Status PaymentNotFound();
absl::Status RefundNotFound();
absl::Status OrderHasPayment(const Id& payment_id);
absl::Status NotCancelable(const Payment& payment);
absl::Status PspUnavailable();
absl::Status NotSucceeded(const Payment& payment);
absl::Status RefundExceeds(const Payment& payment, int64_t amount_minor);
absl::Status RefundCurrency(const Payment& payment, const std::string& currency);
absl::Status RequestInProgress();
absl::Status Fenced(const std::string& product, int64_t epoch);
// OK when both fingerprints are equal; INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED naming the first field that differs.
absl::Status CheckFingerprint(std::span<const char* const> fields, const std::string& stored, const std::string& now);

// OK, or the decline that CheckRefund means.
absl::Status RefundDecline(const Payment& payment, int64_t amount_minor, const std::string& currency);
// Whether a decline uses its request_id up: those that depend on state do, those of form do not.
bool IsRecorded(const absl::Status& decline);

}  // namespace trivium::payment
