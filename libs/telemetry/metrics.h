// Metrics, each declared once:
//
//   inline constexpr Metric kRpcCalls{"trivium_rpc_server_calls_total", "Calls answered, by code.", {"product",
//   "service", "method", "code"}}; Counter& calls = Metrics::Global().GetCounter(kRpcCalls, {product, "payment",
//   "CreatePayment", "OK"});
//
// Looking a counter up costs a lock and a hash: keep the reference where the labels are known. A label never holds a
// user, room or order.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trivium {

// Declaration of a metric: a constexpr at namespace scope in the library or service that measures it. At most 6 labels.
struct Metric {
  const char* name;  // trivium_<what>_<unit>[_total]
  const char* help;  // A sentence: what it counts, its unit.
  std::initializer_list<const char*> labels = {};
};

// Buckets of a duration in seconds: 0.1 ms to 10 s.
extern const std::vector<double> kLatencyBuckets;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double n = 1) = 0;
  virtual double Value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual void Add(double n) = 0;
  virtual double Value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
  virtual uint64_t Count() const = 0;
};

// All metrics of a process. Thread-safe. References stay valid as long as it lives; the same metric and labels give the
// same object. Label values in the order of Metric::labels; a wrong number of them is a programmer's error and ends the
// process. More than 2,000 label sets of one metric: the rest share one whose labels are all "_overflow".
class Metrics {
 public:
  Metrics();
  ~Metrics();
  static Metrics& Global();

  Counter& GetCounter(const Metric& metric, const std::vector<std::string>& labels = {});
  Gauge& GetGauge(const Metric& metric, const std::vector<std::string>& labels = {});
  Histogram& GetHistogram(const Metric& metric, const std::vector<std::string>& labels = {},
                          const std::vector<double>& buckets = kLatencyBuckets);
  // Prometheus text format 0.0.4.
  std::string Expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium
