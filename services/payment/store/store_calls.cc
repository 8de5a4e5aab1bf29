#include "services/payment/store/store_calls.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/payment/domain/request_fields.h"

namespace trivium::payment {
namespace {

constexpr int kMost = 10000;

std::string FreshProduct(IdGenerator& ids) { return absl::StrCat("acme-", FormatId("t", ids.Next()).substr(10)); }

}  // namespace

StoreCalls::StoreCalls(StoreUnderTest& under_test, std::string product)
    : under_test_(under_test),
      store_(under_test.store()),
      product_(product.empty() ? FreshProduct(*ids_) : std::move(product)) {
  // Writers look their epoch up first; that makes the fence of a new product.
  EXPECT_TRUE(store_.CurrentEpoch(product_, Deadline()).ok());
}

NewPayment StoreCalls::Draft(const std::string& request_id, const std::string& order_ref, int64_t amount) {
  Payment p;
  p.id = ids_->Next();
  p.product = product_;
  p.request_id = request_id;
  p.order_ref = order_ref;
  p.subject = "数学 一对一";
  p.institution_id = "inst-1";
  p.currency = "CNY";
  p.amount_minor = amount;
  p.commission_minor = Commission(amount, 1000);
  p.pay_url = "http://psp/pay";
  p.fingerprint = Fingerprint({order_ref, absl::StrCat(amount), "CNY", p.subject, p.institution_id, "0"});
  p.create_time = kNow;
  p.expire_time = kNow + absl::Minutes(30);
  p.attempts = {{.id = ids_->Next(), .psp = "fake", .create_time = kNow}};
  return {FirstState(std::move(p)), 1};
}

absl::StatusOr<Payment> StoreCalls::Create(const NewPayment& item) {
  return store_.CreatePayments({&item, 1}, Deadline())[0];
}

Payment StoreCalls::MustCreate(const std::string& request_id, const std::string& order_ref, int64_t amount) {
  absl::StatusOr<Payment> payment = Create(Draft(request_id, order_ref, amount));
  EXPECT_TRUE(payment.ok()) << payment.status();
  return payment.ok() ? *payment : Payment();
}

absl::StatusOr<PaymentResult> StoreCalls::Tell(const Payment& payment, PaymentSignal signal, bool accept_late) {
  const PaymentUpdate update{.product = payment.product,
                             .payment_id = payment.id,
                             .signal = std::move(signal),
                             .accept_late = accept_late,
                             .epoch = 1,
                             .now = kNow + absl::Minutes(1)};
  return store_.UpdatePayments({&update, 1}, Deadline())[0];
}

Payment StoreCalls::MustTell(const Payment& payment, PaymentSignal signal, bool accept_late) {
  absl::StatusOr<PaymentResult> result = Tell(payment, std::move(signal), accept_late);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return Payment();
  EXPECT_EQ(result->verdict, Verdict::kChanged);
  return result->payment;
}

PaymentSignal StoreCalls::Money(int64_t minor) {
  return {.event = PaymentEvent::kPspSucceeded,
          .paid_minor = minor,
          .paid_currency = "CNY",
          .psp_trade_id = "t-1",
          .paid_time = kNow + absl::Seconds(30)};
}

Payment StoreCalls::MustPay(const std::string& name, int64_t amount) {
  return MustTell(MustCreate(name + "-request", name, amount), Money(amount));
}

absl::StatusOr<Payment> StoreCalls::Cancel(const std::string& request_id, const Payment& payment, bool closed) {
  const Cancellation item{.product = product_,
                          .request_id = request_id,
                          .fingerprint = Fingerprint({FormatId("pay", payment.id)}),
                          .payment_id = payment.id,
                          .psp_closed = closed,
                          .epoch = 1,
                          .now = kNow + absl::Minutes(1)};
  return store_.CancelPayments({&item, 1}, Deadline())[0];
}

NewRefund StoreCalls::RefundDraft(const std::string& request_id, const Payment& payment, int64_t amount) {
  Refund r;
  r.id = ids_->Next();
  r.product = product_;
  r.request_id = request_id;
  r.payment_id = payment.id;
  r.amount_minor = amount;
  r.currency = "CNY";
  r.reason = "class cancelled";
  r.fingerprint = Fingerprint({FormatId("pay", payment.id), absl::StrCat(amount), "CNY", r.reason});
  r.create_time = kNow + absl::Minutes(2);
  return {r, 1};
}

absl::StatusOr<Refund> StoreCalls::CreateRefund(const NewRefund& item) {
  return store_.CreateRefunds({&item, 1}, Deadline())[0];
}

absl::StatusOr<RefundResult> StoreCalls::Tell(const Refund& refund, RefundEvent event) {
  const RefundUpdate update{
      .product = refund.product, .refund_id = refund.id, .event = event, .epoch = 1, .now = kNow + absl::Minutes(3)};
  return store_.UpdateRefunds({&update, 1}, Deadline())[0];
}

CurrencyDay StoreCalls::Cny() {
  absl::StatusOr<Day> day = store_.SummarizeDay(product_, kNow - absl::Hours(1), kNow + absl::Hours(23), Deadline());
  EXPECT_TRUE(day.ok()) << day.status();
  const CurrencyDay cny = day.ok() ? (*day)["CNY"] : CurrencyDay();
  EXPECT_EQ(cny.ledger_debits_minor, cny.ledger_credits_minor);
  EXPECT_TRUE(cny.balances_match_entries);
  return cny;
}

int64_t StoreCalls::Balance(const CurrencyDay& day, const std::string& account) {
  const auto it = day.accounts.find(account);
  return it == day.accounts.end() ? 0 : it->second.credits_minor - it->second.debits_minor;
}

std::vector<v1::Event> StoreCalls::Events() {
  under_test_.Settle(product_);
  absl::StatusOr<std::vector<StoredEvent>> stored = store_.ListEvents(product_, 0, kMost, Deadline());
  EXPECT_TRUE(stored.ok()) << stored.status();
  if (!stored.ok()) return {};
  std::vector<v1::Event> events;
  std::map<std::string, int64_t> version;
  for (const StoredEvent& s : *stored) {
    EXPECT_EQ(s.seq, static_cast<int64_t>(events.size()) + 1);
    v1::Event& event = events.emplace_back();
    EXPECT_TRUE(event.ParseFromString(s.payload));
    const bool payment = event.has_payment();
    const std::string& id = payment ? event.payment().payment_id() : event.refund().refund_id();
    EXPECT_EQ(payment ? event.payment().version() : event.refund().version(), ++version[id]) << id;
  }
  return events;
}

void StoreCalls::ExpectEventsEqualStates() {
  struct Last {
    int64_t version = 0;
    int state = 0;
    bool operator==(const Last&) const = default;
  };
  std::map<std::string, Last> told, rows;
  for (const v1::Event& event : Events()) {
    if (event.has_payment()) {
      told[event.payment().payment_id()] = {event.payment().version(), static_cast<int>(event.payment().state())};
    } else {
      told[event.refund().refund_id()] = {event.refund().version(), static_cast<int>(event.refund().state())};
    }
  }
  const std::vector<Payment> payments = *store_.ListPayments(product_, {.limit = kMost}, Deadline());
  const std::vector<Refund> refunds = *store_.ListRefunds(product_, {.limit = kMost}, Deadline());
  for (const Payment& p : payments) rows[FormatId(kPaymentIdKind, p.id)] = {p.version, static_cast<int>(p.state)};
  for (const Refund& r : refunds) rows[FormatId(kRefundIdKind, r.id)] = {r.version, static_cast<int>(r.state)};
  EXPECT_EQ(told.size(), rows.size());
  for (const auto& [id, row] : rows) EXPECT_TRUE(told[id] == row) << id << ": the last event is not the row";
}

}  // namespace trivium::payment
