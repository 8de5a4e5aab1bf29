// A product's metrics on the way of its publications, looked up once.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/clients/metrics.h"
#include "services/gateway/clients/publication.h"

namespace trivium::gateway {

// LOSSY, ORDERED, RELIABLE.
inline constexpr int kMessageClasses = 3;
inline size_t ClassIndex(const Publication& publication) { return static_cast<size_t>(publication.frame_class); }

// Immutable.
struct ProductMeters {
  ProductMeters(Metrics& metrics, const std::string& product) {
    for (int i = 0; i < kMessageClasses; ++i) {
      const char* name = FrameClassName(static_cast<FrameClass>(i));
      publications[static_cast<size_t>(i)] = &metrics.GetCounter(kPublications, {product, name});
      deliveries[static_cast<size_t>(i)] = &metrics.GetCounter(kDeliveries, {product, name});
      delivery_seconds[static_cast<size_t>(i)] = &metrics.GetHistogram(kDeliverySeconds, {product, name});
    }
    const char* const kinds[] = {"room", "user", "product"};  // As protocol::ChannelKind.
    for (size_t i = 0; i < subscriptions.size(); ++i) {
      subscriptions[i] = &metrics.GetGauge(kSubscriptions, {product, kinds[i]});
    }
    clients = &metrics.GetGauge(kClients, {product});
    repeats = &metrics.GetCounter(kRepeatsSent, {product});
  }

  std::array<Counter*, kMessageClasses> publications, deliveries;
  std::array<Histogram*, kMessageClasses> delivery_seconds;
  std::array<Gauge*, 3> subscriptions;
  Gauge* clients;
  Counter* repeats;
};

// Thread-safe.
class AllProductMeters {
 public:
  explicit AllProductMeters(Metrics& metrics) : metrics_(metrics) {}  // Not owned; outlives this.
  ProductMeters& Of(const std::string& product) {
    MutexLock lock(mu_);
    auto& meters = meters_[product];
    if (meters == nullptr) meters = std::make_unique<ProductMeters>(metrics_, product);
    return *meters;
  }

 private:
  Metrics& metrics_;
  Mutex mu_;
  std::map<std::string, std::unique_ptr<ProductMeters>> meters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::gateway
