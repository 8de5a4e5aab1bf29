#include "services/payment/fencing.h"

#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::payment {

absl::StatusOr<int64_t> Fencing::EpochOf(const std::string& product, absl::Time deadline) {
  const std::optional<PlanEpoch> plan = plan_(product);
  {
    MutexLock lock(mu_);
    const auto it = known_.find(product);
    if (it != known_.end() && it->second.plan == plan) return it->second.epoch;
  }
  if (plan) TRIVIUM_RETURN_IF_ERROR(store_.TakeOver(product, plan->route, deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t stored, store_.CurrentEpoch(product, deadline));
  // A route of its own may have been taken away since, and the general route is older than the fence: a plan that is as
  // new as the fence may pass.
  const bool may_pass = !plan || plan->plan >= stored;
  const int64_t epoch = may_pass ? stored : plan->route;
  MutexLock lock(mu_);
  known_[product] = {plan, epoch};
  return epoch;
}

void Fencing::Observe(const std::string& product, const absl::Status& status) {
  if (status.ok() || ReasonOf(status) != "FENCED") return;
  MutexLock lock(mu_);
  known_.erase(product);
}

}  // namespace trivium::payment
