#include "services/live/cell.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "services/live/domain/room_rules.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kMaxClockSkew = absl::Seconds(2);  // Between the instances of a cell.
constexpr int kRoomsPage = 200;
constexpr size_t kOutAtOnce = 500;  // Participants of a room that is closed, in one step.

bool Is(const absl::Status& status, std::string_view reason) { return ReasonOf(status) == reason; }

// One whose close_delay is over is being emptied, or has been: it has no places to be brought back.
bool MayHavePeople(const Room& room, absl::Time now) {
  return IsOpen(room.state) && (room.state != RoomState::kEnded || now + kMaxClockSkew < room.close_time);
}

absl::Status CapacityUnknown() {
  return Error(absl::StatusCode::kFailedPrecondition, "CAPACITY_UNKNOWN",
               "live_capacity: none published for this cell, want an item of kind live_capacity named platform");
}

}  // namespace

absl::Status AdmissionError(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const bool of_redis = absl::StartsWith(reason, "REDIS_") || reason == "ADMISSION_STATE_LOST" ||
                        status.code() == absl::StatusCode::kUnknown;
  if (!of_redis) return status;
  return Error(absl::StatusCode::kUnavailable, "ADMISSION_UNAVAILABLE",
               absl::StrCat("admission: does not answer (", reason, "), repeat the call"))
      .RetryAfter(absl::Seconds(1));
}

Call Cell::CallUntil(absl::Time deadline) const {
  return {absl::FromUnixMillis(absl::ToUnixMillis(p_.clock.Now())), deadline};
}

absl::Duration Cell::LongestLease() const {
  absl::Duration longest;
  for (const std::string& product : p_.products()) {
    const std::shared_ptr<const Profile> profile = p_.profiles.Find(product);
    if (profile != nullptr) longest = std::max(longest, profile->lease);
  }
  // No profile: nobody could say yet what its products want.
  if (longest == absl::ZeroDuration()) longest = Profile().lease;
  return std::min(longest, kMaxLease);
}

std::vector<Capacity> Cell::CommonCapacities() const {
  std::vector<Capacity> all;
  const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get();
  if (cell != nullptr) {
    all.push_back({{.level = Level::kPlatform}, cell->platform});
    for (const CellCapacity::Node& node : cell->nodes)
      all.push_back({{.level = Level::kNode, .name = node.name}, node.places});
  }
  for (const std::string& product : p_.products()) {
    const std::shared_ptr<const Profile> profile = p_.profiles.Find(product);
    if (profile != nullptr) all.push_back({{.level = Level::kProduct, .product = product}, profile->product_capacity});
  }
  return all;
}

// A room's product; platform and nodes too, so that a room opens also where nobody has told them yet. Its institution
// comes with the room.
absl::Status Cell::TellCapacitiesOf(const Room& room, const Call& call) {
  const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get();
  if (cell == nullptr) return CapacityUnknown();
  const std::shared_ptr<const Profile> profile = p_.profiles.FindOrDefault(room.product);
  std::vector<Capacity> all = {{{.level = Level::kPlatform}, cell->platform},
                               {{.level = Level::kProduct, .product = room.product}, profile->product_capacity}};
  for (const CellCapacity::Node& node : cell->nodes)
    all.push_back({{.level = Level::kNode, .name = node.name}, node.places});
  return p_.admission.SetCapacities(all, call);
}

absl::StatusOr<std::vector<std::string>> Cell::NodesByFreePlaces(const Call& call) {
  const std::shared_ptr<const CellCapacity> cell = p_.capacities.Get();
  if (cell == nullptr) return CapacityUnknown();
  std::vector<LevelName> names;
  for (const CellCapacity::Node& node : cell->nodes) {
    if (!node.draining) names.push_back({.level = Level::kNode, .name = node.name});
  }
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<LevelCounts> counts, p_.admission.CountLevels(names, call));
  std::ranges::stable_sort(counts, std::greater<>(), [](const LevelCounts& c) { return c.places[0] - c.use[0]; });
  std::vector<std::string> nodes;
  for (const LevelCounts& count : counts) nodes.push_back(count.level.name);
  return nodes;
}

