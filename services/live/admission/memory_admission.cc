#include "services/live/admission/memory_admission.h"

#include <algorithm>
#include <utility>

#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "services/live/admission/checks.h"
#include "services/live/admission/memory_cell.h"
#include "services/live/admission/refusal.h"

namespace trivium::live {
namespace {

class Memory : public MemoryAdmission {
 public:
  explicit Memory(const AdmissionOptions& options) { cell_.max_changes = options.max_changes; }

  void Lose() override {
    MutexLock lock(mu_);
    cell_.state = {};
    cell_.changes.clear();
  }

  absl::StatusOr<Generation> BeginGeneration(absl::Duration rebuild, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRebuild(rebuild));
    MutexLock lock(mu_);
    const bool begun = cell_.state.generation == 0;
    if (begun) {
      cell_.state = {};
      cell_.state.generation = cell_.state.sequence = absl::ToUnixMillis(call.now) * 1000;
      cell_.state.rebuild_until = WholeMillis(call.now) + absl::Floor(rebuild, absl::Milliseconds(1));
    }
    return Generation{cell_.state.generation, cell_.state.rebuild_until, begun};
  }

  absl::Status SetCapacities(std::span<const Capacity> capacities, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckCapacities(capacities));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    cell_.Next();
    for (const auto& [level, places] : capacities) {
      if (level.level != Level::kInstitution || cell_.state.CapacityOf(level) != nullptr)
        cell_.state.SetCapacity(level, places);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Batch> ExpireLeases(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = cell_.Next()};
    std::set<std::tuple<absl::Time, Id, std::string>> over;  // Oldest first.
    for (const auto& [id, room] : cell_.state.rooms) {
      for (const auto& [user, person] : room.people) {
        if (person.lease_ends <= cell_.now) over.emplace(person.lease_ends, id, user);
      }
    }
    std::vector<Id> freed;
    for (const auto& [ends, id, user] : over) {
      if (batch.done == static_cast<int64_t>(limit)) break;
      ++batch.done;
      if (cell_.PutOut(cell_.Next(), MemoryCell::Find(cell_.state.rooms.at(id), user), LeaveCause::kExpired))
        freed.push_back(id);
    }
    if (!freed.empty()) cell_.Settle(freed);
    cell_.ForgetBans(limit);
    batch.more = batch.done == static_cast<int64_t>(limit);
    return batch;
  }

  absl::StatusOr<Batch> AdmitWaiting(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = cell_.Next()};
    if (!cell_.Rebuilding())
      std::tie(batch.done, batch.more) = cell_.VisitInTurn(static_cast<int>(limit), static_cast<int>(limit));
    return batch;
  }

  absl::StatusOr<CellCounts> CountCell(const Call& call) override {
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    CellCounts counts{.generation = cell_.state.generation, .rebuild_until = cell_.state.rebuild_until};
    counts.rooms = static_cast<int64_t>(cell_.state.rooms.size());
    for (const auto& [id, room] : cell_.state.rooms) {
      counts.participants += static_cast<int64_t>(room.people.size());
      counts.waiting += room.On(Rung::kWaiting);
    }
    counts.waiting_rooms = static_cast<int64_t>(cell_.state.turns.size());
    counts.bans = static_cast<int64_t>(cell_.state.bans.size());
    counts.changes = static_cast<int64_t>(cell_.changes.size());
    counts.sequence = cell_.state.sequence;
    return counts;
  }

