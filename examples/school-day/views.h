// What the day knows of payments, refunds and trades: plain values that the checks work on.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "examples/school-day/plan.h"

namespace trivium::schoolday {

struct AttemptView {
  std::string attempt_id;
  std::string psp_trade_id;
  int64_t paid_minor = 0;

  bool operator==(const AttemptView&) const = default;
};

// A payment as the API shows it.
struct PaymentView {
  std::string payment_id, order_ref;
  std::string state, state_reason;  // "SUCCEEDED"
  int64_t amount_minor = 0, refunded_minor = 0;
  bool late = false;
  int64_t version = 0;
  std::vector<AttemptView> attempts;

  bool operator==(const PaymentView&) const = default;
  int64_t TakenMinor() const {
    int64_t sum = 0;
    for (const AttemptView& attempt : attempts) sum += attempt.paid_minor;
    return sum;
  }
};

struct RefundView {
  std::string refund_id, payment_id;
  std::string state, origin;  // "SUCCEEDED", "PRODUCT"
  int64_t amount_minor = 0;
  int64_t version = 0;

  bool operator==(const RefundView&) const = default;
};

// When the product got an order's money, and when all of it had gone back, by the events' own times; 0: never.
struct MoneyTimes {
  int64_t paid_ms = 0, back_ms = 0;

  bool operator==(const MoneyTimes&) const = default;
};

// A trade as the PSP shows it.
struct TradeView {
  std::string out_trade_no, trade_id, state;
  int64_t amount_minor = 0, paid_minor = 0, refunded_minor = 0;
};

// The product's ledger and money at the PSP, since ever.
struct LedgerView {
  std::string currency;
  int64_t debits_minor = 0, credits_minor = 0;
  bool balances_match_entries = false;
  int64_t platform_cash_minor = 0;
};

// What the driver did for an order, and what it was told.
struct OrderRecord {
  Order plan;
  std::vector<std::string> payment_ids;  // Distinct answers of CreatePayment, oldest first.
  bool paid = false;                     // The PSP told the payer that it has the money.
  bool canceled = false;                 // CancelPayment said so.
};

// Everything that is judged at the end of a product's day.
struct DayRecord {
  std::string product, run_id;
  std::vector<OrderRecord> orders;
  std::map<std::string, PaymentView> payments;  // By id; what ListPayments and GetPayment say at the end.
  std::map<std::string, RefundView> refunds;    // Of these payments.
  std::map<std::string, PaymentView> payments_by_events;
  std::map<std::string, RefundView> refunds_by_events;
  std::map<std::string, MoneyTimes> money_times;  // By order_ref; orders of which no event tells money are not here.
  std::map<std::string, TradeView> trades;        // By out_trade_no; those of this run's attempts.
  std::vector<LedgerView> ledgers;
  // Money kept at the PSP minus platform cash, before and after the day. Unset when the PSP's account serves several
  // products.
  bool cash_known = false;
  int64_t cash_gap_before = 0, cash_gap_after = 0;
  std::vector<std::string> complaints;  // What went wrong during the day, in sentences.
  std::set<std::string> unsettled;      // Orders (order_ref) that were still on their way when patience ran out.
  double settle_seconds = 0;            // From the last call until nothing was on its way any more.
};

// Whether nothing more will happen to it by itself.
inline bool IsFinal(const PaymentView& p) {
  return p.state == "SUCCEEDED" || p.state == "FAILED" || p.state == "CANCELED" || p.state == "EXPIRED";
}
inline bool IsFinal(const RefundView& r) { return r.state == "SUCCEEDED" || r.state == "FAILED"; }

}  // namespace trivium::schoolday
