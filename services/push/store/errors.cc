#include "services/push/store/errors.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "services/push/domain/request_fields.h"

namespace trivium::push {

using absl::StatusCode;

namespace {

// Indexed by Method.
constexpr std::span<const char* const> kFields[] = {
    {}, kPublishFields, kCancelMessageFields, kRoomMembersFields, kRoomMembersFields, kUpdateUserTagsFields};

}  // namespace

absl::Status MessageNotFound() {
  return Error(StatusCode::kNotFound, "MESSAGE_NOT_FOUND", "message_id: no such message of this product");
}

absl::Status UserNotFound() {
  return Error(StatusCode::kNotFound, "USER_NOT_FOUND", "user_id: no such user of this product");
}

absl::Status NotCancelable(const Message& message) {
  const std::string state(StateName(message.state)), message_class(ClassName(message.message_class));
  return Error(StatusCode::kFailedPrecondition, "MESSAGE_NOT_CANCELABLE",
               absl::StrCat("message_id: ", message_class, " and ", state, ", want a RELIABLE message or one not sent"))
      .With("class", message_class)
      .With("state", state)
      .Precondition("MESSAGE_STATE", FormatId(kMessageIdKind, message.id), absl::StrCat(state, ", want SCHEDULED"));
}

absl::Status AudienceTooLarge() {
  const std::string description = absl::StrCat("more than ", kRecipientsMax, " recipients, want fewer");
  return Error(StatusCode::kResourceExhausted, "AUDIENCE_TOO_LARGE", absl::StrCat("target: ", description))
      .With("recipients_max", kRecipientsMax)
      .Quota("target", description);
}

absl::Status AudienceInvalid(const AudienceError& error) {
  const std::string description = absl::StrCat("at character ", error.position, " ", error.problem);
  return Error(StatusCode::kInvalidArgument, "AUDIENCE_INVALID", absl::StrCat("target.audience: ", description))
      .With("position", error.position)
      .Field("target.audience", description);
}

absl::Status TooManyTags(size_t tags) {
  return FieldsError({{"set", absl::StrCat(tags, " tags of the user, want <= ", kUserTagsMax)}});
}

absl::Status NegativeCount(const MessageCount& count) {
  return FieldsError(
      {{"counts", absl::StrCat("sent ", count.sent, ", slow_readers ", count.slow_readers, ", want >= 0")}});
}

absl::Status RequestInProgress() {
  return Error(StatusCode::kAborted, "REQUEST_IN_PROGRESS",
               "the same request is still in progress: repeat with the same request_id")
      .RetryAfter(absl::Milliseconds(200));
}

absl::Status CheckFingerprint(Method method, const std::string& stored, const std::string& now) {
  const std::string field = DifferingField(kFields[static_cast<int>(method)], stored, now);
  if (field.empty()) return absl::OkStatus();
  const std::string description = "differs from the first request with this request_id, want the same payload";
  return Error(StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Field(field, description);
}

bool IsRecorded(const absl::Status& decline) {
  return decline.code() == StatusCode::kNotFound || decline.code() == StatusCode::kFailedPrecondition;
}

absl::StatusOr<AudiencePlan> PlanOfExpression(const std::string& expression) {
  Audience audience;
  const AudienceError error = ParseAudience(expression, &audience);
  if (!error.problem.empty()) return AudienceInvalid(error);
  return PlanOf(audience);
}

absl::Status CheckTarget(const Target& target) {
  return target.kind == TargetKind::kAudience ? PlanOfExpression(target.value).status() : absl::OkStatus();
}

}  // namespace trivium::push
