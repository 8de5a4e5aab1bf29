#include "examples/school-day/event_fold.h"

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {

void EventFold::Apply(const std::string& event_id, const std::string& product, const PaymentView& payment,
                      int64_t time_ms) {
  MutexLock lock(mu_);
  if (!Accept(event_id, product) || !payment.order_ref.starts_with(run_id_ + "-")) return;
  PaymentView& known = payments_[payment.payment_id];
  CheckVersion(payment.payment_id, known.version, payment.version);
  known = payment;
  KeepMoney(payment, time_ms);
}

void EventFold::KeepMoney(const PaymentView& payment, int64_t time_ms) {
  std::set<std::string>& paid = paid_[payment.order_ref];
  const bool had = !paid.empty(), came = payment.state == "SUCCEEDED";
  if (came && payment.refunded_minor < payment.amount_minor) {
    paid.insert(payment.payment_id);
  } else {
    paid.erase(payment.payment_id);
  }
  if (!had && !paid.empty()) times_[payment.order_ref] = {time_ms, 0};
  // Late money that is not kept is there and gone in one event.
  if (!had && paid.empty() && came) times_.try_emplace(payment.order_ref, MoneyTimes{time_ms, time_ms});
  if (had && paid.empty()) times_[payment.order_ref].back_ms = time_ms;
}

void EventFold::Apply(const std::string& event_id, const std::string& product, const RefundView& refund) {
  MutexLock lock(mu_);
  // A refund comes after its payment.
  if (!Accept(event_id, product) || !payments_.contains(refund.payment_id)) return;
  RefundView& known = refunds_[refund.refund_id];
  CheckVersion(refund.refund_id, known.version, refund.version);
  known = refund;
}

bool EventFold::Accept(const std::string& event_id, const std::string& product) {
  if (product != product_) Complain(absl::StrCat("events: ", product_, " received event ", event_id, " of ", product));
  if (seen_.insert(event_id).second) return true;
  Complain(absl::StrCat("events: ", event_id, " came twice, although each cursor was used once"));
  return false;
}

void EventFold::CheckVersion(const std::string& id, int64_t before, int64_t now) {
  if (now != before + 1) {
    Complain(absl::StrCat("events: ", id, " went from version ", before, " to ", now, ", want ", before + 1));
  }
}

void EventFold::Complain(const std::string& sentence) {
  if (complaints_.size() < 20) complaints_.push_back(sentence);
}

std::map<std::string, PaymentView> EventFold::payments() const {
  MutexLock lock(mu_);
  return payments_;
}

std::map<std::string, RefundView> EventFold::refunds() const {
  MutexLock lock(mu_);
  return refunds_;
}

std::vector<std::string> EventFold::complaints() const {
  MutexLock lock(mu_);
  return complaints_;
}

bool EventFold::Find(const std::string& payment_id, PaymentView* payment) const {
  MutexLock lock(mu_);
  const auto found = payments_.find(payment_id);
  if (found == payments_.end()) return false;
  *payment = found->second;
  return true;
}

bool EventFold::HasPaid(const std::string& order_ref) const {
  MutexLock lock(mu_);
  const auto found = paid_.find(order_ref);
  return found != paid_.end() && !found->second.empty();
}

MoneyTimes EventFold::TimesOf(const std::string& order_ref) const {
  MutexLock lock(mu_);
  const auto found = times_.find(order_ref);
  return found == times_.end() ? MoneyTimes() : found->second;
}

std::map<std::string, MoneyTimes> EventFold::money_times() const {
  MutexLock lock(mu_);
  return times_;
}

size_t EventFold::events() const {
  MutexLock lock(mu_);
  return seen_.size();
}

}  // namespace trivium::schoolday
