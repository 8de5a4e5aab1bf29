#include "services/live/workers/keeper.h"

#include "libs/log/log.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr size_t kAtOnce = 500;
constexpr size_t kMaxProductGauges = 500;

}  // namespace

bool Keeper::Run(const char* worker, const std::function<absl::StatusOr<Batch>(Admission&, const Call&)>& step) {
  const absl::Time deadline = p_.clock.Now() + kPatience;
  const absl::StatusOr<Batch> batch = step(p_.cell.admission(), p_.cell.CallUntil(deadline));
  if (batch.ok()) {
    p_.metrics.Worked(worker, "done", batch->done);
    return batch->more;
  }
  if (ReasonOf(batch.status()) == "ADMISSION_STATE_LOST") return p_.cell.Rebuild(deadline).ok();
  p_.metrics.Worked(worker, "failed");
  return false;
}

bool Keeper::ExpireLeases() {
  return Run("leases", [](Admission& admission, const Call& call) { return admission.ExpireLeases(kAtOnce, call); });
}

bool Keeper::AdmitWaiting() {
  return Run("queues", [](Admission& admission, const Call& call) { return admission.AdmitWaiting(kAtOnce, call); });
}

bool Keeper::TellCapacities() {
  const int64_t generation = p_.capacities.generation();
  if (generation == told_) return false;
  const absl::Status told = p_.cell.TellCapacities(p_.clock.Now() + kPatience);
  if (told.ok()) {
    told_ = generation;
  } else {
    TRIVIUM_LOG(kWarning, "the admission has not heard of new capacities yet", {"error", told});
  }
  return false;
}

bool Keeper::Count() {
  const Call call = p_.cell.CallUntil(p_.clock.Now() + kPatience);
  const absl::StatusOr<CellCounts> counts = p_.cell.admission().CountCell(call);
  if (!counts.ok()) {
    if (ReasonOf(counts.status()) == "ADMISSION_STATE_LOST") (void)p_.cell.Rebuild(call.deadline);
    return false;
  }
  p_.metrics.Cell(*counts);
  std::vector<LevelName> names = {{.level = Level::kPlatform}};
  if (const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get()) {
    for (const CellCapacity::Node& node : cell->nodes) names.push_back({.level = Level::kNode, .name = node.name});
  }
  for (const std::string& product : p_.products()) {
    if (names.size() < kMaxProductGauges) names.push_back({.level = Level::kProduct, .product = product});
  }
  const absl::StatusOr<std::vector<LevelCounts>> levels = p_.cell.admission().CountLevels(names, call);
  if (!levels.ok()) return false;
  for (const LevelCounts& level : *levels) {
    const LevelName& name = level.level;
    const bool of_node = name.level == Level::kNode, of_product = name.level == Level::kProduct;
    p_.metrics.Level(of_node      ? "NODE"
                     : of_product ? "PRODUCT"
                                  : "PLATFORM",
                     of_product ? name.product : name.name, level);
  }
  return false;
}

}  // namespace trivium::live