  absl::StatusOr<RoomsScan> ScanRooms(const std::string& cursor, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxPage));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    RoomsScan scan;
    const absl::StatusOr<Id> last = Id::FromBytes(cursor);
    auto next = cursor.empty() ? cell_.state.rooms.begin() : cell_.state.rooms.upper_bound(*last);
    for (; next != cell_.state.rooms.end() && scan.rooms.size() < limit; ++next) {
      const MemoryRoom& room = next->second;
      RoomUse& use = scan.rooms.emplace_back(RoomUse{.room = room.id, .node = room.node});
      for (const auto& [user, person] : room.people) ++use.on[Index(person.place.rung)];
    }
    if (next != cell_.state.rooms.end()) scan.cursor = scan.rooms.back().room.room_id.ToBytes();
    return scan;
  }

  absl::StatusOr<std::vector<LevelCounts>> CountLevels(std::span<const LevelName> levels, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLevels(levels));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    std::vector<LevelCounts> counts;
    for (const LevelName& level : levels) {
      counts.push_back({.level = level});
      const PerRung* places = cell_.state.CapacityOf(level);
      if (places == nullptr) continue;
      counts.back().known = true;
      counts.back().places = *places;
      for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) {
        counts.back().use[Index(rung)] = cell_.state.Use(level, rung);
      }
    }
    return counts;
  }

  absl::StatusOr<std::vector<Change>> ReadChanges(int64_t after, size_t limit, const Call&) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxChangesRead));
    MutexLock lock(mu_);
    std::vector<Change> read;
    for (const Change& change : cell_.changes) {
      if (change.sequence > after && read.size() < limit) read.push_back(change);
    }
    return read;
  }

  absl::Status TrimChanges(int64_t through, const Call&) override {
    MutexLock lock(mu_);
    while (!cell_.changes.empty() && cell_.changes.front().sequence <= through) cell_.changes.pop_front();
    return absl::OkStatus();
  }

  absl::Status StartRoom(const StartRoomRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    cell_.Next();
    if (cell_.Rebuilding() && !request.restored) return cell_.RefuseRebuilding();
    if (const auto found = cell_.state.rooms.find(request.room.room_id); found != cell_.state.rooms.end()) {
      const MemoryRoom& room = found->second;
      if (room.id != request.room || room.institution != request.institution || room.node != request.node) {
        return cell_.Refuse(Refusal::kStartedDifferently);
      }
      return room.ending ? cell_.Refuse(Refusal::kRoomEnding) : absl::OkStatus();
    }
    const std::vector<LevelName> levels = LevelsAbove(request.room.product, request.institution, request.node);
    for (const LevelName& level : levels) {
      if (level.level != Level::kInstitution && cell_.state.CapacityOf(level) == nullptr)
        return cell_.Refuse(Refusal::kCapacityUnknown, {MemoryCell::Number(level.level)});
    }
    MemoryRoom room{
        .id = request.room, .institution = request.institution, .node = request.node, .limits = request.limits};
    // A room that is not among the others counts only for itself: with its slice, and nothing more asked of its level.
    if (room.Use(Rung::kRtc) > room.limits.places[0]) return cell_.RefuseLevel(Level::kRoom);
    for (const LevelName& level : levels) {
      const PerRung& places =
          level.level == Level::kInstitution ? request.institution_places : *cell_.state.CapacityOf(level);
      if (cell_.state.Use(level, Rung::kRtc) + room.limits.staff_slots > places[0])
        return cell_.RefuseLevel(level.level);
    }
    for (const LevelName& level : levels) {
      if (level.level == Level::kInstitution) cell_.state.SetCapacity(level, request.institution_places);
    }
    cell_.state.rooms[request.room.room_id] = room;
    for (const Ban& ban : request.bans) cell_.state.bans[{request.room.room_id, ban.user_id}] = WholeMillis(ban.until);
    return absl::OkStatus();
  }

  absl::Status UpdateRoomLimits(const RoomId& id, const RoomLimits& limits, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(id, limits));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    cell_.Next();
    MemoryRoom* room = cell_.FindRoom(id);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    if (room->ending) return cell_.Refuse(Refusal::kRoomEnding);
    if ((room->limits.seats > 0) != (limits.seats > 0)) return cell_.Refuse(Refusal::kKindFixed);
    const int64_t needed = room->InSlice() + (room->TeacherInSlice() ? 0 : 1);
    if (limits.staff_slots < needed) return cell_.Refuse(Refusal::kSlotsInUse, {needed});
    const int more = limits.staff_slots - room->limits.staff_slots;
    if (more > 0) {
      if (room->Use(Rung::kRtc) + more > limits.places[0]) return cell_.RefuseLevel(Level::kRoom);
      for (const LevelName& level : LevelsAbove(id.product, room->institution, room->node)) {
        if (cell_.state.Use(level, Rung::kRtc) + more > (*cell_.state.CapacityOf(level))[0])
          return cell_.RefuseLevel(level.level);
      }
    }
    room->limits = limits;
    cell_.Settle({id.room_id});
    return absl::OkStatus();
  }

  absl::StatusOr<Batch> EndRoom(const RoomId& id, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = cell_.Next()};
    MemoryRoom* room = cell_.FindRoom(id);
    if (room == nullptr) return batch;
    room->ending = true;
    if (room->people.empty()) cell_.state.EraseRoom(id.room_id);
    while (cell_.FindRoom(id) != nullptr && batch.done < static_cast<int64_t>(limit)) {
      ++batch.done;
      cell_.PutOut(cell_.Next(), MemoryCell::Find(*room, room->people.begin()->first), LeaveCause::kRoomEnded);
    }
    cell_.Settle({});
    batch.more = cell_.FindRoom(id) != nullptr;
    return batch;
  }

  absl::StatusOr<RoomCounts> CountRoom(const RoomId& id, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    const MemoryRoom* room = cell_.FindRoom(id);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    RoomCounts counts{
        .institution = room->institution, .node = room->node, .limits = room->limits, .ending = room->ending};
    for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) counts.use[Index(rung)] = room->Use(rung);
    for (const auto& [user, person] : room->people) {
      ++counts.on[Index(person.place.rung)];
      ++counts.by_role[static_cast<size_t>(person.place.role) - 1];
      counts.seats_taken += person.place.seat > 0 ? 1 : 0;
    }
    counts.slice_taken = room->InSlice();
    counts.sequence = cell_.state.sequence;
    return counts;
  }

  absl::StatusOr<std::vector<Participant>> ListParticipants(const RoomId& id, const std::string& after, size_t limit,
                                                            const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxPage));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    MemoryRoom* room = cell_.FindRoom(id);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    std::vector<Participant> listed;
    for (auto next = room->people.upper_bound(after); next != room->people.end() && listed.size() < limit; ++next) {
      listed.push_back(cell_.ParticipantOf(MemoryCell::Find(*room, next->first)));
    }
    return listed;
  }

  absl::StatusOr<Participant> FindParticipant(const RoomId& id, const std::string& user_id, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckParticipant(id, user_id));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    MemoryRoom* room = cell_.FindRoom(id);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    if (!room->people.contains(user_id)) return cell_.Refuse(Refusal::kNotInRoom);
    return cell_.ParticipantOf(MemoryCell::Find(*room, user_id));
  }

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(requests, call, [this](const JoinRequest& r) {
      mu_.AssertHeld();
      return cell_.JoinOne(r);
    });
  }

  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(requests, call, [this](const RenewRequest& r) {
      mu_.AssertHeld();
      return cell_.RenewOne(r);
    });
  }

  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return Each<absl::Status>(requests, call, [this](const LeaveRequest& r) {
      mu_.AssertHeld();
      return cell_.LeaveOne(r);
    });
  }

  absl::StatusOr<Standing> Move(const MoveRequest& request, const Call& call) override {
    return Command(request, call, [&](Seatable p) -> absl::StatusOr<Standing> {
      mu_.AssertHeld();
      if (p.person.place.role != Role::kStudent) {
        return cell_.Refuse(Refusal::kRoleHasNoSeat, {MemoryCell::Number(p.person.place.role)});
      }
      if (p.person.place.rung == Rung::kWaiting) return cell_.Refuse(Refusal::kWaiting);
      if (p.room.SeatCount() == 0) return cell_.Refuse(Refusal::kRoomHasNoSeats);
      return request.to == Where::kStage ? cell_.ToStage(p, request.seat) : cell_.ToAudience(p);
    });
  }

  absl::StatusOr<Standing> SetMute(const MuteRequest& request, const Call& call) override {
    return Command(request, call, [&](Seatable p) -> absl::StatusOr<Standing> {
      mu_.AssertHeld();
      if (p.person.place.mute != request.mute) {
        p.person.place.mute = request.mute;
        cell_.Tell(cell_.number, ChangeKind::kMuted, p);
      }
      return cell_.StandingOf(p, true);
    });
  }

  absl::StatusOr<bool> Remove(const RemoveRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    cell_.Next();
    MemoryRoom* room = cell_.FindRoom(request.room);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    if (room->ending) return cell_.Refuse(Refusal::kRoomEnding);
    cell_.state.bans[{request.room.room_id, request.user_id}] =
        cell_.now + absl::Floor(request.ban, absl::Milliseconds(1));
    if (!room->people.contains(request.user_id)) return false;
    if (cell_.PutOut(cell_.number, MemoryCell::Find(*room, request.user_id), LeaveCause::kRemoved))
      cell_.Settle({request.room.room_id});
    return true;
  }

 private:
  absl::Status Begin(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (cell_.state.generation == 0) return StateLost();
    cell_.now = WholeMillis(call.now);
    return absl::OkStatus();
  }

  template <typename Outcome, typename Request, typename One>
  std::vector<Outcome> Each(std::span<const Request> requests, const Call& call, One one) {
    if (absl::Status size = CheckBatchSize(requests.size()); !size.ok()) {
      return std::vector<Outcome>(requests.size(), Outcome(size));
    }
    std::vector<Outcome> outcomes;
    for (const Request& request : requests) {
      const absl::Status checked = Check(request);
      if (!checked.ok()) {
        outcomes.push_back(checked);
        continue;
      }
      MutexLock lock(mu_);
      const absl::Status begun = Begin(call);
      outcomes.push_back(begun.ok() ? one(request) : Outcome(begun));
    }
    return outcomes;
  }

  template <typename Request, typename Do>
  absl::StatusOr<Standing> Command(const Request& request, const Call& call, Do command) {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    cell_.Next();
    MemoryRoom* room = cell_.FindRoom(request.room);
    if (room == nullptr) return cell_.Refuse(Refusal::kRoomNotLive);
    if (room->ending) return cell_.Refuse(Refusal::kRoomEnding);
    if (!room->people.contains(request.user_id)) return cell_.Refuse(Refusal::kNotInRoom);
    return command(MemoryCell::Find(*room, request.user_id));
  }

  Mutex mu_;
  MemoryCell cell_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<MemoryAdmission> NewMemoryAdmission(const AdmissionOptions& options) {
  return std::make_unique<Memory>(options);
}

}  // namespace trivium::live
