// The epoch with which this instance writes for a product. Taking a product over raises its epoch in the store, so that
// a paused writer of an older plan cannot commit any more (DESIGN.md section 7).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/payment/store/store.h"

namespace trivium::payment {

struct PlanEpoch {
  int64_t route = 0;  // When the product's route last changed.
  int64_t plan = 0;   // The whole plan's: at least route.

  bool operator==(const PlanEpoch&) const = default;
};
// What the last good route plan says of a product; nullopt: no plan is known.
using PlanSource = std::function<std::optional<PlanEpoch>(const std::string& product)>;

// Thread-safe.
class Fencing {
 public:
  Fencing(Store& store, PlanSource plan) : store_(store), plan_(std::move(plan)) {}

  // With a plan: its route's epoch, raised in the store when the store is behind. Without one: the store's, kept until
  // Forget. Blocks on the store the first time and after a change of the plan.
  absl::StatusOr<int64_t> EpochOf(const std::string& product, absl::Time deadline);
  // Passes on how a write went; after a fenced one the next call of EpochOf looks again.
  void Observe(const std::string& product, const absl::Status& status);

 private:
  struct Known {
    std::optional<PlanEpoch> plan;
    int64_t epoch = 0;
  };

  Store& store_;  // Not owned.
  const PlanSource plan_;
  Mutex mu_;
  std::map<std::string, Known> known_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::payment
