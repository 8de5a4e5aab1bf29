#include "services/payment/payment_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/event_feed/serve_events.h"
#include "libs/id/id.h"
#include "libs/rpc/call_guard.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/payment/domain/request_fields.h"
#include "services/payment/store/errors.h"
#include "services/payment/store/event_of.h"
#include "services/payment/validate.h"

namespace trivium::payment {
namespace {

using rpc::CallContext;

std::string FingerprintOf(const v1::CreatePaymentRequest& request) {
  const std::string timeout =
      request.has_timeout() ? absl::StrCat(request.timeout().seconds(), ".", request.timeout().nanos()) : "";
  return Fingerprint({request.order_ref(), absl::StrCat(request.amount().amount_minor()),
                      request.amount().currency_code(), request.subject(), request.institution_id(), timeout});
}

std::string FingerprintOf(const v1::CreateRefundRequest& request) {
  return Fingerprint({request.payment_id(), absl::StrCat(request.amount().amount_minor()),
                      request.amount().currency_code(), request.reason()});
}

absl::Duration TimeoutOf(const v1::CreatePaymentRequest& request, const Profile& profile) {
  if (!request.has_timeout()) return profile.payment_timeout;
  // Times are stored in microseconds.
  return absl::Seconds(request.timeout().seconds()) + absl::Microseconds(request.timeout().nanos() / 1000);
}

// Validated ids only.
Id IdOf(std::string_view kind, const std::string& text) { return *ParseId(kind, text); }

}  // namespace

absl::Time PaymentService::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())); }