absl::Status Cell::StartOn(const Room& room, const std::string& node, bool restored, const Call& call) {
  StartRoomRequest request{.room = {room.product, room.id},
                           .institution = room.institution_id,
                           .institution_places = p_.profiles.FindOrDefault(room.product)->institution_capacity,
                           .node = node,
                           .limits = LimitsOf(room),
                           .restored = restored};
  TRIVIUM_ASSIGN_OR_RETURN(
      request.bans, p_.store.ListBans(request.room, call.now, static_cast<int>(kMaxBansRestored), call.deadline));
  return p_.admission.StartRoom(request, call);
}

absl::StatusOr<std::string> Cell::Open(const Room& room, bool restored, absl::Time deadline) {
  const auto open = [&]() -> absl::StatusOr<std::string> {
    const Call call = CallUntil(deadline);
    TRIVIUM_RETURN_IF_ERROR(TellCapacitiesOf(room, call));
    TRIVIUM_ASSIGN_OR_RETURN(std::vector<std::string> nodes, NodesByFreePlaces(call));
    // One that it has already, first; it may be draining.
    if (!room.node.empty()) {
      std::erase(nodes, room.node);
      nodes.insert(nodes.begin(), room.node);
    }
    if (nodes.empty()) return CapacityUnknown();
    absl::Status status;
    for (const std::string& node : nodes) {
      status = StartOn(room, node, restored, call);
      if (status.ok()) return node;
      if (Is(status, "ROOM_STARTED_DIFFERENTLY")) {
        // Somebody else was faster, or an earlier try got so far.
        TRIVIUM_ASSIGN_OR_RETURN(const RoomCounts counts, p_.admission.CountRoom({room.product, room.id}, call));
        return counts.node;
      }
      // Another node may have room, or be known.
      const bool node_level = MetadataOf(status, "level") == "NODE";
      if (!(node_level && (Is(status, "LEVEL_FULL") || Is(status, "CAPACITY_UNKNOWN")))) break;
    }
    return status;
  };
  absl::StatusOr<std::string> node = open();
  for (int tries = 0; tries < kMaxMends && !node.ok() && Mend(node.status(), nullptr, deadline); ++tries) node = open();
  if (!node.ok()) return AdmissionError(node.status());
  return node;
}

absl::Status Cell::Close(const RoomId& room, absl::Time deadline) {
  while (true) {
    const absl::StatusOr<Batch> batch = p_.admission.EndRoom(room, kOutAtOnce, CallUntil(deadline));
    // What is lost has nobody in it.
    if (Is(batch.status(), "ADMISSION_STATE_LOST")) return absl::OkStatus();
    if (!batch.ok()) return AdmissionError(batch.status());
    if (!batch->more) return absl::OkStatus();
    if (p_.clock.Now() >= deadline) return absl::DeadlineExceededError("room: not empty yet, repeat the call");
  }
}

bool Cell::Mend(const absl::Status& error, const Room* room, absl::Time deadline) {
  if (Is(error, "ADMISSION_STATE_LOST")) return Rebuild(deadline).ok();
  if (redis::IsOutcomeUnknown(error)) return true;
  if (room == nullptr || !Is(error, "ROOM_NOT_LIVE")) return false;
  // Lost with Redis, or the product has moved to this cell; unless it was closed since the caller read it, or is being
  // closed: the admission lets go of a room before the database says so.
  const absl::StatusOr<Room> now = p_.store.GetRoom(room->product, room->id, deadline);
  if (!now.ok() || !MayHavePeople(*now, p_.clock.Now())) return false;
  const absl::StatusOr<std::string> node = Open(*now, true, deadline);
  if (!node.ok()) {
    TRIVIUM_LOG(kWarning, "an open room has no place in the admission", {"room", FormatId(kRoomIdKind, room->id)},
                {"error", node.status()});
    return false;
  }
  // It may have been closed in between: then nobody else would give its places back before the sweeper does.
  const absl::StatusOr<Room> after = p_.store.GetRoom(room->product, room->id, deadline);
  if (after.ok() && !MayHavePeople(*after, p_.clock.Now())) {
    (void)Close({room->product, room->id}, deadline);
    return false;
  }
  if (now->cell == p_.name && now->node == *node) return true;
  return p_.store.MoveRoom(room->product, room->id, p_.name, *node, deadline).ok();
}

