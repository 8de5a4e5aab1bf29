// The order that a pay URL carries, checked. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/payment/psp/sandbox/server/refusal.h"

namespace trivium::payment::sandbox {

struct PayOrder {
  std::string merchant, out_trade_no;
  int64_t amount_minor = 0;
  std::string currency, subject, notify_url;
  absl::Time expire;
};

inline constexpr int64_t kMaxAmountMinor = 1'000'000'000'000;

// 1-64 of A-Z a-z 0-9 _ -.
bool IsOrderNumber(std::string_view text);
// 1-32 of a-z 0-9 _ -.
bool IsMerchantName(std::string_view text);

struct PayOrderRules {
  std::function<std::string(std::string_view merchant)> secret;  // "" for an unknown one.
  std::vector<std::string> allowed_notify;                       // Prefixes.
};

// parameters: the decoded query or form, without a form's "action". 400 PARAM_ERROR or 401 SIGN_ERROR.
Refusal ParsePayOrder(const std::vector<std::pair<std::string, std::string>>& parameters, const PayOrderRules& rules,
                      absl::Time now, PayOrder* order);

// The query of a pay URL; "" when it has none.
std::string_view QueryOf(std::string_view url);

}  // namespace trivium::payment::sandbox
