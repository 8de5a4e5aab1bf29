#include "services/payment/store/memory_store.h"

#include <algorithm>
#include <iterator>

#include "services/payment/domain/request_fields.h"
#include "services/payment/store/errors.h"
#include "services/payment/store/event_of.h"

namespace trivium::payment {
namespace {

// Newest first.
template <typename Object, typename Matches>
std::vector<Object> Newest(const std::map<Id, Object>& objects, const Id& before, int limit, const Matches& matches) {
  std::vector<Object> page;
  auto it = before.IsZero() ? objects.end() : objects.lower_bound(before);
  while (it != objects.begin() && page.size() < static_cast<size_t>(limit)) {
    --it;
    if (matches(it->second)) page.push_back(it->second);
  }
  return page;
}

// The oldest due ones, claimed.
template <typename Object>
void TakeDue(std::map<Id, Object>& objects, const Claim& claim, std::vector<Object>* claimed) {
  std::vector<Object*> due;
  for (auto& [id, object] : objects) {
    if (object.silent == claim.silent && object.due_time <= claim.now) due.push_back(&object);
  }
  std::ranges::sort(due, {}, [](const Object* o) { return o->due_time; });
  for (Object* object : due) {
    if (claimed->size() == static_cast<size_t>(claim.limit)) return;
    claimed->push_back(*object);
    object->due_time = claim.now + claim.claim_for;
  }
}

}  // namespace

const MemoryStore::Book* MemoryStore::Find(const std::string& product) const {
  const auto it = books_.find(product);
  return it == books_.end() ? nullptr : &it->second;
}

void MemoryStore::Put(Book& book, const Payment& after) {
  const auto before = book.payments.find(after.id);
  if (before != book.payments.end() && before->second.holds_order && !after.holds_order) {
    book.payment_of_order.erase(after.order_ref);
  }
  if (after.holds_order) book.payment_of_order[after.order_ref] = after.id;
  for (const Attempt& attempt : after.attempts) book.payment_of_attempt[attempt.id] = after.id;
  book.payments[after.id] = after;
  book.events.push_back({++book.last_seq, EventOf(ids_.Next(), after)});
}

void MemoryStore::Put(Book& book, const Refund& after) {
  book.refunds[after.id] = after;
  book.events.push_back({++book.last_seq, EventOf(ids_.Next(), after)});
}

void MemoryStore::Post(Book& book, const std::vector<LedgerTransaction>& ledger) {
  for (const LedgerTransaction& transaction : ledger) {
    for (const Entry& entry : transaction.entries) {
      AccountSum& sum = book.accounts[{transaction.currency, entry.account}];
      sum.debits_minor += entry.debit_minor;
      sum.credits_minor += entry.credit_minor;
    }
    ledger_.push_back(transaction);
  }
}

absl::StatusOr<Payment> MemoryStore::Create(const NewPayment& item) {
  Book& book = books_[item.payment.product];
  const std::pair key(Method::kCreatePayment, item.payment.request_id);
  if (const auto it = book.results.find(key); it != book.results.end()) {
    const absl::Status same = CheckFingerprint(kCreatePaymentFields, it->second.fingerprint, item.payment.fingerprint);
    if (!same.ok()) return same;
    if (!it->second.status.ok()) return it->second.status;
    return *it->second.payment;
  }
  if (item.epoch != book.epoch) return Fenced(item.payment.product, item.epoch);
  StoredResult result{.fingerprint = item.payment.fingerprint};
  if (const auto holder = book.payment_of_order.find(item.payment.order_ref); holder != book.payment_of_order.end()) {
    result.status = OrderHasPayment(holder->second);
    book.results[key] = result;
    return result.status;
  }
  Put(book, item.payment);
  result.payment = AsCreated(item.payment);
  book.results[key] = result;
  return *result.payment;
}

absl::StatusOr<PaymentResult> MemoryStore::Update(const PaymentUpdate& item) {
  Book& book = books_[item.product];
  if (item.epoch != book.epoch) return Fenced(item.product, item.epoch);
  const auto it = book.payments.find(item.payment_id);
  if (it == book.payments.end()) return PaymentNotFound();
  const auto holder = book.payment_of_order.find(it->second.order_ref);
  PaymentContext context{.accept_late = item.accept_late, .refund_id = ids_.Next(), .now = item.now};
  context.order_is_free = holder == book.payment_of_order.end() || holder->second == item.payment_id;
  PaymentDecision decision = Decide(it->second, item.signal, context);
  if (decision.verdict == Verdict::kChanged) {
    Put(book, decision.after);
    if (decision.refund) Put(book, *decision.refund);
    Post(book, decision.ledger);
  }
  return PaymentResult{std::move(decision.after), decision.verdict};
}

absl::StatusOr<Payment> MemoryStore::Cancel(const Cancellation& item) {
  Book& book = books_[item.product];
  const std::pair key(Method::kCancelPayment, item.request_id);
  if (const auto it = book.results.find(key); it != book.results.end()) {
    const absl::Status same = CheckFingerprint(kCancelPaymentFields, it->second.fingerprint, item.fingerprint);
    if (!same.ok()) return same;
    if (!it->second.status.ok()) return it->second.status;
    return *it->second.payment;
  }
  if (item.epoch != book.epoch) return Fenced(item.product, item.epoch);
  StoredResult result{.fingerprint = item.fingerprint};
  const auto it = book.payments.find(item.payment_id);
  if (it == book.payments.end()) {
    result.status = PaymentNotFound();
  } else if (it->second.state == PaymentState::kCanceled) {
    result.payment = it->second;
  } else if (!IsOpen(it->second.state)) {
    result.status = NotCancelable(it->second);
  } else if (!item.psp_closed) {
    return PspUnavailable();
  } else {
    PaymentDecision decision = Decide(it->second, {.event = PaymentEvent::kCancelConfirmed}, {.now = item.now});
    Put(book, decision.after);
    result.payment = std::move(decision.after);
  }
  book.results[key] = result;
  if (!result.status.ok()) return result.status;
  return *result.payment;
}

absl::StatusOr<Refund> MemoryStore::CreateRefund(const NewRefund& item) {
  Book& book = books_[item.draft.product];
  const std::pair key(Method::kCreateRefund, item.draft.request_id);
  if (const auto it = book.results.find(key); it != book.results.end()) {
    const absl::Status same = CheckFingerprint(kCreateRefundFields, it->second.fingerprint, item.draft.fingerprint);
    if (!same.ok()) return same;
    if (!it->second.status.ok()) return it->second.status;
    return *it->second.refund;
  }
  if (item.epoch != book.epoch) return Fenced(item.draft.product, item.epoch);
  StoredResult result{.fingerprint = item.draft.fingerprint};
  const auto it = book.payments.find(item.draft.payment_id);
  result.status = it == book.payments.end() ? PaymentNotFound()
                                            : RefundDecline(it->second, item.draft.amount_minor, item.draft.currency);
  if (!result.status.ok()) {
    if (IsRecorded(result.status)) book.results[key] = result;
    return result.status;
  }
  const RefundDecision decision = Reserve(it->second, item.draft);
  Put(book, decision.payment_after);
  Put(book, decision.after);
  Post(book, decision.ledger);
  result.refund = AsCreated(decision.after);
  book.results[key] = result;
  return *result.refund;
}

absl::StatusOr<RefundResult> MemoryStore::Update(const RefundUpdate& item) {
  Book& book = books_[item.product];
  if (item.epoch != book.epoch) return Fenced(item.product, item.epoch);
  const auto it = book.refunds.find(item.refund_id);
  if (it == book.refunds.end()) return RefundNotFound();
  RefundDecision decision = Decide(book.payments.at(it->second.payment_id), it->second, item.event, item.now);
  if (decision.verdict == Verdict::kChanged) {
    if (decision.payment_changed) Put(book, decision.payment_after);
    Put(book, decision.after);
    Post(book, decision.ledger);
  }
  return RefundResult{std::move(decision.after), decision.verdict};
}

std::vector<absl::StatusOr<Payment>> MemoryStore::CreatePayments(std::span<const NewPayment> items, absl::Time) {
  std::vector<absl::StatusOr<Payment>> outcomes;
  MutexLock lock(mu_);
  for (const NewPayment& item : items) outcomes.push_back(Create(item));
  return outcomes;
}

std::vector<absl::StatusOr<PaymentResult>> MemoryStore::UpdatePayments(std::span<const PaymentUpdate> items,
                                                                       absl::Time) {
  std::vector<absl::StatusOr<PaymentResult>> outcomes;
  MutexLock lock(mu_);
  for (const PaymentUpdate& item : items) outcomes.push_back(Update(item));
  return outcomes;
}

std::vector<absl::StatusOr<Payment>> MemoryStore::CancelPayments(std::span<const Cancellation> items, absl::Time) {
  std::vector<absl::StatusOr<Payment>> outcomes;
  MutexLock lock(mu_);
  for (const Cancellation& item : items) outcomes.push_back(Cancel(item));
  return outcomes;
}

std::vector<absl::StatusOr<Refund>> MemoryStore::CreateRefunds(std::span<const NewRefund> items, absl::Time) {
  std::vector<absl::StatusOr<Refund>> outcomes;
  MutexLock lock(mu_);
  for (const NewRefund& item : items) outcomes.push_back(CreateRefund(item));
  return outcomes;
}

std::vector<absl::StatusOr<RefundResult>> MemoryStore::UpdateRefunds(std::span<const RefundUpdate> items, absl::Time) {
  std::vector<absl::StatusOr<RefundResult>> outcomes;
  MutexLock lock(mu_);
  for (const RefundUpdate& item : items) outcomes.push_back(Update(item));
  return outcomes;
}

absl::StatusOr<std::optional<StoredResult>> MemoryStore::FindResult(const std::string& product, Method method,
                                                                    const std::string& request_id, absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr) return std::nullopt;
  const auto it = book->results.find({method, request_id});
  if (it == book->results.end()) return std::nullopt;
  return it->second;
}

