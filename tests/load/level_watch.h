// What the service itself says of its levels while a load runs: GetRoom of every room, and its metrics.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "tests/load/live_api.h"

namespace trivium::load {

// The levels that the admin pages show now.
absl::StatusOr<std::vector<LevelUse>> ReadLevels(const std::string& admin);
// "NODE node-a, RTC: 61 held, want <= 60", for each that is over.
std::vector<std::string> OverOf(const std::vector<LevelUse>& levels);

class LevelWatch {
 public:
  LevelWatch(LiveApi& api, const std::vector<LoadRoom>& rooms, std::string admin);
  ~LevelWatch();

  void Stop();
  int64_t looks() const { return looks_; }
  int64_t failed() const { return failed_; }
  std::vector<std::string> Over() const;

 private:
  void Run();
  void Look();

  LiveApi& api_;
  const std::vector<LoadRoom>& rooms_;
  const std::string admin_;
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> looks_ = 0, failed_ = 0;
  mutable Mutex mu_;
  std::set<std::string> over_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;  // Last: it uses the others.
};

// OK when everybody's place in the rooms comes back within a time.
absl::Status WaitUntilEmpty(LiveApi& api, const std::vector<LoadRoom>& rooms, absl::Duration patience);
// OK when the product's level holds no more than `least` again, staff's places included: rooms are closed a moment
// after their end.
absl::Status WaitUntilGivenBack(const std::string& admin, const std::string& product, const RungPlaces& least,
                                absl::Duration patience);

}  // namespace trivium::load
