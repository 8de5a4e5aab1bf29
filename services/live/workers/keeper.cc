#include "services/live/workers/keeper.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/log/log.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr size_t kAtOnce = 500;
constexpr size_t kMaxProductGauges = 500;
constexpr size_t kRoomsAtOnce = 200, kMaxRoomsCounted = 100'000;

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

bool Keeper::CountCell(const Call& call) {
  absl::StatusOr<CellCounts> counts = p_.cell.admission().CountCell(call);
  if (ReasonOf(counts.status()) == "ADMISSION_STATE_LOST" && p_.cell.Rebuild(call.deadline).ok())
    counts = p_.cell.admission().CountCell(call);
  p_.metrics.AdmissionReady(counts.ok());
  if (!counts.ok()) return false;
  p_.metrics.Cell(*counts, call.now < counts->rebuild_until);
  TellDrainLag(*counts, call);
  return true;
}

void Keeper::TellDrainLag(const CellCounts& counts, const Call& call) {
  absl::Duration lag;
  if (counts.changes > 0) {
    const absl::StatusOr<std::vector<Change>> oldest = p_.cell.admission().ReadChanges(0, 1, call);
    if (!oldest.ok()) return;  // The admission has just gone: the next count says so.
    if (!oldest->empty()) lag = std::max(call.now - oldest->front().time, absl::ZeroDuration());
  }
  p_.metrics.DrainLag(lag);
}

bool Keeper::Count() {
  const Call call = p_.cell.CallUntil(p_.clock.Now() + kPatience);
  p_.metrics.ChangesMax(p_.max_changes);
  std::vector<LevelName> names = {{.level = Level::kPlatform}};
  int64_t draining = 0;
  if (const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get()) {
    for (const CellCapacity::Node& node : cell->nodes) {
      names.push_back({.level = Level::kNode, .name = node.name});
      draining += node.draining ? 1 : 0;
    }
  }
  p_.metrics.Nodes(static_cast<int64_t>(names.size()) - 1 - draining, draining);
  if (!CountCell(call)) return false;
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

bool Keeper::CountRooms() {
  std::map<std::string, ProductCounts> counts;
  for (const std::string& product : p_.products()) counts[product];
  for (const std::string& product : counted_) counts[product];
  std::set<std::string> nodes;
  if (const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get()) {
    for (const CellCapacity::Node& node : cell->nodes) nodes.insert(node.name);
  }
  std::set<Id> seen;
  std::set<std::string> with_rooms;
  int64_t off_nodes = 0;
  std::string cursor;
  do {
    const absl::StatusOr<RoomsScan> scan =
        p_.cell.admission().ScanRooms(cursor, kRoomsAtOnce, p_.cell.CallUntil(p_.clock.Now() + kPatience));
    if (!scan.ok()) return false;  // What was counted last stays.
    for (const RoomUse& use : scan->rooms) {
      if (!seen.insert(use.room.room_id).second) continue;
      with_rooms.insert(use.room.product);
      ProductCounts& of_product = counts[use.room.product];
      ++of_product.rooms;
      for (size_t i = 0; i < use.on.size(); ++i) of_product.on[i] += use.on[i];
      off_nodes += nodes.contains(use.node) ? 0 : 1;
    }
    cursor = scan->cursor;
  } while (!cursor.empty() && seen.size() < kMaxRoomsCounted);
  counted_ = std::move(with_rooms);
  size_t told = 0;
  for (const auto& [product, of_product] : counts) {
    if (told++ < kMaxProductGauges) p_.metrics.Product(product, of_product);
  }
  p_.metrics.RoomsOffNodes(off_nodes);
  return false;
}

}  // namespace trivium::live