absl::Status Cell::EachOpenRoom(absl::Time deadline, const std::function<absl::Status(const Room&)>& work) {
  Id after;
  while (true) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Room> rooms,
                             p_.store.ListOpenRooms(p_.name, after, kRoomsPage, deadline));
    for (const Room& room : rooms) TRIVIUM_RETURN_IF_ERROR(work(room));
    if (rooms.size() < static_cast<size_t>(kRoomsPage)) return absl::OkStatus();
    after = rooms.back().id;
  }
}

absl::StatusOr<bool> Cell::BeginAnew(const Call& call) {
  MutexLock lock(rebuild_mu_);
  if (p_.admission.CountCell(call).ok()) return false;  // Somebody was faster.
  // A cell that nobody has used yet has nothing to wait for.
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Room> open, p_.store.ListOpenRooms(p_.name, Id(), 1, call.deadline));
  const absl::Duration wait = open.empty() ? absl::ZeroDuration() : LongestLease();
  Call begin = call;
  if (!open.empty()) {
    // Numbers go on above the stored ones also when the clock of who gave the last ones was ahead: changes below the
    // mark would never be stored.
    TRIVIUM_ASSIGN_OR_RETURN(const DrainMark mark, p_.store.GetDrainMark(p_.name, call.deadline));
    begin.now = std::clamp(absl::FromUnixMillis(mark.sequence / 1000 + 1), call.now, call.now + kMaxClockSkew);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Generation generation, p_.admission.BeginGeneration(wait, begin));
  TRIVIUM_LOG(kWarning, "the admission's state begins anew", {"cell", p_.name},
              {"rebuild_s", absl::ToDoubleSeconds(wait)}, {"begun_here", generation.begun ? 1 : 0});
  return true;
}

absl::Status Cell::Rebuild(absl::Time deadline) { return BeginAnew(CallUntil(deadline)).status(); }

absl::Status Cell::RestoreRooms(absl::Time deadline) {
  const auto restore = [&]() -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(SetCapacities(CommonCapacities(), CallUntil(deadline)));
    return EachOpenRoom(deadline, [&](const Room& room) {
      if (!MayHavePeople(room, p_.clock.Now())) return absl::OkStatus();
      const absl::Status status = StartOn(room, room.node, true, CallUntil(deadline));
      if (status.ok()) return absl::OkStatus();
      TRIVIUM_LOG(kError, "an open room could not be brought back", {"room", FormatId(kRoomIdKind, room.id)},
                  {"error", status});
      // One room's trouble is its own: its next participant tries again. What all would have is tried again later.
      const bool of_all = Is(status, "ADMISSION_STATE_LOST") || Is(AdmissionError(status), "ADMISSION_UNAVAILABLE");
      return of_all ? status : absl::OkStatus();
    });
  };
  const absl::Status status = restore();
  p_.metrics.Rebuilt(status.ok() ? "done" : "failed");
  return status;
}

absl::Status Cell::SetCapacities(std::span<const Capacity> all, const Call& call) {
  for (size_t first = 0; first < all.size(); first += kMaxBatch) {
    TRIVIUM_RETURN_IF_ERROR(
        p_.admission.SetCapacities(all.subspan(first, std::min(kMaxBatch, all.size() - first)), call));
  }
  return absl::OkStatus();
}

absl::Status Cell::TellCapacities(absl::Time deadline) {
  const Call call = CallUntil(deadline);
  std::vector<Capacity> all = CommonCapacities();
  std::set<std::pair<std::string, std::string>> institutions;  // Of products that have a profile.
  TRIVIUM_RETURN_IF_ERROR(EachOpenRoom(call.deadline, [&](const Room& room) {
    const std::shared_ptr<const Profile> profile = p_.profiles.Find(room.product);
    if (profile != nullptr && institutions.emplace(room.product, room.institution_id).second)
      all.push_back({{.level = Level::kInstitution, .product = room.product, .name = room.institution_id},
                     profile->institution_capacity});
    return absl::OkStatus();
  }));
  return AdmissionError(SetCapacities(all, call));
}

}  // namespace trivium::live