absl::StatusOr<Payment> MemoryStore::GetPayment(const std::string& product, const Id& id, absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr || !book->payments.contains(id)) return PaymentNotFound();
  return book->payments.at(id);
}

absl::StatusOr<Payment> MemoryStore::GetPaymentOfAttempt(const std::string& product, const Id& attempt_id, absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr || !book->payment_of_attempt.contains(attempt_id)) return PaymentNotFound();
  return book->payments.at(book->payment_of_attempt.at(attempt_id));
}

absl::StatusOr<Refund> MemoryStore::GetRefund(const std::string& product, const Id& id, absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr || !book->refunds.contains(id)) return RefundNotFound();
  return book->refunds.at(id);
}

absl::StatusOr<std::vector<Payment>> MemoryStore::ListPayments(const std::string& product, const PaymentFilter& filter,
                                                               absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr) return std::vector<Payment>();
  return Newest(book->payments, filter.before, filter.limit, [&](const Payment& p) {
    return (filter.order_ref.empty() || p.order_ref == filter.order_ref) && (!filter.state || p.state == *filter.state);
  });
}

absl::StatusOr<std::vector<Refund>> MemoryStore::ListRefunds(const std::string& product, const RefundFilter& filter,
                                                             absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr) return std::vector<Refund>();
  return Newest(book->refunds, filter.before, filter.limit, [&](const Refund& r) {
    return (filter.payment_id.IsZero() || r.payment_id == filter.payment_id) &&
           (!filter.state || r.state == *filter.state);
  });
}

