#include "examples/school-day/latency.h"

#include <algorithm>
#include <cmath>

namespace trivium::schoolday {

double Quantile(std::vector<float> values, double q) {
  if (values.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  const auto nth = values.begin() + static_cast<ptrdiff_t>(std::clamp<size_t>(rank, 1, values.size()) - 1);
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

void Latencies::Answered(const std::string& api, absl::Duration took) {
  MutexLock lock(mu_);
  samples_[api].ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(took)));
}

void Latencies::Retried(const std::string& api) {
  MutexLock lock(mu_);
  ++samples_[api].retries;
}

std::map<std::string, LatencySummary> Latencies::Summary() const {
  MutexLock lock(mu_);
  std::map<std::string, LatencySummary> summary;
  for (const auto& [api, samples] : samples_) {
    summary[api] = {static_cast<int64_t>(samples.ms.size()), samples.retries, Quantile(samples.ms, 0.5),
                    Quantile(samples.ms, 0.99)};
  }
  return summary;
}

}  // namespace trivium::schoolday
