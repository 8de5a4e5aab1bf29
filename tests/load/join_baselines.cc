#include "tests/load/join_baselines.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "tests/load/payment_api.h"

namespace trivium::load {
namespace {

constexpr char kIncrKey[] = "trivium:load:incr";

class EmptyCalls {
 public:
  EmptyCalls(LiveApi& api, absl::Time end) : api_(api), end_(end) {}

  void Run(int workers) {
    {
      MutexLock lock(mu_);
      running_ = workers;
    }
    for (int i = 0; i < workers; ++i) Next();
    MutexLock lock(mu_);
    while (running_ > 0) ended_.Wait(mu_);
  }
  const Samples& samples() const { return samples_; }

 private:
  void Next() {
    const absl::Time begin = absl::Now();
    if (begin >= end_) {
      MutexLock lock(mu_);
      if (--running_ == 0) ended_.NotifyAll();
      return;
    }
    api_.CheckAsync(next_++, [this, begin](const absl::Status& status) {
      if (status.ok()) {
        samples_.Done(absl::Now() - begin);
      } else {
        samples_.Failed(NameOf(status));
      }
      Next();
    });
  }

  LiveApi& api_;
  const absl::Time end_;
  Samples samples_;
  std::atomic<int64_t> next_ = 0;
  Mutex mu_;
  CondVar ended_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

absl::StatusOr<PhaseResult> RunIncr(const std::string& address, absl::Duration length) {
  redis::ClientOptions options;
  options.addresses = {address};
  options.pool_size = kIncrThreads;
  Metrics metrics;
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<redis::Client> client,
                           redis::NewClient(options, Clock::Real(), metrics));
  TRIVIUM_RETURN_IF_ERROR(client->Ready());
  Samples samples;
  const absl::Time start = absl::Now(), end = start + length;
  std::vector<std::thread> threads;
  for (int t = 0; t < kIncrThreads; ++t) {
    threads.emplace_back([&] {
      for (absl::Time begin = absl::Now(); begin < end; begin = absl::Now()) {
        const redis::Outcome outcome = client->Call({{"INCR", kIncrKey}}, begin + absl::Seconds(10));
        if (outcome.ok()) {
          samples.Done(absl::Now() - begin);
        } else {
          samples.Failed(NameOf(outcome.status()));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  PhaseResult result{.name = "plain INCR", .concurrency = kIncrThreads};
  result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  samples.Into(result);
  (void)client->Call({{"DEL", kIncrKey}}, absl::Now() + absl::Seconds(10));  // It says nothing to anybody.
  return result;
}

PhaseResult RunEmptyCalls(LiveApi& api, int workers, absl::Duration length) {
  PhaseResult result{.name = "empty call", .concurrency = workers};
  const absl::Time start = absl::Now();
  EmptyCalls calls(api, start + length);
  calls.Run(workers);
  result.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  calls.samples().Into(result);
  return result;
}

}  // namespace trivium::load
