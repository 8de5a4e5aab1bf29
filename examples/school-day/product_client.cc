#include "examples/school-day/product_client.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "examples/school-day/backend_call.h"
#include "libs/status/status.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::schoolday {

namespace api = trivium::payment::v1;

namespace {

PaymentView ViewOf(const api::Payment& p) {
  PaymentView view{p.payment_id(),
                   p.order_ref(),
                   api::Payment::State_Name(p.state()),
                   p.state_reason(),
                   p.amount().amount_minor(),
                   p.refunded().amount_minor(),
                   p.late(),
                   p.version(),
                   {}};
  for (const auto& a : p.attempts()) view.attempts.push_back({a.attempt_id(), a.psp_trade_id(), a.paid_minor()});
  return view;
}

RefundView ViewOf(const api::Refund& r) {
  return {r.refund_id(),
          r.payment_id(),
          api::Refund::State_Name(r.state()),
          api::Refund::Origin_Name(r.origin()),
          r.amount().amount_minor(),
          r.version()};
}

EventView ViewOf(const api::Event& e) {
  const int64_t time_ms = e.time().seconds() * 1000 + e.time().nanos() / 1'000'000;
  EventView view{e.event_id(), e.cursor(), e.product(), time_ms, e.has_payment(), {}, {}};
  if (e.has_payment()) view.payment = ViewOf(e.payment());
  if (e.has_refund()) view.refund = ViewOf(e.refund());
  return view;
}

}  // namespace

struct ProductClient::Impl {
  Impl(const Options& o, Latencies& l) : options(o), latencies(l) {}

  const Options options;
  Latencies& latencies;  // Not owned; outlives this.
  std::unique_ptr<api::PaymentService::Stub> stub;

  template <typename Answer, typename Method, typename Request>
  absl::StatusOr<Answer> Call(const char* name, Method method, const Request& request) {
    return CallPatiently<Answer>(*stub, name, method, request, options, latencies);
  }
};

ProductClient::ProductClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProductClient::~ProductClient() = default;

absl::StatusOr<std::unique_ptr<ProductClient>> ProductClient::Create(const Options& options, Latencies& latencies) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenBackendChannel(options));
  auto impl = std::make_unique<Impl>(options, latencies);
  impl->stub = api::PaymentService::NewStub(channel);
  return std::unique_ptr<ProductClient>(new ProductClient(std::move(impl)));
}

absl::StatusOr<CreatedPayment> ProductClient::CreatePayment(const Order& order, const std::string& request_id,
                                                            int64_t amount_minor) {
  api::CreatePaymentRequest request;
  request.set_request_id(request_id);
  request.set_order_ref(order.order_ref);
  request.mutable_amount()->set_amount_minor(amount_minor);
  request.mutable_amount()->set_currency_code(impl_->options.currency);
  request.set_subject(order.subject);
  request.set_institution_id(order.institution_id);
  if (const int seconds = TimeoutSeconds(order.scenario)) request.mutable_timeout()->set_seconds(seconds);
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::Payment payment,
      impl_->Call<api::Payment>("CreatePayment", &api::PaymentService::Stub::CreatePayment, request));
  return CreatedPayment{ViewOf(payment), payment.pay_url()};
}

absl::StatusOr<PaymentView> ProductClient::CancelPayment(const std::string& request_id, const std::string& payment_id) {
  api::CancelPaymentRequest request;
  request.set_request_id(request_id);
  request.set_payment_id(payment_id);
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::Payment payment,
      impl_->Call<api::Payment>("CancelPayment", &api::PaymentService::Stub::CancelPayment, request));
  return ViewOf(payment);
}

absl::StatusOr<RefundView> ProductClient::CreateRefund(const RefundCall& call) {
  api::CreateRefundRequest request;
  request.set_request_id(call.request_id);
  request.set_payment_id(call.payment_id);
  request.mutable_amount()->set_amount_minor(call.amount_minor);
  request.mutable_amount()->set_currency_code(impl_->options.currency);
  request.set_reason("班级取消 class canceled");
  TRIVIUM_ASSIGN_OR_RETURN(const api::Refund refund,
                           impl_->Call<api::Refund>("CreateRefund", &api::PaymentService::Stub::CreateRefund, request));
  return ViewOf(refund);
}

absl::StatusOr<PaymentView> ProductClient::GetPayment(const std::string& payment_id) {
  api::GetPaymentRequest request;
  request.set_payment_id(payment_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Payment payment,
                           impl_->Call<api::Payment>("GetPayment", &api::PaymentService::Stub::GetPayment, request));
  return ViewOf(payment);
}

absl::StatusOr<RefundView> ProductClient::GetRefund(const std::string& refund_id) {
  api::GetRefundRequest request;
  request.set_refund_id(refund_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Refund refund,
                           impl_->Call<api::Refund>("GetRefund", &api::PaymentService::Stub::GetRefund, request));
  return ViewOf(refund);
}

absl::StatusOr<std::vector<PaymentView>> ProductClient::ListPayments(const std::string& order_ref) {
  api::ListPaymentsRequest request;
  request.set_order_ref(order_ref);
  std::vector<PaymentView> payments;
  do {
    TRIVIUM_ASSIGN_OR_RETURN(
        const api::ListPaymentsResponse page,
        impl_->Call<api::ListPaymentsResponse>("ListPayments", &api::PaymentService::Stub::ListPayments, request));
    for (const auto& payment : page.payments()) payments.push_back(ViewOf(payment));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return payments;
}

absl::StatusOr<std::vector<RefundView>> ProductClient::ListRefunds(const std::string& payment_id) {
  api::ListRefundsRequest request;
  request.set_payment_id(payment_id);
  std::vector<RefundView> refunds;
  do {
    TRIVIUM_ASSIGN_OR_RETURN(
        const api::ListRefundsResponse page,
        impl_->Call<api::ListRefundsResponse>("ListRefunds", &api::PaymentService::Stub::ListRefunds, request));
    for (const auto& refund : page.refunds()) refunds.push_back(ViewOf(refund));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return refunds;
}

absl::StatusOr<std::vector<LedgerView>> ProductClient::GetLedgers() {
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::DailySummary summary,
      impl_->Call<api::DailySummary>("GetDailySummary", &api::PaymentService::Stub::GetDailySummary,
                                     api::GetDailySummaryRequest()));
  std::vector<LedgerView> ledgers;
  for (const auto& c : summary.currencies()) {
    LedgerView view{c.currency_code(), c.ledger_debits_minor(), c.ledger_credits_minor(), c.balances_match_entries(),
                    0};
    for (const auto& account : c.accounts()) {
      if (account.account() == "platform_cash")
        view.platform_cash_minor = account.debits_minor() - account.credits_minor();
    }
    ledgers.push_back(view);
  }
  return ledgers;
}

absl::StatusOr<std::string> ProductClient::NewestCursor() {
  return ReadNewestCursor<api::ListEventsRequest>([this](const api::ListEventsRequest& request) {
    return impl_->Call<api::ListEventsResponse>("ListEvents", &api::PaymentService::Stub::ListEvents, request);
  });
}

absl::Status ProductClient::WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                                        const std::function<void(const EventView&)>& receive) {
  return ReadEvents<api::WatchEventsRequest, api::Event>(*impl_->stub, cursor, stop,
                                                         [&](const api::Event& event) { receive(ViewOf(event)); });
}

}  // namespace trivium::schoolday
