// The thread that keeps a connection to control: tries, follows, waits with jitter, tries again.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"

namespace trivium::control_client {

inline constexpr Metric kConnected{
    "trivium_control_client_connected", "1 while control answers on this stream.", {"stream"}};
inline constexpr Metric kReconnects{
    "trivium_control_client_reconnects_total", "Streams to control that ended and were opened again.", {"stream"}};
inline constexpr Metric kRevision{
    "trivium_control_client_revision", "Revision or epoch of control's state that is applied here.", {"stream"}};

// A name that control's certificate (*.control.trivium) covers.
inline constexpr char kControlName[] = "platform.control.trivium";

inline constexpr absl::Duration kSilence = absl::Seconds(15);  // Control speaks every 5 s.

// Start and Stop from one thread; the rest is thread-safe.
class WatchLoop {
 public:
  // name: "config", in metrics and logs.
  WatchLoop(std::string name, Metrics& metrics);
  ~WatchLoop();

  // follow: one connection from its opening to its end; returns what ended it, for the log. It says Connected() at the
  // first answer, and returns soon after stopping() or when interrupt, set by it through SetInterrupt, runs.
  void Start(std::function<std::string()> follow);
  void Stop();

  bool stopping() const { return stopping_.load(); }
  void Connected();
  // What ends a wait of follow at Stop; nullptr when there is none any more. Runs at once when stopping.
  void SetInterrupt(std::function<void()> interrupt);

 private:
  void Run(const std::function<std::string()>& follow);
  // False when stopping.
  bool Wait(absl::Duration d);

  const std::string name_;
  Gauge& connected_gauge_;
  Counter& reconnects_;
  std::atomic<bool> stopping_{false};
  bool connected_ = false;  // The loop's thread's.
  Mutex mu_;
  CondVar wake_;
  std::function<void()> interrupt_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace trivium::control_client