absl::StatusOr<std::vector<StoredEvent>> MemoryStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                 absl::Time) {
  MutexLock lock(mu_);
  std::vector<StoredEvent> page;
  const Book* book = Find(product);
  if (book == nullptr) return page;
  auto it = std::ranges::upper_bound(book->events, after, {}, &StoredEvent::seq);
  for (; it != book->events.end() && page.size() < static_cast<size_t>(limit); ++it) page.push_back(*it);
  return page;
}

absl::StatusOr<EventRange> MemoryStore::RangeOfEvents(const std::string& product, absl::Time) {
  MutexLock lock(mu_);
  const Book* book = Find(product);
  if (book == nullptr) return EventRange();
  return EventRange{book->events.empty() ? book->last_seq + 1 : book->events.front().seq, book->last_seq};
}

absl::StatusOr<Day> MemoryStore::SummarizeDay(const std::string& product, absl::Time start, absl::Time end,
                                              absl::Time) {
  const auto within = [&](absl::Time t) { return t >= start && t < end; };
  MutexLock lock(mu_);
  Day day;
  const Book* book = Find(product);
  if (book == nullptr) return day;
  for (const auto& [id, p] : book->payments) {
    if (within(p.create_time)) {
      day[p.currency].payments_created++;
      day[p.currency].payments_by_state[p.state]++;
    }
    if (p.state == PaymentState::kSucceeded && within(p.paid_time)) {
      CurrencyDay& c = day[p.currency];
      c.paid_count++;
      c.paid_minor += p.amount_minor;
      c.commission_minor += p.commission_minor;
    }
  }
  for (const auto& [id, r] : book->refunds) {
    if (r.state == RefundState::kSucceeded && within(r.update_time)) {
      day[r.currency].refunded_count++;
      day[r.currency].refunded_minor += r.amount_minor;
    } else if (IsOpen(r.state)) {
      day[r.currency].refunds_open_count++;
      day[r.currency].refunds_open_minor += r.amount_minor;
    }
  }
  std::map<std::pair<std::string, std::string>, AccountSum> folded;
  for (const LedgerTransaction& t : ledger_) {
    if (t.product != product) continue;
    for (const Entry& e : t.entries) {
      folded[{t.currency, e.account}].debits_minor += e.debit_minor;
      folded[{t.currency, e.account}].credits_minor += e.credit_minor;
      day[t.currency].ledger_debits_minor += e.debit_minor;
      day[t.currency].ledger_credits_minor += e.credit_minor;
    }
  }
  for (const auto& [key, sum] : book->accounts) {
    CurrencyDay& c = day[key.first];
    const AccountSum& entries = folded[key];
    c.balances_match_entries &= sum.debits_minor == entries.debits_minor && sum.credits_minor == entries.credits_minor;
    AccountSum& kind = c.accounts[AccountKind(key.second)];
    kind.debits_minor += sum.debits_minor;
    kind.credits_minor += sum.credits_minor;
  }
  return day;
}

