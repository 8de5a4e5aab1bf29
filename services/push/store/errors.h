// The declines that store engines answer, in one place: the same words and details from each.
#pragma once

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/push/domain/audience_plan.h"
#include "services/push/domain/message.h"
#include "services/push/store/store.h"

namespace trivium::push {

absl::Status MessageNotFound();
absl::Status UserNotFound();
absl::Status NotCancelable(const Message& message);
absl::Status AudienceTooLarge();
absl::Status AudienceInvalid(const AudienceError& error);
absl::Status TooManyTags(size_t tags);
absl::Status NegativeCount(const MessageCount& count);
absl::Status RequestInProgress();
// OK when both fingerprints are equal; INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED naming the first field that differs.
absl::Status CheckFingerprint(Method method, const std::string& stored, const std::string& now);

// Whether a decline uses its request_id up: those that depend on state do, those of form do not.
bool IsRecorded(const absl::Status& decline);

// The plan of an expression, or AUDIENCE_INVALID.
absl::StatusOr<AudiencePlan> PlanOfExpression(const std::string& expression);
// OK unless it is an audience whose expression is not one.
absl::Status CheckTarget(const Target& target);

}  // namespace trivium::push
