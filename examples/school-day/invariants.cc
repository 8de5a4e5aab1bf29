#include "examples/school-day/invariants.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

constexpr size_t kSentencesMax = 15;

// Sums of one payment's refunds.
struct RefundSums {
  int64_t succeeded = 0, open = 0;
  int failed_by_platform = 0, by_platform = 0;
};

std::map<std::string, RefundSums> SumsByPayment(const DayRecord& day) {
  std::map<std::string, RefundSums> all;
  for (const auto& [id, refund] : day.refunds) {
    RefundSums& sums = all[refund.payment_id];
    if (refund.origin != "PRODUCT") ++sums.by_platform;
    if (refund.state == "SUCCEEDED") sums.succeeded += refund.amount_minor;
    if (refund.state == "FAILED" && refund.origin != "PRODUCT") ++sums.failed_by_platform;
    if (!IsFinal(refund)) sums.open += refund.amount_minor;
  }
  return all;
}

// All payments of an order, from the API's own list.
std::map<std::string, std::vector<const PaymentView*>> ByOrder(const DayRecord& day) {
  std::map<std::string, std::vector<const PaymentView*>> payments;
  for (const auto& [id, payment] : day.payments) payments[payment.order_ref].push_back(&payment);
  return payments;
}

std::string Describe(const PaymentView& p) {
  return absl::StrCat(p.payment_id, " (", p.state, p.late ? " late" : "", p.state_reason.empty() ? "" : " ",
                      p.state_reason, ", ", p.amount_minor, " fen)");
}

size_t PaymentsWanted(Scenario scenario) { return scenario == Scenario::kDecline ? 2 : 1; }

// "" when a payment is how the scenario's last payment must be.
std::string WrongEnd(Scenario scenario, const PaymentView& p) {
  switch (scenario) {
    case Scenario::kWrongAmount:
      if (p.state != "FAILED" || p.state_reason != "PSP_AMOUNT_MISMATCH") return "FAILED PSP_AMOUNT_MISMATCH";
      return "";
    case Scenario::kPayLate:
      return p.state == "SUCCEEDED" && p.late ? "" : "SUCCEEDED late";
    case Scenario::kNeverPay:
      return p.state == "EXPIRED" ? "" : "EXPIRED";
    case Scenario::kCancel:
      return p.state == "CANCELED" ? "" : "CANCELED";
    default:
      return p.state == "SUCCEEDED" && !p.late ? "" : "SUCCEEDED";
  }
}

bool HasSettled(const OrderRecord& order, const std::map<std::string, PaymentView>& payments,
                const std::set<std::string>& given_back) {
  for (const std::string& id : order.payment_ids) {
    const auto found = payments.find(id);
    if (found == payments.end() || !IsFinal(found->second)) return false;
  }
  if (order.payment_ids.empty()) return true;
  const PaymentView& last = payments.at(order.payment_ids.back());
  if (order.paid && !WrongEnd(order.plan.scenario, last).empty()) return false;
  // What goes back by itself has at least begun to; late money may also stay (refunded_minor tells).
  const bool goes_back = last.state_reason == "PSP_AMOUNT_MISMATCH" || last.refunded_minor > 0;
  return !goes_back || given_back.contains(last.payment_id);
}

}  // namespace

Sentences CheckLedger(const DayRecord& day) {
  Sentences broken;
  if (day.ledgers.empty()) broken.push_back("ledger: no sums were answered");
  for (const LedgerView& ledger : day.ledgers) {
    if (ledger.debits_minor != ledger.credits_minor) {
      broken.push_back(absl::StrCat("ledger: ", ledger.currency, " debits ", ledger.debits_minor,
                                    " differ from credits ", ledger.credits_minor));
    }
    if (!ledger.balances_match_entries) {
      broken.push_back(absl::StrCat("ledger: ", ledger.currency, " balances differ from the sums of their entries"));
    }
  }
  return broken;
}

