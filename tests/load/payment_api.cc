#include "tests/load/payment_api.h"

#include <grpcpp/grpcpp.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "tests/load/product_tls.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium::load {

namespace api = trivium::payment::v1;

namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(10);

absl::Status ToStatus(const grpc::Status& status) {
  return StatusFromDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                           status.error_details());
}

void SetDeadline(grpc::ClientContext& context) { context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout)); }

// Nothing for events in between.
bool ToSeen(const api::Event& event, Seen* seen) {
  seen->cursor = event.cursor();
  if (event.has_payment()) {
    seen->payment_id = event.payment().payment_id();
    seen->refund = false;
    seen->succeeded = event.payment().state() == api::Payment::SUCCEEDED;
    seen->reason = api::Payment::State_Name(event.payment().state());
    return seen->succeeded || event.payment().state() > api::Payment::SUCCEEDED;
  }
  seen->payment_id = event.refund().payment_id();
  seen->refund = true;
  seen->succeeded = event.refund().state() == api::Refund::SUCCEEDED;
  seen->reason = "REFUND_" + api::Refund::State_Name(event.refund().state());
  return seen->succeeded || event.refund().state() == api::Refund::FAILED;
}

}  // namespace

struct PaymentApi::Impl {
  LoadFlags flags;
  std::string run_id;
  std::vector<std::unique_ptr<api::PaymentService::Stub>> stubs;  // One a connection.

  api::PaymentService::Stub& StubOf(int64_t n) { return *stubs[static_cast<size_t>(n) % stubs.size()]; }

  api::CreatePaymentRequest RequestOf(int64_t n) const {
    api::CreatePaymentRequest request;
    const std::string order = absl::StrFormat("%s-load-%09d", run_id, n);
    request.set_request_id(order);
    request.set_order_ref(order);
    request.mutable_amount()->set_amount_minor(10'000 + n % 90'000);
    request.mutable_amount()->set_currency_code("CNY");
    request.set_subject("负载 load");
    request.set_institution_id(absl::StrCat("load-", n % flags.institutions));
    // Long enough not to expire while it is measured.
    request.mutable_timeout()->set_seconds(24 * 3600);
    return request;
  }
};

PaymentApi::PaymentApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PaymentApi::~PaymentApi() = default;

absl::StatusOr<std::unique_ptr<PaymentApi>> PaymentApi::Create(const LoadFlags& flags, const std::string& run_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const grpc::SslCredentialsOptions tls, ReadProductTls(flags.pki, flags.product));
  auto impl = std::make_unique<Impl>();
  impl->flags = flags;
  impl->run_id = run_id;
  for (int i = 0; i < flags.channels; ++i) {
    grpc::ChannelArguments arguments;
    // Channels with the same arguments would share one connection.
    arguments.SetInt("trivium.load.channel", i);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (!flags.target.starts_with("xds:")) {
      arguments.SetSslTargetNameOverride(absl::StrCat(flags.product, ".payment.trivium"));
    }
    impl->stubs.push_back(
        api::PaymentService::NewStub(grpc::CreateCustomChannel(flags.target, grpc::SslCredentials(tls), arguments)));
  }
  return std::unique_ptr<PaymentApi>(new PaymentApi(std::move(impl)));
}

void PaymentApi::CreatePaymentAsync(int64_t n, std::function<void(absl::Status)> done) {
  struct Call {
    grpc::ClientContext context;
    api::CreatePaymentRequest request;
    api::Payment answer;
    std::function<void(absl::Status)> done;
  };
  auto call = std::make_shared<Call>();
  SetDeadline(call->context);
  call->request = impl_->RequestOf(n);
  call->done = std::move(done);
  impl_->StubOf(n).async()->CreatePayment(&call->context, &call->request, &call->answer,
                                          [call](const grpc::Status& status) { call->done(ToStatus(status)); });
}

absl::StatusOr<Created> PaymentApi::CreatePayment(int64_t n) {
  grpc::ClientContext context;
  SetDeadline(context);
  api::Payment answer;
  const grpc::Status status = impl_->StubOf(n).CreatePayment(&context, impl_->RequestOf(n), &answer);
  if (!status.ok()) return ToStatus(status);
  return Created{answer.payment_id(), answer.attempts_size() > 0 ? answer.attempts(0).attempt_id() : "",
                 answer.pay_url(), answer.amount().amount_minor()};
}

absl::Status PaymentApi::CreateRefund(const Created& payment, int64_t amount_minor) {
  grpc::ClientContext context;
  SetDeadline(context);
  api::CreateRefundRequest request;
  request.set_request_id("refund:" + payment.payment_id);
  request.set_payment_id(payment.payment_id);
  request.mutable_amount()->set_amount_minor(amount_minor);
  request.mutable_amount()->set_currency_code("CNY");
  request.set_reason("load");
  api::Refund answer;
  return ToStatus(impl_->StubOf(0).CreateRefund(&context, request, &answer));
}

absl::StatusOr<std::string> PaymentApi::NewestCursor() {
  api::ListEventsRequest request;
  request.set_page_size(1000);
  while (true) {
    grpc::ClientContext context;
    SetDeadline(context);
    api::ListEventsResponse page;
    const grpc::Status status = impl_->StubOf(0).ListEvents(&context, request, &page);
    if (!status.ok()) return ToStatus(status);
    if (page.events().empty()) return request.cursor();
    request.set_cursor(page.next_cursor());
  }
}

absl::Status PaymentApi::Watch(const std::string& cursor, const std::atomic<bool>& stop,
                               const std::function<void(const Seen&)>& receive) {
  grpc::ClientContext context;
  api::WatchEventsRequest request;
  request.set_cursor(cursor);
  const auto reader = impl_->StubOf(0).WatchEvents(&context, request);
  std::atomic<bool> ended = false;
  std::thread stopper([&] {
    while (!stop && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    context.TryCancel();
  });
  api::Event event;
  Seen seen;
  while (reader->Read(&event)) {
    if (ToSeen(event, &seen)) receive(seen);
  }
  ended = true;
  stopper.join();
  return ToStatus(reader->Finish());
}

std::string NameOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

}  // namespace trivium::load
