#include "tests/load/samples.h"

#include <algorithm>
#include <cmath>

namespace trivium::load {
namespace {

// Nearest rank of sorted values.
double QuantileOf(const std::vector<float>& sorted, double q) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace

void Samples::Done(absl::Duration took) {
  MutexLock lock(mu_);
  ms_.push_back(static_cast<float>(absl::ToDoubleMilliseconds(took)));
}

void Samples::Failed(const std::string& reason) {
  MutexLock lock(mu_);
  ++errors_[reason];
}

void Samples::Into(PhaseResult& result) const {
  MutexLock lock(mu_);
  std::vector<float> sorted = ms_;
  std::sort(sorted.begin(), sorted.end());
  result.done = static_cast<int64_t>(sorted.size());
  result.p50_ms = QuantileOf(sorted, 0.5);
  result.p99_ms = QuantileOf(sorted, 0.99);
  result.max_ms = QuantileOf(sorted, 1);
  result.errors = errors_;
}

}  // namespace trivium::load
