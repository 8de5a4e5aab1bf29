// Form of requests: pure checks that name every wrong field at once. Rules that depend on a profile or a payment's
// state stand elsewhere.
#pragma once

#include "absl/status/status.h"

namespace trivium::payment {
struct Profile;
namespace v1 {
class CancelPaymentRequest;
class CreatePaymentRequest;
class CreateRefundRequest;
class GetDailySummaryRequest;
class GetPaymentRequest;
class GetRefundRequest;
class ListEventsRequest;
class ListPaymentsRequest;
class ListRefundsRequest;
}  // namespace v1

// OK, or INVALID_ARGUMENT FIELD_INVALID with a violation for each wrong field.
absl::Status Validate(const v1::CreatePaymentRequest& request);
absl::Status Validate(const v1::GetPaymentRequest& request);
absl::Status Validate(const v1::ListPaymentsRequest& request);
absl::Status Validate(const v1::CancelPaymentRequest& request);
absl::Status Validate(const v1::CreateRefundRequest& request);
absl::Status Validate(const v1::GetRefundRequest& request);
absl::Status Validate(const v1::ListRefundsRequest& request);
absl::Status Validate(const v1::GetDailySummaryRequest& request);
absl::Status Validate(const v1::ListEventsRequest& request);
// What the product's profile allows.
absl::Status ValidateForProfile(const v1::CreatePaymentRequest& request, const Profile& profile);

}  // namespace trivium::payment
