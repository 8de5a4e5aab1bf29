#include "services/gateway/clients/delivery_reporter.h"

#include <algorithm>
#include <utility>

#include "libs/log/log.h"

namespace trivium::gateway {
namespace {

constexpr size_t kMaxCounts = 10'000;  // Of a report.

}  // namespace

DeliveryReporter::DeliveryReporter(absl::Duration interval, DeliveryCounts& counts, PushLinks& links, Clock& clock)
    : interval_(interval), counts_(counts), links_(links), clock_(clock), thread_([this] { Run(); }) {}

DeliveryReporter::~DeliveryReporter() { Stop(); }

void DeliveryReporter::Stop() {
  {
    MutexLock lock(mu_);
    if (std::exchange(stopping_, true)) return;
    wake_.NotifyAll();
  }
  thread_.join();
  Tick();
}

void DeliveryReporter::Run() {
  for (;;) {
    {
      MutexLock lock(mu_);
      if (!stopping_) wake_.WaitFor(mu_, interval_);
      if (stopping_) return;
    }
    Tick();
  }
}

void DeliveryReporter::Tick() {
  for (const std::string& product : counts_.Products()) Send(product);
}

void DeliveryReporter::Send(const std::string& product) {
  int64_t number = 0;
  std::vector<DeliveryCount> counts;
  {
    MutexLock lock(mu_);
    Report& report = reports_[product];
    if (report.under_way) return;
    if (report.counts.empty()) {
      report.counts = counts_.Take(product, kMaxCounts);
      if (report.counts.empty()) return;
      // A time, so that numbers grow over restarts.
      report.number = std::max(report.number + 1, absl::ToUnixMillis(clock_.Now()));
    }
    report.under_way = true;
    number = report.number;
    counts = report.counts;
  }
  links_.Of(product).Report(number, std::move(counts), [this, product](const absl::Status& status) {
    if (!status.ok()) TRIVIUM_LOG(kWarning, "delivery counts wait for push", {"product", product}, {"error", status});
    // What push will never take must not block what it would.
    OnSent(product, status.ok() || absl::IsInvalidArgument(status));
  });
}

void DeliveryReporter::OnSent(const std::string& product, bool taken) {
  MutexLock lock(mu_);
  Report& report = reports_[product];
  report.under_way = false;
  if (taken) report.counts.clear();
}

}  // namespace trivium::gateway
