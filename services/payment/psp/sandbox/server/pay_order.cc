#include "services/payment/psp/sandbox/server/pay_order.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/payment/psp/sandbox/server/signature.h"

namespace trivium::payment::sandbox {
namespace {

constexpr const char* kFields[] = {"amount_minor", "currency", "expire",  "merchant", "notify_url",
                                   "out_trade_no", "sign",     "subject", "timestamp"};
constexpr absl::Duration kMaxAge = absl::Hours(24 * 7), kMaxAhead = absl::Minutes(5);
constexpr int64_t kMaxUnixSeconds = 253402300799;  // Year 9999.

Refusal Bad(std::string_view field, std::string_view want) {
  return {400, "PARAM_ERROR", absl::StrCat(ToAbsl(field), ": want ", ToAbsl(want))};
}

bool IsOf(std::string_view text, size_t max, bool upper) {
  const auto good = [upper](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-' ||
           (upper && absl::ascii_isupper(c));
  };
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), good);
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_iscntrl(c); });
}

// Digits only: SimpleAtoi alone would take " +5".
bool ParseNumber(const std::string& text, int64_t min, int64_t max, int64_t* number) {
  const bool digits = std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  return digits && absl::SimpleAtoi(text, number) && *number >= min && *number <= max;
}

bool IsAllowedUrl(const std::string& url, const std::vector<std::string>& prefixes) {
  if (url.size() > 512 || HasControl(url) || url.find_first_of("@#\\ ") != url.npos) return false;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return absl::StartsWith(url, prefix); });
}

bool IsCurrency(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isupper(c); });
}

Refusal CheckFields(const std::vector<std::pair<std::string, std::string>>& parameters,
                    std::map<std::string, std::string>* fields) {
  for (const auto& [name, value] : parameters) {
    if (std::find(std::begin(kFields), std::end(kFields), name) == std::end(kFields))
      return Bad("query", "no other parameters");
    if (!fields->emplace(name, value).second) return Bad(name, "it once");
  }
  for (const char* field : kFields) {
    if ((*fields)[field].empty()) return Bad(field, "a value");
  }
  return {};
}

}  // namespace

bool IsOrderNumber(std::string_view text) { return IsOf(text, 64, true); }
bool IsMerchantName(std::string_view text) { return IsOf(text, 32, false); }

Refusal ParsePayOrder(const std::vector<std::pair<std::string, std::string>>& parameters, const PayOrderRules& rules,
                      absl::Time now, PayOrder* order) {
  std::map<std::string, std::string> fields;
  if (Refusal refusal = CheckFields(parameters, &fields)) return refusal;
  if (!IsMerchantName(fields["merchant"])) return Bad("merchant", "1-32 of a-z 0-9 _ -");
  const std::string secret = rules.secret(fields["merchant"]);
  if (secret.empty() || !SignatureMatches(secret, CanonicalQuery(parameters), fields["sign"])) {
    return {401, "SIGN_ERROR", "sign: want HMAC-SHA256 of the canonical query with the merchant's secret"};
  }
  int64_t amount = 0, expire = 0, timestamp = 0;
  if (!IsOrderNumber(fields["out_trade_no"])) return Bad("out_trade_no", "1-64 of A-Z a-z 0-9 _ -");
  if (!ParseNumber(fields["amount_minor"], 1, kMaxAmountMinor, &amount)) return Bad("amount_minor", "1 to 10^12");
  if (!ParseNumber(fields["expire"], 1, kMaxUnixSeconds, &expire)) return Bad("expire", "Unix seconds");
  if (!ParseNumber(fields["timestamp"], 1, kMaxUnixSeconds, &timestamp)) return Bad("timestamp", "Unix seconds");
  const absl::Time signed_at = absl::FromUnixSeconds(timestamp);
  if (signed_at < now - kMaxAge || signed_at > now + kMaxAhead)
    return Bad("timestamp", "at most 7 days ago or 5 min ahead");
  if (!IsCurrency(fields["currency"])) return Bad("currency", "three capital letters");
  const std::string& subject = fields["subject"];
  if (subject.size() > 256 || HasControl(subject) || !IsValidUtf8(subject))
    return Bad("subject", "1-256 bytes of UTF-8 without control characters");
  if (!IsAllowedUrl(fields["notify_url"], rules.allowed_notify))
    return Bad("notify_url", "an address that --allow_notify allows");
  *order = {fields["merchant"],   fields["out_trade_no"],       amount, fields["currency"], subject,
            fields["notify_url"], absl::FromUnixSeconds(expire)};
  return {};
}

std::string_view QueryOf(std::string_view url) {
  const size_t question = url.find('?');
  return question == url.npos ? std::string_view() : url.substr(question + 1);
}

}  // namespace trivium::payment::sandbox
