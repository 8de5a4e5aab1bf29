// Tells push what became of LOSSY and ORDERED messages here, product by product.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "services/gateway/clients/delivery_counts.h"
#include "services/gateway/clients/push_link.h"

namespace trivium::gateway {

// Thread-safe. A report that failed is sent again, under its number, before the product's next one; until then the
// counts wait where they are made (DeliveryCounts), bounded.
class DeliveryReporter {
 public:
  // All: not owned; outlive this.
  DeliveryReporter(absl::Duration interval, DeliveryCounts& counts, PushLinks& links, Clock& clock);
  ~DeliveryReporter();
  // Reports what there is once more and ends the thread. Idempotent.
  void Stop();

 private:
  struct Report {
    int64_t number = 0;
    std::vector<DeliveryCount> counts;  // Empty: none waits.
    bool under_way = false;
  };

  void Run();
  void Tick();
  void Send(const std::string& product);
  void OnSent(const std::string& product, bool taken);

  const absl::Duration interval_;
  DeliveryCounts& counts_;
  PushLinks& links_;
  Clock& clock_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::string, Report> reports_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace trivium::gateway
