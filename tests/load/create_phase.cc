#include "absl/time/clock.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/phases.h"

namespace trivium::load {
namespace {

// Calls that start the next one when they end.
class Loop {
 public:
  Loop(PaymentApi& api, std::atomic<int64_t>& next, absl::Time end) : api_(api), next_(next), end_(end) {}

  void Run(int concurrency) {
    {
      MutexLock lock(mu_);
      running_ = concurrency;
    }
    for (int i = 0; i < concurrency; ++i) Start();
    MutexLock lock(mu_);
    while (running_ > 0) ended_.Wait(mu_);
  }
  const Samples& samples() const { return samples_; }

 private:
  void Start() {
    const absl::Time begin = absl::Now();
    if (begin >= end_) {
      MutexLock lock(mu_);
      if (--running_ == 0) ended_.NotifyAll();
      return;
    }
    api_.CreatePaymentAsync(next_++, [this, begin](const absl::Status& status) {
      if (status.ok()) {
        samples_.Done(absl::Now() - begin);
      } else {
        samples_.Failed(NameOf(status));
      }
      Start();
    });
  }

  PaymentApi& api_;
  std::atomic<int64_t>& next_;
  const absl::Time end_;
  Samples samples_;
  Mutex mu_;
  CondVar ended_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

PhaseResult RunCreates(const Phase& phase, PaymentApi& api, std::atomic<int64_t>& next) {
  PhaseResult result{.name = "create", .concurrency = phase.concurrency};
  const absl::Time start = absl::Now();
  Loop loop(api, next, start + phase.length);
  loop.Run(phase.concurrency);
  result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  loop.samples().Into(result);
  return result;
}

PhaseResult Measure(const std::function<double()>& cpu, const std::function<PhaseResult()>& run) {
  const double server = cpu(), own = OwnCpuSeconds();
  PhaseResult result = run();
  const double server_after = cpu();
  if (result.done == 0) return result;
  const double each = 1000.0 / static_cast<double>(result.done);
  if (server >= 0 && server_after >= server) result.server_cpu_ms_each = (server_after - server) * each;
  result.client_cpu_ms_each = (OwnCpuSeconds() - own) * each;
  return result;
}

}  // namespace trivium::load