grpc::ServerUnaryReactor* PaymentService::CreatePayment(grpc::CallbackServerContext* context,
                                                        const v1::CreatePaymentRequest* request,
                                                        v1::Payment* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/CreatePayment",
                        [=, this](const CallContext& call) { return Create(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::GetPayment(grpc::CallbackServerContext* context,
                                                     const v1::GetPaymentRequest* request, v1::Payment* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/GetPayment",
                        [=, this](const CallContext& call) { return Get(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::ListPayments(grpc::CallbackServerContext* context,
                                                       const v1::ListPaymentsRequest* request,
                                                       v1::ListPaymentsResponse* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/ListPayments",
                        [=, this](const CallContext& call) { return List(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::CancelPayment(grpc::CallbackServerContext* context,
                                                        const v1::CancelPaymentRequest* request,
                                                        v1::Payment* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/CancelPayment",
                        [=, this](const CallContext& call) { return Cancel(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::CreateRefund(grpc::CallbackServerContext* context,
                                                       const v1::CreateRefundRequest* request, v1::Refund* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/CreateRefund",
                        [=, this](const CallContext& call) { return Create(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::GetRefund(grpc::CallbackServerContext* context,
                                                    const v1::GetRefundRequest* request, v1::Refund* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/GetRefund",
                        [=, this](const CallContext& call) { return Get(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::ListRefunds(grpc::CallbackServerContext* context,
                                                      const v1::ListRefundsRequest* request,
                                                      v1::ListRefundsResponse* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/ListRefunds",
                        [=, this](const CallContext& call) { return List(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::GetDailySummary(grpc::CallbackServerContext* context,
                                                          const v1::GetDailySummaryRequest* request,
                                                          v1::DailySummary* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/GetDailySummary",
                        [=, this](const CallContext& call) { return Summarize(call, *request, response); });
}

grpc::ServerUnaryReactor* PaymentService::ListEvents(grpc::CallbackServerContext* context,
                                                     const v1::ListEventsRequest* request,
                                                     v1::ListEventsResponse* response) {
  return p_.guard.Unary(context, "trivium.payment.v1.PaymentService/ListEvents",
                        [=, this](const CallContext& call) { return List(call, *request, response); });
}

grpc::ServerWriteReactor<v1::Event>* PaymentService::WatchEvents(grpc::CallbackServerContext* context,
                                                                 const v1::WatchEventsRequest* request) {
  return ServeEvents<v1::Event>(p_.guard, context, "trivium.payment.v1.PaymentService/WatchEvents", request->cursor(),
                                p_.feed);
}

absl::StatusOr<NewPayment> PaymentService::DraftOf(const CallContext& call, const v1::CreatePaymentRequest& request,
                                                   const std::string& fingerprint, const Profile& profile) {
  const auto psp = p_.psps.find(profile.psp);
  if (psp == p_.psps.end()) return ProductNotConfigured(call.product);
  Payment draft;
  draft.id = p_.ids.Next();
  draft.product = call.product;
  draft.request_id = request.request_id();
  draft.fingerprint = fingerprint;
  draft.order_ref = request.order_ref();
  draft.subject = request.subject();
  draft.institution_id = request.institution_id();
  draft.currency = request.amount().currency_code();
  draft.amount_minor = request.amount().amount_minor();
  draft.commission_minor = Commission(draft.amount_minor, profile.commission_bps);
  draft.create_time = Now();
  draft.expire_time = draft.create_time + TimeoutOf(request, profile);
  draft.attempts = {{.id = p_.ids.Next(), .psp = profile.psp, .create_time = draft.create_time}};
  TRIVIUM_ASSIGN_OR_RETURN(draft.pay_url, psp->second->BuildPayUrl({.product = draft.product,
                                                                    .attempt_id = draft.attempts[0].id,
                                                                    .amount_minor = draft.amount_minor,
                                                                    .currency = draft.currency,
                                                                    .subject = draft.subject,
                                                                    .now = draft.create_time,
                                                                    .expire_time = draft.expire_time}));
  NewPayment item{.payment = FirstState(std::move(draft))};
  TRIVIUM_ASSIGN_OR_RETURN(item.epoch, p_.fencing.EpochOf(call.product, call.deadline));
  return item;
}

absl::Status PaymentService::RepeatOr(absl::Status refusal, const CallContext& call,
                                      const v1::CreatePaymentRequest& request, const std::string& fingerprint,
                                      v1::Payment* response) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const std::optional<StoredResult> before,
      p_.store.FindResult(call.product, Method::kCreatePayment, request.request_id(), call.deadline));
  if (!before) return refusal;
  TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(kCreatePaymentFields, before->fingerprint, fingerprint));
  TRIVIUM_RETURN_IF_ERROR(before->status);
  ToProto(*before->payment, response);
  return absl::OkStatus();
}

absl::Status PaymentService::Create(const CallContext& call, const v1::CreatePaymentRequest& request,
                                    v1::Payment* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string fingerprint = FingerprintOf(request);
  const std::shared_ptr<const Profile> profile = p_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  // The profile may have changed since the same request was accepted: its answer stays.
  if (absl::Status allowed = ValidateForProfile(request, *profile); !allowed.ok())
    return RepeatOr(std::move(allowed), call, request, fingerprint, response);
  TRIVIUM_ASSIGN_OR_RETURN(const NewPayment item, DraftOf(call, request, fingerprint, *profile));
  const absl::StatusOr<Payment> created = std::move(p_.store.CreatePayments({&item, 1}, call.deadline)[0]);
  p_.fencing.Observe(call.product, created.status());
  TRIVIUM_RETURN_IF_ERROR(created.status());
  if (created->id == item.payment.id) p_.metrics.Created(*created);
  p_.feed.Wake();
  ToProto(*created, response);
  return absl::OkStatus();
}

absl::Status PaymentService::Cancel(const CallContext& call, const v1::CancelPaymentRequest& request,
                                    v1::Payment* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  Cancellation item{.product = call.product,
                    .request_id = request.request_id(),
                    .fingerprint = Fingerprint({request.payment_id()}),
                    .payment_id = IdOf(kPaymentIdKind, request.payment_id())};
  // A repeat is answered from the record, without the PSP.
  TRIVIUM_ASSIGN_OR_RETURN(
      const std::optional<StoredResult> before,
      p_.store.FindResult(call.product, Method::kCancelPayment, request.request_id(), call.deadline));
  if (!before) {
    const absl::StatusOr<Payment> payment = p_.store.GetPayment(call.product, item.payment_id, call.deadline);
    if (!payment.ok() && payment.status().code() != absl::StatusCode::kNotFound) return payment.status();
    if (payment.ok() && IsOpen(payment->state)) {
      TRIVIUM_ASSIGN_OR_RETURN(item.psp_closed, p_.resolver.Close(*payment, call.deadline));
    }
  }
  item.now = Now();
  TRIVIUM_ASSIGN_OR_RETURN(item.epoch, p_.fencing.EpochOf(call.product, call.deadline));
  const absl::StatusOr<Payment> canceled = std::move(p_.store.CancelPayments({&item, 1}, call.deadline)[0]);
  p_.fencing.Observe(call.product, canceled.status());
  TRIVIUM_RETURN_IF_ERROR(canceled.status());
  if (canceled->update_time == item.now) p_.metrics.Created(*canceled);
  p_.feed.Wake();
  ToProto(*canceled, response);
  return absl::OkStatus();
}

absl::Status PaymentService::Create(const CallContext& call, const v1::CreateRefundRequest& request,
                                    v1::Refund* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  NewRefund item;
  item.draft.id = p_.ids.Next();
  item.draft.product = call.product;
  item.draft.request_id = request.request_id();
  item.draft.fingerprint = FingerprintOf(request);
  item.draft.payment_id = IdOf(kPaymentIdKind, request.payment_id());
  item.draft.amount_minor = request.amount().amount_minor();
  item.draft.currency = request.amount().currency_code();
  item.draft.reason = request.reason();
  item.draft.create_time = Now();
  TRIVIUM_ASSIGN_OR_RETURN(item.epoch, p_.fencing.EpochOf(call.product, call.deadline));
  const absl::StatusOr<Refund> refund = std::move(p_.store.CreateRefunds({&item, 1}, call.deadline)[0]);
  p_.fencing.Observe(call.product, refund.status());
  TRIVIUM_RETURN_IF_ERROR(refund.status());
  if (refund->id == item.draft.id) {
    p_.metrics.Created(*refund);
    if (p_.on_new_refund) p_.on_new_refund();
  }
  p_.feed.Wake();
  ToProto(*refund, response);
  return absl::OkStatus();
}

}  // namespace trivium::payment
