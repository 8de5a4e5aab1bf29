// A thread that does a bounded step again and again: at once while there is more to do, else after a pause.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium {

// Thread-safe.
class Periodic {
 public:
  // step: true when there is more to do at once. pause: between steps otherwise.
  Periodic(std::string name, absl::Duration pause, std::function<bool()> step);
  ~Periodic();
  void Start();
  // Waits for the running step. Idempotent.
  void Stop();
  // Ends the pause.
  void Wake();

 private:
  void Run();

  const std::string name_;
  const absl::Duration pause_;
  const std::function<bool()> step_;
  Mutex mu_;
  CondVar wake_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false, stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trivium
