#include "tests/drills/call_log.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/payment_api.h"

namespace trivium::drills {
namespace {

// By the nearest rank; sorts.
double Quantile(std::vector<float>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

}  // namespace

void CallLog::Add(std::string_view kind, absl::Time begin, const absl::Status& status) {
  Add(kind, begin, absl::Now(), status);
}

void CallLog::Add(std::string_view kind, absl::Time begin, absl::Time end, const absl::Status& status) {
  MutexLock lock(mu_);
  auto it = calls_.find(kind);
  if (it == calls_.end()) it = calls_.emplace(std::string(kind), std::vector<Call>()).first;
  it->second.push_back({begin, static_cast<float>(absl::ToDoubleMilliseconds(end - begin)), status.ok()});
  if (status.ok() || failures_.size() >= kFailuresMax) return;
  failures_.push_back({begin, std::string(kind),
                       absl::StrCat(load::NameOf(status), ": ", std::string(status.message()).substr(0, 200))});
}

CallWindow CallLog::Within(std::string_view prefix, absl::Time from, absl::Time to) const {
  CallWindow window;
  std::vector<float> ms;
  MutexLock lock(mu_);
  for (const auto& [kind, calls] : calls_) {
    if (!std::string_view(kind).starts_with(prefix)) continue;
    for (const Call& call : calls) {
      if (call.begin >= to || call.begin + absl::Milliseconds(call.ms) < from) continue;
      ++window.calls;
      if (call.ok) {
        ms.push_back(call.ms);
      } else {
        ++window.failed;
      }
    }
  }
  window.p50_ms = Quantile(ms, 0.5);
  window.p99_ms = Quantile(ms, 0.99);
  window.max_ms = ms.empty() ? 0 : ms.back();
  return window;
}

std::map<std::string, CallWindow> CallLog::ByKind() const {
  std::vector<std::string> kinds;
  {
    MutexLock lock(mu_);
    for (const auto& [kind, unused] : calls_) kinds.push_back(kind);
  }
  std::map<std::string, CallWindow> by_kind;
  for (const std::string& kind : kinds) by_kind[kind] = Within(kind, absl::InfinitePast(), absl::InfiniteFuture());
  return by_kind;
}

std::vector<FailedCall> CallLog::Failures() const {
  MutexLock lock(mu_);
  return failures_;
}

}  // namespace trivium::drills