Sentences CheckNoDoubleCharge(const DayRecord& day) {
  Sentences broken;
  std::map<std::string, std::string> owner;  // Payment of each trade.
  for (const auto& [id, payment] : day.payments) {
    for (const AttemptView& attempt : payment.attempts) {
      const auto [first, fresh] = owner.emplace(attempt.attempt_id, id);
      if (!fresh) {
        broken.push_back(
            absl::StrCat("double charge: trade ", attempt.attempt_id, " belongs to ", first->second, " and ", id));
      }
    }
  }
  for (const auto& [number, trade] : day.trades) {
    if (trade.state == "SUCCESS" && !owner.contains(number)) {
      broken.push_back(absl::StrCat("double charge: the PSP took ", trade.paid_minor, " fen in trade ", number,
                                    ", which belongs to no payment"));
    }
  }
  const auto by_order = ByOrder(day);
  for (const OrderRecord& order : day.orders) {
    const auto found = by_order.find(order.plan.order_ref);
    if (found == by_order.end()) continue;
    const auto kept = std::count_if(found->second.begin(), found->second.end(), [](const PaymentView* p) {
      return p->state == "SUCCEEDED" && !(p->late && p->refunded_minor == p->amount_minor);
    });
    if (kept > 1) {
      broken.push_back(absl::StrCat("double charge: order ", order.plan.order_ref, " has paid ", kept, " times"));
    }
    if (found->second.size() > PaymentsWanted(order.plan.scenario)) {
      broken.push_back(absl::StrCat("double charge: order ", order.plan.order_ref, " (",
                                    ScenarioName(order.plan.scenario), ") has ", found->second.size(),
                                    " payments, want ", PaymentsWanted(order.plan.scenario)));
    }
  }
  return broken;
}

Sentences CheckNoLostPayment(const DayRecord& day) {
  Sentences broken;
  const auto sums = SumsByPayment(day);
  for (const OrderRecord& order : day.orders) {
    bool has_money = false;
    for (const std::string& id : order.payment_ids) {
      const auto found = day.payments.find(id);
      if (found == day.payments.end()) {
        broken.push_back(absl::StrCat("lost payment: ", id, " of order ", order.plan.order_ref,
                                      " was acknowledged and is not there"));
        continue;
      }
      const PaymentView& payment = found->second;
      const auto refunds = sums.find(id);
      has_money |= payment.state == "SUCCEEDED" || (refunds != sums.end() && refunds->second.by_platform > 0);
    }
    if (order.payment_ids.empty()) {
      broken.push_back(absl::StrCat("lost payment: order ", order.plan.order_ref, " has none"));
    } else if (order.paid && !has_money) {
      broken.push_back(absl::StrCat("lost payment: order ", order.plan.order_ref,
                                    " was paid at the PSP, but no payment of it has succeeded or went back"));
    }
  }
  return broken;
}

Sentences CheckMoneyAtPsp(const DayRecord& day) {
  Sentences broken;
  const auto sums = SumsByPayment(day);
  for (const auto& [id, payment] : day.payments) {
    int64_t psp_paid = 0, psp_refunded = 0;
    for (const AttemptView& attempt : payment.attempts) {
      const auto trade = day.trades.find(attempt.attempt_id);
      if (trade == day.trades.end()) continue;  // Nobody opened its page.
      psp_paid += trade->second.paid_minor;
      psp_refunded += trade->second.refunded_minor;
    }
    const auto found = sums.find(id);
    const int64_t refunded = found == sums.end() ? 0 : found->second.succeeded;
    if (psp_paid != payment.TakenMinor()) {
      broken.push_back(absl::StrCat("money: the PSP took ", psp_paid, " fen for ", Describe(payment),
                                    ", its attempts say ", payment.TakenMinor()));
    }
    if (psp_refunded != refunded) {
      broken.push_back(absl::StrCat("money: the PSP gave back ", psp_refunded, " fen of ", Describe(payment),
                                    ", its refunds say ", refunded));
    }
  }
  if (day.cash_known && day.cash_gap_after != 0 && day.cash_gap_after != day.cash_gap_before) {
    broken.push_back(
        absl::StrCat("money: the PSP holds ", day.cash_gap_after,
                     " fen more than platform cash in the ledger, want 0 (before the day: ", day.cash_gap_before, ")"));
  }
  return broken;
}

