#include "libs/rpc/call_metrics.h"

#include <vector>

namespace trivium::rpc {
namespace {

constexpr std::string_view kOurs = "trivium.";

}  // namespace

MethodLabels LabelsOf(std::string_view method) {
  const size_t slash = method.find('/');
  std::string_view service = method.substr(0, slash);
  if (service.substr(0, kOurs.size()) == kOurs) {
    service.remove_prefix(kOurs.size());
    service = service.substr(0, service.find('.'));
  }
  return {std::string(service), slash == std::string_view::npos ? "" : std::string(method.substr(slash + 1))};
}

CallMetrics::Series CallMetrics::Find(std::string_view method, const std::string& product, absl::StatusCode code) {
  MutexLock lock(mu_);
  const auto [it, inserted] = series_.try_emplace(Key(method.data(), product, static_cast<int>(code)));
  if (inserted) {
    const MethodLabels labels = LabelsOf(method);
    const std::vector<std::string> values = {product.empty() ? "none" : product, labels.service, labels.method,
                                             absl::StatusCodeToString(code)};
    it->second = {&metrics_.GetCounter(kServerCalls, values), &metrics_.GetHistogram(kServerCallDuration, values)};
  }
  return it->second;
}

void CallMetrics::Answered(std::string_view method, const std::string& product, absl::StatusCode code,
                           absl::Duration took) {
  const Series series = Find(method, product, code);
  series.calls->Add();
  series.duration->Observe(absl::ToDoubleSeconds(took));
}

}  // namespace trivium::rpc
