#include "services/payment/psp/guarded_psp.h"

#include <optional>
#include <utility>

#include "libs/telemetry/metrics.h"

namespace trivium::payment {
namespace {

constexpr Metric kCalls{
    "trivium_payment_psp_calls_total", "Calls to PSPs, by how they ended.", {"psp", "operation", "outcome"}};
constexpr Metric kSeconds{
    "trivium_payment_psp_call_seconds", "How long calls to PSPs took, seconds.", {"psp", "operation"}};
constexpr Metric kOpen{"trivium_payment_psp_breaker_open", "1 while a PSP's circuit breaker is open.", {"psp"}};

const char* NameOf(PspOutcome outcome) {
  switch (outcome) {
    case PspOutcome::kDone:
      return "done";
    case PspOutcome::kDeclined:
      return "declined";
    case PspOutcome::kNotDone:
      return "not_done";
    case PspOutcome::kError:
      return "error";
    case PspOutcome::kMaybe:
      return "maybe";
  }
  return "maybe";
}

class GuardedPsp : public Psp {
 public:
  GuardedPsp(std::string name, std::unique_ptr<Psp> psp, ha::CircuitBreakerOptions options, SilenceBook& book,
             Clock& clock, Metrics& metrics)
      : name_(std::move(name)),
        psp_(std::move(psp)),
        breaker_(options, clock),
        book_(book),
        clock_(clock),
        metrics_(metrics) {}

  absl::StatusOr<std::string> BuildPayUrl(const PayRequest& request) override { return psp_->BuildPayUrl(request); }
  PspAnswer<Trade> Query(const std::string& product, const Id& attempt_id, absl::Time deadline) override {
    return Call<Trade>("query", attempt_id, [&] { return psp_->Query(product, attempt_id, deadline); });
  }
  PspAnswer<Trade> Close(const std::string& product, const Id& attempt_id, absl::Time deadline) override {
    return Call<Trade>("close", attempt_id, [&] { return psp_->Close(product, attempt_id, deadline); });
  }
  PspAnswer<PspRefundState> Refund(const RefundOrder& order, absl::Time deadline) override {
    return Call<PspRefundState>("refund", order.refund_id, [&] { return psp_->Refund(order, deadline); });
  }
  PspAnswer<PspRefundState> QueryRefund(const std::string& product, const Id& refund_id, absl::Time deadline) override {
    return Call<PspRefundState>("query_refund", refund_id,
                                [&] { return psp_->QueryRefund(product, refund_id, deadline); });
  }
  absl::StatusOr<PspNotice> ParseCallback(const CallbackRequest& request, absl::Time now) override {
    return psp_->ParseCallback(request, now);
  }

 private:
  template <typename T, typename Send>
  PspAnswer<T> Call(const char* operation, const Id& object, const Send& send) {
    const bool silent = book_.IsSilent(object), troubled = book_.IsTroubled(object);
    const std::optional<ha::CircuitBreaker::Call> call = breaker_.Allow(/*doubtful=*/silent);
    if (!call) {
      metrics_.GetCounter(kCalls, {name_, operation, "breaker_open"}).Add();
      return {.outcome = PspOutcome::kNotDone, .value = T(), .message = "circuit breaker open"};
    }
    const absl::Duration start = clock_.Monotonic();
    PspAnswer<T> answer = send();
    const bool failed = WriteDown(answer.outcome, object);
    if (!failed) {
      breaker_.Succeeded(*call);
    } else if (!silent) {
      troubled ? breaker_.Undecided(*call) : breaker_.Failed(*call);
    }
    metrics_.GetCounter(kCalls, {name_, operation, NameOf(answer.outcome)}).Add();
    metrics_.GetHistogram(kSeconds, {name_, operation}).Observe(absl::ToDoubleSeconds(clock_.Monotonic() - start));
    metrics_.GetGauge(kOpen, {name_}).Set(breaker_.open() ? 1 : 0);
    return answer;
  }

  // Whether the call has failed.
  bool WriteDown(PspOutcome outcome, const Id& object) {
    switch (outcome) {
      case PspOutcome::kDone:
      case PspOutcome::kDeclined:
        book_.Answered(object);
        return false;
      case PspOutcome::kNotDone:
        return true;
      case PspOutcome::kError:
        book_.AnsweredWithError(object);
        return true;
      case PspOutcome::kMaybe:
        book_.NotAnswered(object);
        return true;
    }
    return true;
  }

  const std::string name_;
  const std::unique_ptr<Psp> psp_;
  ha::CircuitBreaker breaker_;
  SilenceBook& book_;  // Not owned.
  Clock& clock_;       // Not owned.
  Metrics& metrics_;   // Not owned.
};

}  // namespace

std::unique_ptr<Psp> NewGuardedPsp(std::string name, std::unique_ptr<Psp> psp, ha::CircuitBreakerOptions options,
                                   SilenceBook& book, Clock& clock, Metrics& metrics) {
  return std::make_unique<GuardedPsp>(std::move(name), std::move(psp), options, book, clock, metrics);
}

}  // namespace trivium::payment
