// The plan of a day: who orders what, and what goes wrong. A seed gives the same day again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/school-day/school.h"

namespace trivium::schoolday {

// What a student does with an order.
enum class Scenario {
  kPay,                // Orders, pays.
  kSameRequestTwice,   // The backend sends the request again, as after a lost answer; then pays.
  kSameRequestAtOnce,  // Four of the same request at the same time; then pays.
  kReusedRequest,      // The same request_id with another amount must be refused; then pays.
  kSecondOrder,        // A second payment of an order that is open must be refused; then pays.
  kDecline,            // The PSP declines; the order gets a new payment, which is paid.
  kWrongAmount,        // The PSP takes another amount: it must go back.
  kPayLate,            // Pays after the payment has expired.
  kNeverPay,           // The payment expires.
  kCancel,             // The product cancels before anybody pays.
};
inline constexpr int kScenarioCount = 10;
const char* ScenarioName(Scenario scenario);

// How the PSP misbehaves about one trade: fields of the sandbox's /control/pay.
struct Misbehaviour {
  int callback_delay_ms = 0;
  int callback_copies = 1;
  bool callback_drop = false;
  bool callback_reorder = false;
  int settle_delay_ms = 0;
  int query_failures = 0;
  int query_hang_ms = 0;

  bool operator==(const Misbehaviour&) const = default;
};

// What the product gives back when the day is nearly over.
enum class RefundPlan {
  kNone,
  kFull,
  kInTwoParts,   // A third, then the rest; then one fen too many must be refused.
  kPartOnly,     // A third, after the class: the student left after a trial lesson.
  kBeforeClass,  // All of it, before the class: the student thought better of it.
};

// When it is given back.
enum class RefundTime { kNever, kBeforeClasses, kBesideClasses, kAfterClasses };
RefundTime TimeOf(RefundPlan refund);

struct Order {
  std::string order_ref;  // "<run>-<product>-<number>"
  std::string student_id, class_id, institution_id;
  std::string subject;  // What the pay page shows; holds no personal data.
  int64_t amount_minor = 0;
  Scenario scenario = Scenario::kPay;
  Misbehaviour misbehaviour;
  RefundPlan refund = RefundPlan::kNone;
};

struct DayPlan {
  std::string run_id;
  std::string product;
  std::vector<Order> orders;
};

// One order for each student and class. Every scenario comes up in every 40 orders; all orders of canceled classes are
// refunded.
DayPlan MakePlan(const School& school, const std::string& run_id, uint64_t seed);

// Time until a payment of this order expires, in seconds; 0: as the profile says.
int TimeoutSeconds(Scenario scenario);

// Idempotency key of the nth request of a kind for an order: "<order_ref>:pay:0". At most 64 characters.
std::string RequestId(const Order& order, const std::string& kind, int n);

}  // namespace trivium::schoolday
