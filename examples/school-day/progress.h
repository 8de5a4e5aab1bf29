// Shows how far the day is: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// "[=====>    ]  52 %  ordering and paying 412/790"; total 0: no bar.
std::string ProgressLine(const std::string& phase, int done, int total);

// Thread-safe. Writes to standard error, so that standard output holds the tables only.
class Progress {
 public:
  Progress();
  ~Progress();
  void Begin(const std::string& phase, int total);
  void Step() { ++done_; }
  // Ends the phase's line.
  void End();

 private:
  void Run();
  void Show(bool last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const bool terminal_;
  std::atomic<int> done_ = 0;
  Mutex mu_;
  CondVar stopped_;
  std::string phase_ ABSL_GUARDED_BY(mu_);
  int total_ ABSL_GUARDED_BY(mu_) = 0;
  int shown_ ABSL_GUARDED_BY(mu_) = -1;  // Tenths that plain lines have told of.
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace trivium::schoolday
