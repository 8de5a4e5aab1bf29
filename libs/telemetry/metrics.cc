#include "libs/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>

#include "absl/container/flat_hash_map.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/process_metrics.h"

namespace trivium {

const std::vector<double> kLatencyBuckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                             0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

namespace {

constexpr size_t kLabelSetsMax = 2000;
constexpr char kOverflow[] = "_overflow";

class CounterCell : public Counter {
 public:
  explicit CounterCell(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double n) override { counter_.Increment(n); }
  double Value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;  // The registry's.
};

class GaugeCell : public Gauge {
 public:
  explicit GaugeCell(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }
  void Add(double n) override { gauge_.Increment(n); }
  double Value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;  // The registry's.
};

class HistogramCell : public Histogram {
 public:
  explicit HistogramCell(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }
  uint64_t Count() const override { return histogram_.Collect().histogram.sample_count; }

 private:
  prometheus::Histogram& histogram_;  // The registry's.
};

[[noreturn]] void Fail(const Metric& metric, const char* what) {
  std::fprintf(stderr, "metric %s: %s\n", metric.name, what);
  std::abort();
}

// All label sets of one metric.
template <typename Native, typename Cell>
struct Table {
  prometheus::Family<Native>* family = nullptr;
  size_t label_count = 0;
  absl::flat_hash_map<std::vector<std::string>, Cell*> by_labels;
  std::deque<Cell> cells;  // Addresses stay.

  template <typename Builder, typename... Extra>
  Cell& Get(const Metric& metric, const std::vector<std::string>& labels, Builder builder,
            prometheus::Registry& registry, const Extra&... extra) {
    if (family == nullptr) {
      family = &builder.Name(metric.name).Help(metric.help).Register(registry);
      label_count = metric.labels.size();
    }
    if (metric.labels.size() != label_count) Fail(metric, "declared twice, with other labels");
    if (labels.size() != label_count) Fail(metric, "wrong number of label values");
    if (const auto found = by_labels.find(labels); found != by_labels.end()) return *found->second;
    const bool full = label_count > 0 && cells.size() >= kLabelSetsMax;
    const std::vector<std::string> values = full ? std::vector<std::string>(label_count, kOverflow) : labels;
    // Callers keep references, so that the same overflow cell is looked up, but no label set is remembered beyond the
    // maximum.
    if (const auto found = by_labels.find(values); found != by_labels.end()) return *found->second;
    std::map<std::string, std::string> named;
    size_t i = 0;
    for (const char* name : metric.labels) named.emplace(name, values[i++]);
    Cell& cell = cells.emplace_back(family->Add(named, extra...));
    by_labels.emplace(values, &cell);
    return cell;
  }
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Mutex mu;
  std::map<std::string, Table<prometheus::Counter, CounterCell>> counters ABSL_GUARDED_BY(mu);
  std::map<std::string, Table<prometheus::Gauge, GaugeCell>> gauges ABSL_GUARDED_BY(mu);
  std::map<std::string, Table<prometheus::Histogram, HistogramCell>> histograms ABSL_GUARDED_BY(mu);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics& Metrics::Global() {
  static Metrics* metrics = new Metrics;
  return *metrics;
}

Counter& Metrics::GetCounter(const Metric& metric, const std::vector<std::string>& labels) {
  MutexLock lock(impl_->mu);
  return impl_->counters[metric.name].Get(metric, labels, prometheus::BuildCounter(), impl_->registry);
}

Gauge& Metrics::GetGauge(const Metric& metric, const std::vector<std::string>& labels) {
  MutexLock lock(impl_->mu);
  return impl_->gauges[metric.name].Get(metric, labels, prometheus::BuildGauge(), impl_->registry);
}

Histogram& Metrics::GetHistogram(const Metric& metric, const std::vector<std::string>& labels,
                                 const std::vector<double>& buckets) {
  MutexLock lock(impl_->mu);
  return impl_->histograms[metric.name].Get(metric, labels, prometheus::BuildHistogram(), impl_->registry, buckets);
}

std::string Metrics::Expose() const {
  std::string text = prometheus::TextSerializer().Serialize(impl_->registry.Collect());
  if (this == &Global()) text += ExposeProcess();
  return text;
}

}  // namespace trivium
