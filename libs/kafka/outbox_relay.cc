#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/kafka/outbox.h"
#include "libs/kafka/outbox_steps.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::kafka {
namespace {

constexpr Metric kLag{"trivium_outbox_lag_seconds",
                      "Age of the oldest event that is not sent, in seconds; by its leader."};
constexpr Metric kUnsent{"trivium_outbox_unsent_rows", "Events that are not sent; by its leader."};
constexpr Metric kSequenced{"trivium_outbox_sequenced_total", "Events that got their place in the order."};
constexpr Metric kSent{"trivium_outbox_sent_total", "Events that the broker has taken."};
constexpr Metric kErrors{"trivium_outbox_errors_total", "Steps of the relay that failed, by step.", {"step"}};
constexpr Metric kLeader{"trivium_outbox_leader", "1 while this instance leads the relay."};

constexpr absl::Duration kStepTime = absl::Seconds(3);  // < the lease's renew deadline.
constexpr absl::Duration kErrorPauseMax = absl::Seconds(2);
constexpr absl::Duration kMeasureEvery = absl::Seconds(1);
constexpr absl::Duration kPurgeEvery = absl::Minutes(1);
constexpr int kPurgeRows = 500;

}  // namespace

struct OutboxRelay::Impl {
  Impl(RelayOptions options, mysql::Pool& pool, ha::LeaseStore& leases, Producer* producer, Clock& clock,
       Metrics& metrics, std::function<void()> on_sequenced)
      : options(std::move(options)),
        pool(pool),
        producer(producer),
        clock(clock),
        metrics(metrics),
        on_sequenced(std::move(on_sequenced)),
        lease({.resource = kOutboxLease, .holder = this->options.holder}, leases, clock) {}

  // Thread 1: leads, sequences, measures, purges.
  void RunSequencer() {
    while (!stop) {
      lease.Tick();
      const bool leads = lease.Held();
      led_epoch = leads ? lease.epoch() : 0;
      metrics.GetGauge(kLeader).Set(leads ? 1 : 0);
      const bool more = leads && Sequence();
      if (leads) Housekeep();
      if (!more) Pause(sequencer_signal, sequencer_pause);
    }
    led_epoch = 0;
    lease.Release();
  }

  // Whether there may be more at once.
  bool Sequence() {
    const absl::StatusOr<int> count =
        SequenceStep(pool, clock.Now() + kStepTime, options.holder, lease.epoch(), options.batch_max);
    if (!count.ok()) {
      // Fenced: another leads; the next Tick sees it.
      Failed("sequence", count.status(), &sequencer_pause);
      return false;
    }
    sequencer_pause = options.poll;
    if (*count == 0) return false;
    metrics.GetCounter(kSequenced).Add(*count);
    Signal(sender_signal);
    if (on_sequenced) on_sequenced();
    return *count == options.batch_max;
  }

  void Housekeep() {
    const absl::Duration now = clock.Monotonic();
    if (now - measured_at >= kMeasureEvery) {
      measured_at = now;
      Measure();
    }
    if (now - purged_at >= kPurgeEvery) {
      const absl::StatusOr<int> count =
          PurgeStep(pool, clock.Now() + kStepTime, clock.Now() - options.retention, producer == nullptr, kPurgeRows);
      // A full batch: go on in the next round, between other work.
      if (!count.ok() || *count < kPurgeRows) purged_at = now;
    }
  }

  void Measure() {
    const absl::StatusOr<Backlog> backlog = ReadBacklog(pool, clock.Now() + kStepTime, producer == nullptr);
    if (!backlog.ok()) return;
    const absl::Duration lag = backlog->rows == 0 ? absl::ZeroDuration() : clock.Now() - backlog->oldest;
    metrics.GetGauge(kLag).Set(std::max(0.0, absl::ToDoubleSeconds(lag)));
    metrics.GetGauge(kUnsent).Set(static_cast<double>(backlog->rows));
  }

  // Thread 2: sends, so that a dead broker does not hold up the order.
  void RunSender() {
    OutboxSender sender(pool, *producer, clock);
    int64_t epoch = 0;
    while (!stop) {
      if (const int64_t now = led_epoch; now != epoch) {
        epoch = now;
        sender.Restart();
      }
      const bool more = epoch != 0 && Send(sender);
      if (!more) Pause(sender_signal, sender_pause);
    }
  }

  bool Send(OutboxSender& sender) {
    const absl::StatusOr<int> count = sender.Step(options.batch_max);
    if (!count.ok()) {
      Failed("send", count.status(), &sender_pause);
      return false;
    }
    sender_pause = options.poll;
    metrics.GetCounter(kSent).Add(*count);
    return *count >= options.batch_max;
  }

  void Failed(const char* step, const absl::Status& error, absl::Duration* pause) {
    metrics.GetCounter(kErrors, {step}).Add();
    if (*pause == options.poll) TRIVIUM_LOG(kWarning, "outbox: step failed", {"step", step}, {"error", error});
    *pause = std::min(*pause * 2, kErrorPauseMax);
  }

  struct WakeSignal {
    Mutex mu;
    CondVar wake;
    bool woken ABSL_GUARDED_BY(mu) = false;
  };
  void Signal(WakeSignal& signal) {
    MutexLock lock(signal.mu);
    signal.woken = true;
    signal.wake.NotifyAll();
  }
  // After an error only Stop shortens the pause.
  void Pause(WakeSignal& signal, absl::Duration pause) {
    MutexLock lock(signal.mu);
    if (pause == options.poll) {
      if (!signal.woken && !stop) signal.wake.WaitFor(signal.mu, pause);
    } else {
      const absl::Time until = absl::Now() + pause;
      while (!stop && absl::Now() < until) signal.wake.WaitFor(signal.mu, until - absl::Now());
    }
    signal.woken = false;
  }

  const RelayOptions options;
  mysql::Pool& pool;
  Producer* const producer;
  Clock& clock;
  Metrics& metrics;
  const std::function<void()> on_sequenced;
  ha::Lease lease;  // The sequencer's.
  std::atomic<bool> stop{false};
  std::atomic<int64_t> led_epoch{0};  // 0: does not lead.
  WakeSignal sequencer_signal, sender_signal;
  absl::Duration sequencer_pause = options.poll, sender_pause = options.poll;
  absl::Duration measured_at = -absl::InfiniteDuration(), purged_at = -absl::InfiniteDuration();
  std::thread sequencer, sender;
};

OutboxRelay::OutboxRelay(RelayOptions options, mysql::Pool& pool, ha::LeaseStore& leases, Producer* producer,
                         Clock& clock, Metrics& metrics, std::function<void()> on_sequenced)
    : impl_(std::make_unique<Impl>(std::move(options), pool, leases, producer, clock, metrics,
                                   std::move(on_sequenced))) {}

OutboxRelay::~OutboxRelay() { Stop(); }

void OutboxRelay::Start() {
  impl_->sequencer = std::thread([this] { impl_->RunSequencer(); });
  if (impl_->producer != nullptr) impl_->sender = std::thread([this] { impl_->RunSender(); });
}

void OutboxRelay::Stop() {
  impl_->stop = true;
  impl_->Signal(impl_->sequencer_signal);
  impl_->Signal(impl_->sender_signal);
  if (impl_->sequencer.joinable()) impl_->sequencer.join();
  if (impl_->sender.joinable()) impl_->sender.join();
}

void OutboxRelay::Wake() { impl_->Signal(impl_->sequencer_signal); }

}  // namespace trivium::kafka
