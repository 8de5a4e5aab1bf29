#include <map>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "tests/load/phases.h"

namespace trivium::load {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kRefundEvery = 10;

// Hands events to the life cycles that wait for them.
class EventHub {
 public:
  EventHub(PaymentApi& api, std::string cursor) : api_(api), cursor_(std::move(cursor)), thread_([this] { Run(); }) {}
  ~EventHub() {
    stop_ = true;
    thread_.join();
  }

  // Waits for the end of a payment, or of its refund. DEADLINE_EXCEEDED after kPatience.
  absl::Status Await(const std::string& payment_id, bool refund) {
    const absl::Time give_up = absl::Now() + kPatience;
    const auto key = std::make_pair(payment_id, refund);
    MutexLock lock(mu_);
    while (!seen_.contains(key)) {
      const absl::Duration left = give_up - absl::Now();
      if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no event");
      arrived_.WaitFor(mu_, left);
    }
    const Seen seen = seen_[key];
    seen_.erase(key);
    return seen.succeeded ? absl::OkStatus() : absl::FailedPreconditionError(seen.reason);
  }

 private:
  void Run() {
    while (!stop_) {
      api_.Watch(cursor_, stop_,
                 [this](const Seen& seen) {
                   MutexLock lock(mu_);
                   seen_[{seen.payment_id, seen.refund}] = seen;
                   cursor_ = seen.cursor;
                   arrived_.NotifyAll();
                 })
          .IgnoreError();
      if (!stop_) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  PaymentApi& api_;
  std::string cursor_;  // The thread's own.
  std::atomic<bool> stop_ = false;
  Mutex mu_;
  CondVar arrived_;
  std::map<std::pair<std::string, bool>, Seen> seen_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

absl::Status RunOne(int64_t n, PaymentApi& api, Payer& payer, EventHub& hub) {
  const auto created = api.CreatePayment(n);
  if (!created.ok()) return created.status();
  if (const absl::Status paid = payer.Pay(created->pay_url); !paid.ok()) return paid;
  if (const absl::Status done = hub.Await(created->payment_id, false); !done.ok()) return done;
  if (n % kRefundEvery != 0 || !payer.CanRefund()) return absl::OkStatus();
  if (const absl::Status refund = api.CreateRefund(*created, created->amount_minor / 2); !refund.ok()) return refund;
  return hub.Await(created->payment_id, true);
}

}  // namespace

PhaseResult RunLifeCycles(const Phase& phase, PaymentApi& api, Payer& payer, std::atomic<int64_t>& next) {
  PhaseResult result{.name = "life_cycle", .concurrency = phase.concurrency};
  Samples samples;
  const auto cursor = api.NewestCursor();
  if (!cursor.ok()) {
    samples.Failed(NameOf(cursor.status()));
    samples.Into(result);
    return result;
  }
  EventHub hub(api, *cursor);
  const absl::Time start = absl::Now();
  std::vector<std::thread> threads;
  for (int i = 0; i < phase.concurrency; ++i) {
    threads.emplace_back([&] {
      while (absl::Now() < start + phase.length) {
        const absl::Time begin = absl::Now();
        const absl::Status status = RunOne(next++, api, payer, hub);
        if (status.ok()) {
          samples.Done(absl::Now() - begin);
        } else {
          samples.Failed(NameOf(status));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  samples.Into(result);
  return result;
}

}  // namespace trivium::load
