#include "services/payment/validate.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "libs/clock/proto_time.h"
#include "libs/id/id_value.h"
#include "libs/status/error.h"
#include "libs/text/control_characters.h"
#include "libs/text/day.h"
#include "libs/text/utf8.h"
#include "services/payment/domain/payment.h"
#include "services/payment/profiles.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::payment {
namespace {

using Violations = std::vector<std::pair<std::string, std::string>>;

constexpr absl::Duration kMinTimeout = absl::Seconds(1), kMaxTimeout = absl::Hours(24);

bool IsKeyCharacter(char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == ':' || c == '-'; }

// Collects what is wrong with a request.
class Checks {
 public:
  void Key(const char* field, const std::string& value, size_t min, size_t max) {
    if (value.size() >= min && value.size() <= max && std::ranges::all_of(value, IsKeyCharacter)) return;
    Bad(field, absl::StrCat(value.empty() ? "empty" : absl::StrCat(value.size(), " bytes"), ", want ", min, "-", max,
                            " characters of A-Z a-z 0-9 . _ : -"));
  }
  void Text(const char* field, const std::string& value, size_t max) {
    const std::string want = absl::StrCat(", want 1-", max, " characters");
    if (value.empty()) return Bad(field, absl::StrCat("empty", want));
    if (!IsValidUtf8(value)) return Bad(field, absl::StrCat("not UTF-8", want));
    if (HasControlCharacter(value))
      return Bad(field, absl::StrCat("has a control character", want, " without control characters"));
    if (const size_t length = Utf8Length(value); length > max) Bad(field, absl::StrCat(length, " characters", want));
  }
  void OptionalText(const char* field, const std::string& value, size_t max) {
    if (!value.empty()) Text(field, value, max);
  }
  void ObjectId(const char* field, std::string_view kind, const std::string& value) {
    if (ParseId(kind, value).ok()) return;
    const std::string shown = value.empty() ? "empty" : "malformed";
    Bad(field, absl::StrCat(shown, ", want \"", std::string(kind), "_\" and 26 characters"));
  }
  void Amount(bool present, const common::v1::Money& amount) {
    if (!present) return Bad("amount", "missing, want an amount of money");
    if (amount.amount_minor() < 1) Bad("amount.amount_minor", absl::StrCat(amount.amount_minor(), ", want >= 1"));
    const std::string& code = amount.currency_code();
    if (code.size() != 3 || !std::ranges::all_of(code, absl::ascii_isupper))
      Bad("amount.currency_code", "want three upper-case letters (ISO 4217)");
  }
  void PageSize(int32_t size) {
    if (size < 0) Bad("page_size", absl::StrCat(size, ", want >= 0"));
  }
  void Bad(const char* field, std::string description) { violations_.emplace_back(field, std::move(description)); }
  absl::Status Result() const { return FieldsError(violations_); }

 private:
  Violations violations_;
};

void CheckTimeout(const google::protobuf::Duration& timeout, Checks& checks) {
  const bool in_range =
      timeout.seconds() >= 0 && timeout.seconds() <= 86400 && timeout.nanos() >= 0 && timeout.nanos() < 1'000'000'000;
  const absl::Duration value = in_range ? ToDuration(timeout) : absl::ZeroDuration();
  if (value < kMinTimeout || value > kMaxTimeout) checks.Bad("timeout", "out of range, want 1 s to 24 h");
}

}  // namespace

absl::Status Validate(const v1::CreatePaymentRequest& request) {
  Checks checks;
  checks.Key("request_id", request.request_id(), 8, 64);
  checks.Text("order_ref", request.order_ref(), 64);
  checks.Amount(request.has_amount(), request.amount());
  checks.Text("subject", request.subject(), 120);
  checks.Key("institution_id", request.institution_id(), 1, 64);
  if (request.has_timeout()) CheckTimeout(request.timeout(), checks);
  return checks.Result();
}

absl::Status ValidateForProfile(const v1::CreatePaymentRequest& request, const Profile& profile) {
  Checks checks;
  if (request.amount().amount_minor() > profile.max_amount_minor) {
    checks.Bad("amount.amount_minor", absl::StrCat(request.amount().amount_minor(),
                                                   ", want <= ", profile.max_amount_minor, " (the product's limit)"));
  }
  if (std::ranges::find(profile.currencies, request.amount().currency_code()) == profile.currencies.end()) {
    checks.Bad("amount.currency_code", absl::StrCat(request.amount().currency_code(), ", want one of ",
                                                    absl::StrJoin(profile.currencies, ", ")));
  }
  return checks.Result();
}

absl::Status Validate(const v1::GetPaymentRequest& request) {
  Checks checks;
  checks.ObjectId("payment_id", kPaymentIdKind, request.payment_id());
  return checks.Result();
}

absl::Status Validate(const v1::ListPaymentsRequest& request) {
  Checks checks;
  checks.PageSize(request.page_size());
  checks.OptionalText("order_ref", request.order_ref(), 64);
  if (!v1::Payment::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(request.state(), ", want a state's number"));
  return checks.Result();
}

absl::Status Validate(const v1::CancelPaymentRequest& request) {
  Checks checks;
  checks.Key("request_id", request.request_id(), 8, 64);
  checks.ObjectId("payment_id", kPaymentIdKind, request.payment_id());
  return checks.Result();
}

absl::Status Validate(const v1::CreateRefundRequest& request) {
  Checks checks;
  checks.Key("request_id", request.request_id(), 8, 64);
  checks.ObjectId("payment_id", kPaymentIdKind, request.payment_id());
  checks.Amount(request.has_amount(), request.amount());
  checks.Text("reason", request.reason(), 120);
  return checks.Result();
}

absl::Status Validate(const v1::GetRefundRequest& request) {
  Checks checks;
  checks.ObjectId("refund_id", kRefundIdKind, request.refund_id());
  return checks.Result();
}

absl::Status Validate(const v1::ListRefundsRequest& request) {
  Checks checks;
  checks.PageSize(request.page_size());
  if (!request.payment_id().empty()) checks.ObjectId("payment_id", kPaymentIdKind, request.payment_id());
  if (!v1::Refund::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(request.state(), ", want a state's number"));
  return checks.Result();
}

absl::Status Validate(const v1::GetDailySummaryRequest& request) {
  Checks checks;
  if (!request.day().empty() && !ParseDay(request.day()))
    checks.Bad("day", "malformed, want a calendar day \"YYYY-MM-DD\" of the years 2000-2999");
  return checks.Result();
}

absl::Status Validate(const v1::ListEventsRequest& request) {
  Checks checks;
  checks.PageSize(request.page_size());
  return checks.Result();
}

}  // namespace trivium::payment