Sentences CheckOutcomes(const DayRecord& day) {
  Sentences broken;
  const auto sums = SumsByPayment(day);
  for (const auto& [id, payment] : day.payments) {
    if (!IsFinal(payment)) broken.push_back(absl::StrCat("unfinished: ", Describe(payment)));
    const auto found = sums.find(id);
    const RefundSums refunds = found == sums.end() ? RefundSums{} : found->second;
    if (refunds.open > 0) broken.push_back(absl::StrCat("unfinished: refunds of ", Describe(payment)));
    if (refunds.succeeded > payment.TakenMinor()) {
      broken.push_back(absl::StrCat("refunds: ", refunds.succeeded, " fen went back of ", Describe(payment)));
    }
    const bool mismatch = payment.state_reason == "PSP_AMOUNT_MISMATCH";
    if (mismatch && refunds.failed_by_platform == 0 && refunds.succeeded != payment.TakenMinor()) {
      broken.push_back(absl::StrCat("refunds: ", refunds.succeeded, " of ", payment.TakenMinor(),
                                    " wrongly taken fen went back of ", Describe(payment)));
    }
  }
  for (const OrderRecord& order : day.orders) {
    if (order.payment_ids.empty()) continue;
    const auto last = day.payments.find(order.payment_ids.back());
    if (last == day.payments.end()) continue;
    const std::string want = WrongEnd(order.plan.scenario, last->second);
    if (!want.empty()) {
      broken.push_back(absl::StrCat("outcome: order ", order.plan.order_ref, " (", ScenarioName(order.plan.scenario),
                                    ") ended as ", Describe(last->second), ", want ", want));
    }
  }
  return broken;
}

Sentences CheckEventsEqualStates(const DayRecord& day) {
  Sentences broken;
  for (const auto& [id, payment] : day.payments) {
    const auto found = day.payments_by_events.find(id);
    if (found == day.payments_by_events.end()) {
      broken.push_back(absl::StrCat("events: none told of ", Describe(payment)));
    } else if (found->second != payment) {
      broken.push_back(absl::StrCat("events: they tell ", Describe(found->second), " version ", found->second.version,
                                    ", GetPayment answers ", Describe(payment), " version ", payment.version));
    }
  }
  for (const auto& [id, refund] : day.refunds) {
    const auto found = day.refunds_by_events.find(id);
    if (found == day.refunds_by_events.end()) {
      broken.push_back(absl::StrCat("events: none told of ", id));
    } else if (found->second != refund) {
      broken.push_back(absl::StrCat("events: they tell ", id, " ", found->second.state, " version ",
                                    found->second.version, ", GetRefund answers ", refund.state, " version ",
                                    refund.version));
    }
  }
  for (const auto& [id, payment] : day.payments_by_events) {
    if (!day.payments.contains(id))
      broken.push_back(absl::StrCat("events: they tell of ", id, ", which no list shows"));
  }
  for (const auto& [id, refund] : day.refunds_by_events) {
    if (!day.refunds.contains(id)) broken.push_back(absl::StrCat("events: they tell of ", id, ", which no list shows"));
  }
  return broken;
}

