// What is counted in memory and added to the days' counters in batches: refusals, and what clients say of their media.
// An instance that is killed loses what it has not added yet.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/live/metrics.h"
#include "services/live/store/store.h"

namespace trivium::live {
namespace v1 {
class QoeReport;
}

// Fields of QoeReport that are summed, in the order of the API; the labels of the counters.
inline constexpr const char* kQoeFields[] = {
    "watch_ms",       "play_ms",         "freezes",           "freeze_ms",     "long_freezes",
    "long_freeze_ms", "stalls",          "stall_ms",          "audio_samples", "concealed_samples",
    "sync_windows",   "sync_detectable", "sync_unacceptable", "packets",       "packets_lost",
    "rtt_ms_sum",     "rtt_samples"};
inline constexpr char kQoeReports[] = "reports";

// Thread-safe.
class DayCounter {
 public:
  static constexpr size_t kMaxStays = 100'000;  // Whose last report is remembered; the oldest are forgotten.

  // Both outlive it.
  DayCounter(Store& store, LiveMetrics& metrics) : store_(store), metrics_(metrics) {}
  void Refused(const std::string& product, const std::string& day, const std::string& reason);
  // False: a repeat, which counts nothing.
  bool Report(const std::string& product, const std::string& day, const Id& join_id, Rung rung,
              const v1::QoeReport& report);
  // Adds what waits. What could not be added waits on.
  absl::Status Flush(absl::Time deadline);

 private:
  using Key = std::pair<std::string, std::string>;  // Product, day.

  Store& store_;
  LiveMetrics& metrics_;
  Mutex mu_;
  std::map<Key, DayCounts> waiting_ ABSL_GUARDED_BY(mu_);  // Bounded by products, days, reasons and fields.
  std::map<Id, int64_t> last_report_ ABSL_GUARDED_BY(mu_);
  std::deque<Id> order_ ABSL_GUARDED_BY(mu_);  // Of last_report_, as they came.
};

}  // namespace trivium::live