absl::StatusOr<std::vector<Payment>> MemoryStore::ClaimDuePayments(const Claim& claim, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Payment> claimed;
  for (auto& [product, book] : books_) TakeDue(book.payments, claim, &claimed);
  return claimed;
}

absl::StatusOr<std::vector<Refund>> MemoryStore::ClaimDueRefunds(const Claim& claim, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Refund> claimed;
  for (auto& [product, book] : books_) TakeDue(book.refunds, claim, &claimed);
  return claimed;
}

absl::Status MemoryStore::ReschedulePayment(const Payment& payment, const NextCheck& next, absl::Time) {
  MutexLock lock(mu_);
  Book& book = books_[payment.product];
  const auto it = book.payments.find(payment.id);
  if (it == book.payments.end() || it->second.version != payment.version) return absl::OkStatus();
  it->second.due_time = next.due;
  it->second.silent = next.silent;
  it->second.checks = payment.checks + 1;
  return absl::OkStatus();
}

absl::Status MemoryStore::RescheduleRefund(const Refund& refund, const NextCheck& next, absl::Time) {
  MutexLock lock(mu_);
  Book& book = books_[refund.product];
  const auto it = book.refunds.find(refund.id);
  if (it == book.refunds.end() || it->second.version != refund.version) return absl::OkStatus();
  it->second.due_time = next.due;
  it->second.silent = next.silent;
  it->second.checks = refund.checks + 1;
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, OpenWork>> MemoryStore::CountOpenWork(absl::Time) {
  MutexLock lock(mu_);
  std::map<std::string, OpenWork> work;
  for (const auto& [product, book] : books_) {
    OpenWork& w = work[product];
    for (const auto& [id, p] : book.payments) {
      if (p.state != PaymentState::kUnknown) continue;
      w.unknown_payments++;
      w.oldest_unknown = std::min(w.oldest_unknown, p.update_time);
    }
    for (const auto& [id, r] : book.refunds) {
      if (!IsOpen(r.state)) continue;
      w.open_refunds++;
      if (r.state != RefundState::kUnknown) continue;
      w.unknown_refunds++;
      w.oldest_unknown = std::min(w.oldest_unknown, r.update_time);
    }
  }
  return work;
}

absl::StatusOr<bool> MemoryStore::RecordCallback(const std::string& psp, const std::string& key, const std::string&,
                                                 const std::string&, absl::Time now, absl::Time) {
  MutexLock lock(mu_);
  return callbacks_.emplace(std::pair(psp, key), now).second;
}

absl::StatusOr<int64_t> MemoryStore::PurgeCallbacks(absl::Time before, int limit, absl::Time) {
  MutexLock lock(mu_);
  int64_t purged = 0;
  for (auto it = callbacks_.begin(); it != callbacks_.end() && purged < limit;) {
    if (it->second >= before) {
      ++it;
      continue;
    }
    it = callbacks_.erase(it);
    ++purged;
  }
  return purged;
}

absl::Status MemoryStore::TakeOver(const std::string& product, int64_t epoch, absl::Time) {
  MutexLock lock(mu_);
  books_[product].epoch = std::max(books_[product].epoch, epoch);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> MemoryStore::CurrentEpoch(const std::string& product, absl::Time) {
  MutexLock lock(mu_);
  return books_[product].epoch;
}

void MemoryStore::DropEvents(const std::string& product, int64_t up_to) {
  MutexLock lock(mu_);
  std::erase_if(books_[product].events, [&](const StoredEvent& e) { return e.seq <= up_to; });
}

std::vector<LedgerTransaction> MemoryStore::Ledger() const {
  MutexLock lock(mu_);
  return ledger_;
}

}  // namespace trivium::payment