Sentences CheckIsolation(const std::vector<DayRecord>& days) {
  Sentences broken;
  std::map<std::string, std::string> owner;
  const auto see = [&](const std::string& id, const std::string& product) {
    const auto [first, fresh] = owner.emplace(id, product);
    if (!fresh && first->second != product) {
      broken.push_back(absl::StrCat(product, ": isolation: ", id, " is seen by ", first->second, ", too"));
    }
  };
  for (const DayRecord& day : days) {
    for (const auto& [id, payment] : day.payments) {
      see(id, day.product);
      if (!payment.order_ref.starts_with(absl::StrCat(day.run_id, "-", day.product, "-"))) {
        broken.push_back(absl::StrCat(day.product, ": isolation: it sees order ", payment.order_ref));
      }
    }
    for (const auto& [id, payment] : day.payments_by_events) see(id, day.product);
    for (const auto& [id, refund] : day.refunds) see(id, day.product);
    for (const auto& [id, refund] : day.refunds_by_events) see(id, day.product);
  }
  return broken;
}

Sentences CheckAll(const std::vector<DayRecord>& days) {
  Sentences all = CheckIsolation(days);
  for (const DayRecord& whole : days) {
    const DayRecord day = OnlySettled(whole);
    Sentences broken = day.complaints;
    for (const Sentences& more :
         {CheckSettled(whole), CheckLedger(whole), CheckNoDoubleCharge(day), CheckNoLostPayment(day),
          CheckMoneyAtPsp(day), CheckOutcomes(day), CheckEventsEqualStates(day)}) {
      broken.insert(broken.end(), more.begin(), more.end());
    }
    for (size_t i = 0; i < std::min(broken.size(), kSentencesMax); ++i) {
      all.push_back(absl::StrCat(day.product, ": ", broken[i]));
    }
    if (broken.size() > kSentencesMax) {
      all.push_back(absl::StrCat(day.product, ": and ", broken.size() - kSentencesMax, " more"));
    }
  }
  return all;
}

std::set<std::string> OnTheirWay(const std::vector<OrderRecord>& orders,
                                 const std::map<std::string, PaymentView>& payments,
                                 const std::map<std::string, RefundView>& refunds) {
  std::set<std::string> open, given_back;
  for (const auto& [id, refund] : refunds) {
    given_back.insert(refund.payment_id);
    const auto payment = payments.find(refund.payment_id);
    if (!IsFinal(refund)) open.insert(payment == payments.end() ? refund.payment_id : payment->second.order_ref);
  }
  for (const OrderRecord& order : orders) {
    if (!HasSettled(order, payments, given_back)) open.insert(order.plan.order_ref);
  }
  return open;
}

Sentences CheckSettled(const DayRecord& day) {
  Sentences broken;
  const auto by_order = ByOrder(day);
  for (const std::string& order_ref : day.unsettled) {
    std::string sentence = absl::StrCat("not settled: order ", order_ref, " was still on its way");
    const auto found = by_order.find(order_ref);
    if (found != by_order.end()) {
      for (const PaymentView* payment : found->second) absl::StrAppend(&sentence, ", ", Describe(*payment));
    }
    broken.push_back(absl::StrCat(sentence, "; it is not judged"));
  }
  return broken;
}

DayRecord OnlySettled(DayRecord day) {
  if (day.unsettled.empty()) return day;
  std::set<std::string> payments, attempts;
  for (const auto* known : {&day.payments, &day.payments_by_events}) {
    for (const auto& [id, payment] : *known) {
      if (!day.unsettled.contains(payment.order_ref)) continue;
      payments.insert(id);
      for (const AttemptView& attempt : payment.attempts) attempts.insert(attempt.attempt_id);
    }
  }
  const auto is_open = [&](const auto& entry) { return payments.contains(entry.first); };
  const auto is_of_open = [&](const auto& entry) { return payments.contains(entry.second.payment_id); };
  std::erase_if(day.payments, is_open);
  std::erase_if(day.payments_by_events, is_open);
  std::erase_if(day.refunds, is_of_open);
  std::erase_if(day.refunds_by_events, is_of_open);
  std::erase_if(day.trades, [&](const auto& entry) { return attempts.contains(entry.first); });
  std::erase_if(day.orders, [&](const OrderRecord& order) { return day.unsettled.contains(order.plan.order_ref); });
  day.cash_known = false;
  return day;
}

}  // namespace trivium::schoolday
