#include "services/live/admission/combined_admission.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/status/error.h"
#include "libs/sync/batcher.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/forwarding_admission.h"

namespace trivium::live {
namespace {

constexpr Metric kSteps{"trivium_live_admission_steps_total",
                        "Steps that the admission was asked for participants' calls: join, renew, leave.",
                        {"operation"}};
constexpr Metric kCalls{"trivium_live_admission_calls_total",
                        "Calls of participants, by what became of them: asked (calls by steps is what going together "
                        "gains), late (its deadline passed before), refused (too many waited).",
                        {"operation", "fate"}};
constexpr Metric kWaiting{
    "trivium_live_admission_waiting", "Calls of participants that wait for their step.", {"operation"}};

absl::Status Overloaded(const std::string& operation, size_t max) {
  return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
               absl::StrCat("admission: ", max, " calls wait to ", operation, " already, want fewer"))
      .RetryAfter(absl::Milliseconds(100));
}

absl::Status TooLate() {
  return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
               "admission: the call's time was over before it was asked");
}

// As libs/redis says it of an answer that it did not get.
absl::Status OutcomeUnknown() {
  return Error(absl::StatusCode::kUnknown, "REDIS_OUTCOME_UNKNOWN",
               "admission: the call's time was over before the answer came; it may have been executed");
}

// One caller's item, and the caller who waits for it.
template <typename Request, typename Outcome>
class Waiting {
 public:
  Waiting(Request request, const Call& call) : request(std::move(request)), call(call) {}

  const Request request;
  const Call call;

  // False: the caller has gone.
  bool Take() {
    MutexLock lock(mu_);
    if (state_ != State::kQueued) return false;
    state_ = State::kTaken;
    return true;
  }
  void Finish(Outcome outcome) {
    MutexLock lock(mu_);
    outcome_ = std::move(outcome);
    changed_.NotifyOne();
  }
  Outcome Await(Clock& clock) {
    MutexLock lock(mu_);
    while (!outcome_) {
      const absl::Duration left = call.deadline - clock.Now();
      if (left <= absl::ZeroDuration()) return GiveUp();
      changed_.WaitFor(mu_, left);
    }
    return *std::move(outcome_);
  }

 private:
  enum class State { kQueued, kTaken, kGone };

  Outcome GiveUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return std::exchange(state_, State::kGone) == State::kQueued ? Outcome(TooLate()) : Outcome(OutcomeUnknown());
  }

  Mutex mu_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kQueued;
  std::optional<Outcome> outcome_ ABSL_GUARDED_BY(mu_);
};

// The calls of one operation.
template <typename Request, typename Outcome>
class Combiner {
 public:
  using Step = std::function<std::vector<Outcome>(std::span<const Request>, const Call&)>;

  Combiner(std::string operation, const CombinedAdmissionOptions& options, Clock& clock, Metrics& metrics, Step step)
      : operation_(std::move(operation)),
        queue_max_(options.queue_max),
        clock_(clock),
        step_(std::move(step)),
        steps_(metrics.GetCounter(kSteps, {operation_})),
        asked_(metrics.GetCounter(kCalls, {operation_, "asked"})),
        late_(metrics.GetCounter(kCalls, {operation_, "late"})),
        refused_(metrics.GetCounter(kCalls, {operation_, "refused"})),
        waiting_(metrics.GetGauge(kWaiting, {operation_})),
        batcher_({.queue_max = options.queue_max, .batch_max = options.batch_max}, clock,
                 [this](std::span<const Item> items) { return Ask(items); }) {}

  std::vector<Outcome> Run(std::span<const Request> requests, const Call& call) {
    // A batch already.
    if (requests.size() != 1) return step_(requests, call);
    const auto item = std::make_shared<Waiting<Request, Outcome>>(requests[0], call);
    waiting_.Add(1);
    if (!batcher_.Submit(item, [item](Outcome outcome) { item->Finish(std::move(outcome)); })) {
      waiting_.Add(-1);
      refused_.Add();
      return {Outcome(Overloaded(operation_, queue_max_))};
    }
    return {item->Await(clock_)};
  }

 private:
  using Item = std::shared_ptr<Waiting<Request, Outcome>>;

  std::vector<Outcome> Ask(std::span<const Item> items) {
    waiting_.Add(-static_cast<double>(items.size()));
    std::vector<Outcome> outcomes(items.size(), Outcome(TooLate()));
    std::vector<Request> requests;
    std::vector<size_t> asked;  // Indices of items.
    Call call{absl::InfinitePast(), absl::InfinitePast()};
    for (size_t i = 0; i < items.size(); ++i) {
      if (!items[i]->Take()) continue;
      asked.push_back(i);
      requests.push_back(items[i]->request);
      call.now = std::max(call.now, items[i]->call.now);
      call.deadline = std::max(call.deadline, items[i]->call.deadline);
    }
    late_.Add(static_cast<double>(items.size() - asked.size()));
    if (requests.empty()) return outcomes;
    steps_.Add();
    asked_.Add(static_cast<double>(asked.size()));
    std::vector<Outcome> answers = step_(requests, call);
    for (size_t i = 0; i < asked.size(); ++i) outcomes[asked[i]] = std::move(answers[i]);
    return outcomes;
  }

  const std::string operation_;
  const size_t queue_max_;
  Clock& clock_;
  const Step step_;
  Counter &steps_, &asked_, &late_, &refused_;
  Gauge& waiting_;
  Batcher<Item, Outcome> batcher_;  // Last: it uses the rest.
};

class CombinedAdmission : public ForwardingAdmission {
 public:
  CombinedAdmission(const CombinedAdmissionOptions& options, Admission& inner, Clock& clock, Metrics& metrics)
      : ForwardingAdmission(inner),
        joins_("join", options, clock, metrics,
               [&inner](auto items, const Call& call) { return inner.Join(items, call); }),
        renewals_("renew", options, clock, metrics,
                  [&inner](auto items, const Call& call) { return inner.Renew(items, call); }),
        leaves_("leave", options, clock, metrics,
                [&inner](auto items, const Call& call) { return inner.Leave(items, call); }) {}

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return joins_.Run(requests, call);
  }
  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return renewals_.Run(requests, call);
  }
  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return leaves_.Run(requests, call);
  }

 private:
  Combiner<JoinRequest, absl::StatusOr<Standing>> joins_;
  Combiner<RenewRequest, absl::StatusOr<Standing>> renewals_;
  Combiner<LeaveRequest, absl::Status> leaves_;
};

}  // namespace

std::unique_ptr<Admission> NewCombinedAdmission(CombinedAdmissionOptions options, Admission& inner, Clock& clock,
                                                Metrics& metrics) {
  return std::make_unique<CombinedAdmission>(options, inner, clock, metrics);
}

}  // namespace trivium::live
