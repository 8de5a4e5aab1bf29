// The script of the crash test: a fixed list of orders, which a process works off and a later one works off again.
#pragma once

#include <cstdint>
#include <string>

namespace trivium::payment {

inline constexpr int kCrashOrders = 160;
inline constexpr char kCrashProduct[] = "acme-crash";

// What is to become of order n, of 199.00 CNY: derivable from its number, so that any process can go on.
struct CrashOrder {
  int64_t n = 0;

  bool canceled() const { return n % 8 == 7; }  // Else it is paid.
  bool wrong_amount() const { return n % 8 == 6; }
  // Partial refunds, of which the last fails at the PSP when there are two.
  int refunds() const { return canceled() || wrong_amount() ? 0 : static_cast<int>(n % 3); }
  int64_t refund_minor() const { return 100 + n; }

  std::string request_id() const { return "create-" + std::to_string(n); }
  std::string order_ref() const { return "order-" + std::to_string(n); }
  std::string cancel_id() const { return "cancel-" + std::to_string(n); }
  std::string refund_id(int i) const { return "refund-" + std::to_string(n) + "-" + std::to_string(i); }
};

}  // namespace trivium::payment
