#include "services/payment/store/rows.h"

namespace trivium::payment {
namespace {

using mysql::Blob;
using mysql::Row;
using mysql::Value;
using mysql::Values;

constexpr size_t kPaymentColumns = 25;

Value Text(const std::string& text) { return text; }
Value Int(int64_t number) { return number; }

absl::Time TimeOrNever(const Row& row, size_t column) {
  return row.IsNull(column) ? absl::InfiniteFuture() : row.Time(column);
}

}  // namespace

Value ToValue(const Id& id) { return Blob{id.ToBytes()}; }

Value ToValue(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return time;
}

Value ToValue(PaymentState state) { return static_cast<int64_t>(state); }
Value ToValue(RefundState state) { return static_cast<int64_t>(state); }

Values RowOf(const Payment& p) {
  return {ToValue(p.id),
          Text(p.request_id),
          Blob{p.fingerprint},
          Text(p.order_ref),
          p.holds_order ? Text(p.order_ref) : Value(),
          Text(p.subject),
          Text(p.institution_id),
          Text(p.currency),
          Int(p.amount_minor),
          Int(p.commission_minor),
          Int(p.refunded_minor),
          Int(p.commission_refunded_minor),
          ToValue(p.state),
          Text(p.state_reason),
          Text(p.pay_url),
          Int(p.late),
          ToValue(p.create_time),
          ToValue(p.update_time),
          ToValue(p.expire_time),
          ToValue(p.paid_time),
          Int(p.version),
          ToValue(p.due_time),
          Int(p.checks),
          Int(p.silent),
          Text(p.product)};
}

Values RowOf(const Payment& p, const Attempt& a) {
  return {Text(p.product),  ToValue(a.id),     ToValue(p.id),         Text(a.psp),           Text(a.psp_trade_id),
          ToValue(a.state), Int(a.paid_minor), Text(a.paid_currency), ToValue(a.create_time)};
}

Values RowOf(const Refund& r) {
  return {ToValue(r.id),          ToValue(r.payment_id),
          ToValue(r.attempt_id),  Text(r.psp),
          Text(r.request_id),     Blob{r.fingerprint},
          Text(r.institution_id), Text(r.currency),
          Int(r.amount_minor),    Int(r.commission_minor),
          Text(r.reason),         ToValue(r.state),
          Text(r.state_reason),   Int(static_cast<int64_t>(r.origin)),
          Int(r.from_suspense),   ToValue(r.create_time),
          ToValue(r.update_time), Int(r.version),
          ToValue(r.due_time),    Int(r.checks),
          Int(r.silent),          Text(r.product)};
}

Id IdAt(const Row& row, size_t column) { return Id::FromBytes(row.Text(column)).value_or(Id()); }

Payment PaymentOf(const Row& row) {
  Payment p;
  p.id = IdAt(row, 0);
  p.request_id = row.Text(1);
  p.fingerprint = row.Text(2);
  p.order_ref = row.Text(3);
  p.holds_order = !row.IsNull(4);
  p.subject = row.Text(5);
  p.institution_id = row.Text(6);
  p.currency = row.Text(7);
  p.amount_minor = row.Int(8);
  p.commission_minor = row.Int(9);
  p.refunded_minor = row.Int(10);
  p.commission_refunded_minor = row.Int(11);
  p.state = static_cast<PaymentState>(row.Int(12));
  p.state_reason = row.Text(13);
  p.pay_url = row.Text(14);
  p.late = row.Int(15) != 0;
  p.create_time = row.Time(16);
  p.update_time = row.Time(17);
  p.expire_time = row.Time(18);
  p.paid_time = row.Time(19);
  p.version = row.Int(20);
  p.due_time = TimeOrNever(row, 21);
  p.checks = static_cast<int>(row.Int(22));
  p.silent = row.Int(23) != 0;
  p.product = row.Text(24);
  return p;
}

Attempt AttemptOf(const Row& row, size_t first) {
  Attempt a;
  a.id = IdAt(row, first);
  a.psp = row.Text(first + 1);
  a.psp_trade_id = row.Text(first + 2);
  a.state = static_cast<PaymentState>(row.Int(first + 3));
  a.paid_minor = row.Int(first + 4);
  a.paid_currency = row.Text(first + 5);
  a.create_time = row.Time(first + 6);
  return a;
}

Refund RefundOf(const Row& row) {
  Refund r;
  r.id = IdAt(row, 0);
  r.payment_id = IdAt(row, 1);
  r.attempt_id = IdAt(row, 2);
  r.psp = row.Text(3);
  r.request_id = row.Text(4);
  r.fingerprint = row.Text(5);
  r.institution_id = row.Text(6);
  r.currency = row.Text(7);
  r.amount_minor = row.Int(8);
  r.commission_minor = row.Int(9);
  r.reason = row.Text(10);
  r.state = static_cast<RefundState>(row.Int(11));
  r.state_reason = row.Text(12);
  r.origin = static_cast<RefundOrigin>(row.Int(13));
  r.from_suspense = row.Int(14) != 0;
  r.create_time = row.Time(15);
  r.update_time = row.Time(16);
  r.version = row.Int(17);
  r.due_time = TimeOrNever(row, 18);
  r.checks = static_cast<int>(row.Int(19));
  r.silent = row.Int(20) != 0;
  r.product = row.Text(21);
  return r;
}

std::vector<Payment> PaymentsOf(const mysql::Rows& rows) {
  std::vector<Payment> payments;
  for (const Row& row : rows) {
    if (payments.empty() || payments.back().id != IdAt(row, 0)) payments.push_back(PaymentOf(row));
    payments.back().attempts.push_back(AttemptOf(row, kPaymentColumns));
  }
  return payments;
}

}  // namespace trivium::payment
