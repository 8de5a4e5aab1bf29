#include "libs/control_client/watch_loop.h"

#include <algorithm>
#include <random>
#include <utility>

#include "libs/clock/clock.h"
#include "libs/log/log.h"

namespace trivium::control_client {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackoff = absl::Seconds(3);

// Half to all of it: a thousand clients of a control that restarts must not come at once.
absl::Duration Jittered(absl::Duration backoff) {
  thread_local std::minstd_rand random(std::random_device{}());
  return backoff * std::uniform_real_distribution<double>(0.5, 1.0)(random);
}

}  // namespace

WatchLoop::WatchLoop(std::string name, Metrics& metrics)
    : name_(std::move(name)),
      connected_gauge_(metrics.GetGauge(kConnected, {name_})),
      reconnects_(metrics.GetCounter(kReconnects, {name_})) {
  connected_gauge_.Set(0);
}

WatchLoop::~WatchLoop() { Stop(); }

void WatchLoop::Start(std::function<std::string()> follow) {
  thread_ = std::thread([this, follow = std::move(follow)] { Run(follow); });
}

void WatchLoop::Stop() {
  stopping_.store(true);
  {
    MutexLock lock(mu_);
    if (interrupt_) interrupt_();
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void WatchLoop::Connected() {
  if (connected_) return;
  connected_ = true;
  connected_gauge_.Set(1);
  log::Write(log::Level::kInfo, "control answers", {{"stream", name_}});
}

void WatchLoop::SetInterrupt(std::function<void()> interrupt) {
  MutexLock lock(mu_);
  interrupt_ = std::move(interrupt);
  if (interrupt_ && stopping()) interrupt_();
}

void WatchLoop::Run(const std::function<std::string()>& follow) {
  absl::Duration backoff = kFirstBackoff;
  bool told = false;
  while (!stopping()) {
    const std::string end = follow();
    if (stopping()) break;
    if (connected_) {
      backoff = kFirstBackoff;
      reconnects_.Add();
    }
    // Once for each outage, not once for each try.
    if (connected_ || !told)
      log::Write(log::Level::kWarning, "control does not answer; going on with the last good state",
                 {{"stream", name_}, {"error", end}});
    told = true;
    connected_ = false;
    connected_gauge_.Set(0);
    if (!Wait(Jittered(backoff))) break;
    backoff = std::min(backoff * 2, kMaxBackoff);
  }
  connected_gauge_.Set(0);
}

bool WatchLoop::Wait(absl::Duration d) {
  const absl::Duration until = Clock::Real().Monotonic() + d;
  MutexLock lock(mu_);
  while (!stopping()) {
    const absl::Duration left = until - Clock::Real().Monotonic();
    if (left <= absl::ZeroDuration()) return true;
    wake_.WaitFor(mu_, left);
  }
  return false;
}

}  // namespace trivium::control_client
