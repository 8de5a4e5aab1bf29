#include "services/control/kinds/product_profile.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <set>

#include "absl/time/time.h"
#include "libs/text/utf8.h"
#include "services/control/kinds/client_profiles.h"
#include "services/control/kinds/live.h"
#include "services/control/kinds/range.h"
#include "services/control/names.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::control {
namespace {

using common::v1::PaymentProfile;
using common::v1::ProductProfile;

constexpr size_t kMaxDisplayName = 40;
constexpr int64_t kMaxAmountMinor = 10'000'000'000;
constexpr int kMaxCallsPerSecond = 1'000'000, kMaxBasisPoints = 10'000, kMaxCurrencies = 50;

void CheckDisplayName(const std::string& field, const std::string& name, Violations* out) {
  const size_t length = Utf8Length(name);
  if (length < 1 || length > kMaxDisplayName) {
    out->emplace_back(field, std::to_string(length) + " characters, want 1 to " + std::to_string(kMaxDisplayName));
  }
}

// Only names of the zone database: LoadTimeZone would also read files by path, and the machine's own zone.
bool IsIanaZone(const std::string& name) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' || c == '+';
  };
  if (name.empty() || name.size() > 64 || name[0] == '/' || name == "localtime" ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    return false;
  }
  absl::TimeZone zone;
  return absl::LoadTimeZone(name, &zone);
}

void CheckCurrencies(const PaymentProfile& payment, Violations* out) {
  const std::string field = "value.payment.currency_codes";
  const int count = payment.currency_codes_size();
  if (count < 1 || count > kMaxCurrencies) {
    out->emplace_back(field, std::to_string(count) + " codes, want 1 to " + std::to_string(kMaxCurrencies));
  }
  std::set<std::string> seen;
  for (int i = 0; i < count; ++i) {
    const std::string& code = payment.currency_codes(i);
    const bool form =
        code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    const std::string path = field + "[" + std::to_string(i) + "]";
    if (!form)
      out->emplace_back(path, "\"" + ToValidUtf8(code.substr(0, 20)) + "\", want three letters of ISO 4217, like CNY");
    if (!seen.insert(code).second) out->emplace_back(path, "twice, want each code once");
  }
}

void CheckPayment(const PaymentProfile& payment, Violations* out) {
  CheckCurrencies(payment, out);
  CheckRange("value.payment.commission_bps", payment.commission_bps(), 0, kMaxBasisPoints, out);
  if (payment.has_payment_timeout())
    CheckSeconds("value.payment.payment_timeout", payment.payment_timeout(), 5, 86400, out);
  if (!IsItemName(payment.psp())) {
    out->emplace_back("value.payment.psp",
                      "\"" + ToValidUtf8(payment.psp().substr(0, 64)) + "\", want the name of a PSP, like sandbox");
  }
  // 0 stands for the default.
  CheckRange("value.payment.max_amount_minor", payment.max_amount_minor(), 0, kMaxAmountMinor, out);
  CheckRange("value.payment.max_calls_per_second", payment.max_calls_per_second(), 0, kMaxCallsPerSecond, out);
}

}  // namespace

Violations CheckProductProfile(const google::protobuf::Any& value) {
  ProductProfile profile;
  if (!UnpackStrictly(value, &profile))
    return {{"value", "unreadable or with unknown fields, want a trivium.common.v1.ProductProfile"}};
  Violations wrong;
  CheckDisplayName("value.display_name_zh", profile.display_name_zh(), &wrong);
  CheckDisplayName("value.display_name_en", profile.display_name_en(), &wrong);
  if (!IsIanaZone(profile.time_zone())) {
    wrong.emplace_back("value.time_zone", "\"" + ToValidUtf8(profile.time_zone().substr(0, 64)) +
                                              "\", want an IANA zone, like Asia/Shanghai");
  }
  if (profile.has_payment()) CheckPayment(profile.payment(), &wrong);
  if (profile.has_push()) CheckPushProfile(profile.push(), &wrong);
  if (profile.has_gateway()) CheckGatewayProfile(profile.gateway(), &wrong);
  if (profile.has_live()) CheckLiveProfile(profile.live(), &wrong);
  return wrong;
}

}  // namespace trivium::control
