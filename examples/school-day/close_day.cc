// The end of a product's day: waits until it is settled, then reads all that is judged.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/invariants.h"
#include "examples/school-day/parallel.h"
#include "examples/school-day/patience.h"
#include "examples/school-day/product_day.h"

namespace trivium::schoolday {
namespace {

// Asks again and again until it holds or the time is over.
template <typename F>
void WaitUntil(absl::Duration most, const F& holds) {
  const absl::Time give_up = absl::Now() + most;
  while (!holds() && absl::Now() < give_up) std::this_thread::sleep_for(std::chrono::milliseconds(500));
}

}  // namespace

DayRecord ProductDay::Close() {
  const absl::Time start = absl::Now();
  const std::set<std::string> unsettled = AwaitSettled();
  const absl::Time settled = absl::Now();
  ParallelFor(orders_.size(), options_.concurrency, [&](size_t i) {
    ReadOne(orders_[i]);
    progress_.Step();
  });
  ReadPsp();

  DayRecord record;
  {
    MutexLock lock(mu_);
    record = record_;
  }
  record.unsettled = unsettled;
  record.settle_seconds = absl::ToDoubleSeconds(settled - start);
  record.orders = orders_;
  // Events may lag a little behind states.
  WaitUntil(absl::Seconds(10), [&] {
    record.payments_by_events = fold_.payments();
    record.refunds_by_events = fold_.refunds();
    return CheckEventsEqualStates(OnlySettled(record)).empty();
  });
  if (watcher_) watcher_->Stop();
  record.money_times = fold_.money_times();
  for (const std::string& sentence : fold_.complaints()) record.complaints.push_back(sentence);
  return record;
}

std::set<std::string> ProductDay::AwaitSettled() {
  // Four looks in a row: the first event of a late payment's refund comes a moment after the payment's last.
  int settled_looks = 0;
  std::set<std::string> open;
  Patience patience(options_.settle);
  while (settled_looks < 4 && !patience.IsOver(fold_.events())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    open = OnTheirWay(orders_, fold_.payments(), fold_.refunds());
    settled_looks = open.empty() ? settled_looks + 1 : 0;
  }
  if (!open.empty())
    Complain(
        absl::StrCat(open.size(), " orders have not settled: no event for ", absl::FormatDuration(options_.settle)));
  return open;
}

void ProductDay::ReadOne(const OrderRecord& order) {
  const auto listed = client_.ListPayments(order.plan.order_ref);
  if (!Check(listed.status(), absl::StrCat("ListPayments of order ", order.plan.order_ref))) return;
  std::set<std::string> ids(order.payment_ids.begin(), order.payment_ids.end());
  for (const PaymentView& payment : *listed) ids.insert(payment.payment_id);
  for (const std::string& id : ids) {
    const auto payment = client_.GetPayment(id);
    if (!Check(payment.status(), absl::StrCat("GetPayment of ", id))) continue;
    {
      MutexLock lock(mu_);
      record_.payments[id] = *payment;
    }
    if (payment->TakenMinor() == 0) continue;
    const auto refunds = client_.ListRefunds(id);
    if (!Check(refunds.status(), absl::StrCat("ListRefunds of ", id))) continue;
    for (const RefundView& listed_refund : *refunds) {
      const auto refund = client_.GetRefund(listed_refund.refund_id);
      if (!Check(refund.status(), absl::StrCat("GetRefund of ", listed_refund.refund_id))) continue;
      MutexLock lock(mu_);
      record_.refunds[refund->refund_id] = *refund;
    }
  }
}

void ProductDay::ReadPsp() {
  std::map<std::string, std::set<std::string>> numbers;  // By merchant.
  {
    MutexLock lock(mu_);
    for (const auto& [id, payment] : record_.payments) {
      const auto url = urls_.find(id);
      const std::string merchant = url == urls_.end() ? product_ : Sandbox::MerchantOf(url->second);
      for (const AttemptView& attempt : payment.attempts) numbers[merchant].insert(attempt.attempt_id);
    }
  }
  for (const auto& [merchant, wanted] : numbers) {
    const auto trades = sandbox_.Trades(merchant, wanted);
    if (!Check(trades.status(), "reading the PSP's trades")) continue;
    MutexLock lock(mu_);
    record_.trades.insert(trades->begin(), trades->end());
  }
  bool known = false;
  int64_t gap = 0, before = 0;
  {
    MutexLock lock(mu_);
    before = record_.cash_gap_before;
  }
  WaitUntil(absl::Seconds(30), [&] {
    gap = CashGap(&known);
    return gap == 0 || gap == before;
  });
  const auto ledgers = client_.GetLedgers();
  Check(ledgers.status(), "GetDailySummary");
  MutexLock lock(mu_);
  if (ledgers.ok()) record_.ledgers = *ledgers;
  record_.cash_gap_after = gap;
  // An account that several products share says nothing about one of them.
  record_.cash_known = record_.cash_known && known && numbers.size() == 1 && numbers.contains(product_);
}

int64_t ProductDay::CashGap(bool* known) {
  const auto ledgers = client_.GetLedgers();
  const auto totals = sandbox_.Totals(product_, options_.currency);
  *known = ledgers.ok() && totals.ok();
  if (!*known) return 0;
  int64_t cash = 0;
  for (const LedgerView& ledger : *ledgers) {
    if (ledger.currency == options_.currency) cash = ledger.platform_cash_minor;
  }
  return totals->paid_minor - totals->refunded_minor - cash;
}

}  // namespace trivium::schoolday
