#include "services/payment/store/event_of.h"

#include "libs/clock/proto_time.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::payment {
namespace {

void SetMoney(int64_t minor, const std::string& currency, common::v1::Money* out) {
  out->set_amount_minor(minor);
  out->set_currency_code(currency);
}

// The id, as products see it.
std::string EventId(const Id& id) { return FormatId("evt", id); }

}  // namespace

void ToProto(const Payment& payment, v1::Payment* out) {
  out->set_payment_id(FormatId(kPaymentIdKind, payment.id));
  out->set_order_ref(payment.order_ref);
  SetMoney(payment.amount_minor, payment.currency, out->mutable_amount());
  out->set_subject(payment.subject);
  out->set_institution_id(payment.institution_id);
  out->set_state(static_cast<v1::Payment::State>(payment.state));
  out->set_state_reason(payment.state_reason);
  if (payment.state == PaymentState::kRequiresAction) out->set_pay_url(payment.pay_url);
  SetMoney(payment.commission_minor, payment.currency, out->mutable_commission());
  SetMoney(payment.refunded_minor, payment.currency, out->mutable_refunded());
  out->set_late(payment.late);
  for (const Attempt& attempt : payment.attempts) {
    v1::PaymentAttempt* a = out->add_attempts();
    a->set_attempt_id(FormatId(kAttemptIdKind, attempt.id));
    a->set_psp(attempt.psp);
    a->set_psp_trade_id(attempt.psp_trade_id);
    a->set_state(static_cast<v1::Payment::State>(attempt.state));
    a->set_paid_minor(attempt.paid_minor);
    SetTime(attempt.create_time, a->mutable_create_time());
  }
  SetTime(payment.create_time, out->mutable_create_time());
  SetTime(payment.update_time, out->mutable_update_time());
  SetTime(payment.expire_time, out->mutable_expire_time());
  if (payment.paid_time != absl::InfinitePast()) SetTime(payment.paid_time, out->mutable_paid_time());
  out->set_version(payment.version);
}

void ToProto(const Refund& refund, v1::Refund* out) {
  out->set_refund_id(FormatId(kRefundIdKind, refund.id));
  out->set_payment_id(FormatId(kPaymentIdKind, refund.payment_id));
  SetMoney(refund.amount_minor, refund.currency, out->mutable_amount());
  out->set_reason(refund.reason);
  out->set_state(static_cast<v1::Refund::State>(refund.state));
  out->set_state_reason(refund.state_reason);
  out->set_origin(static_cast<v1::Refund::Origin>(refund.origin));
  SetMoney(refund.commission_minor, refund.currency, out->mutable_commission());
  SetTime(refund.create_time, out->mutable_create_time());
  SetTime(refund.update_time, out->mutable_update_time());
  out->set_version(refund.version);
}

std::string EventOf(const Id& event_id, const Payment& after) {
  v1::Event event;
  event.set_event_id(EventId(event_id));
  event.set_product(after.product);
  SetTime(after.update_time, event.mutable_time());
  ToProto(after, event.mutable_payment());
  return event.SerializeAsString();
}

std::string EventOf(const Id& event_id, const Refund& after) {
  v1::Event event;
  event.set_event_id(EventId(event_id));
  event.set_product(after.product);
  SetTime(after.update_time, event.mutable_time());
  ToProto(after, event.mutable_refund());
  return event.SerializeAsString();
}

}  // namespace trivium::payment
