#include "services/live/admission/memory_admission.h"

#include <algorithm>
#include <utility>

#include "libs/status/status.h"
#include "libs/sync/mutex.h"
#include "services/live/admission/checks.h"
#include "services/live/admission/memory_state.h"
#include "services/live/admission/refusal.h"

namespace trivium::live {
namespace {

constexpr int kVisits = 8;  // MAX_VISITS of lua/places.lua.

absl::Time Millis(absl::Time time) { return absl::FromUnixMillis(absl::ToUnixMillis(time)); }

// A person in its room.
struct Seatable {
  MemoryRoom& room;
  const std::string& user_id;
  MemoryPerson& person;
};

class Memory : public MemoryAdmission {
 public:
  explicit Memory(AdmissionOptions options) : options_(std::move(options)) {}

  void Lose() override {
    MutexLock lock(mu_);
    state_ = {};
    changes_.clear();
  }

  absl::StatusOr<Generation> BeginGeneration(absl::Duration rebuild, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRebuild(rebuild));
    MutexLock lock(mu_);
    const bool begun = state_.generation == 0;
    if (begun) {
      state_ = {};
      state_.generation = state_.sequence = absl::ToUnixMillis(call.now) * 1000;
      state_.rebuild_until = Millis(call.now) + absl::Floor(rebuild, absl::Milliseconds(1));
    }
    return Generation{state_.generation, state_.rebuild_until, begun};
  }

  absl::Status SetCapacities(std::span<const Capacity> capacities, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckCapacities(capacities));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Next();
    for (const auto& [level, places] : capacities) state_.capacities[{level.level, level.product, level.name}] = places;
    return absl::OkStatus();
  }

  absl::StatusOr<Batch> ExpireLeases(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = Next()};
    std::set<std::tuple<absl::Time, Id, std::string>> over;  // Oldest first.
    for (const auto& [id, room] : state_.rooms) {
      for (const auto& [user, person] : room.people) {
        if (person.lease_ends <= now_) over.emplace(person.lease_ends, id, user);
      }
    }
    std::vector<Id> freed;
    for (const auto& [ends, id, user] : over) {
      if (batch.done == static_cast<int64_t>(limit)) break;
      ++batch.done;
      if (PutOut(Next(), Find(state_.rooms.at(id), user), LeaveCause::kExpired)) freed.push_back(id);
    }
    if (!freed.empty()) Settle(freed);
    ForgetBans(limit);
    batch.more = batch.done == static_cast<int64_t>(limit);
    return batch;
  }

  absl::StatusOr<Batch> AdmitWaiting(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = Next()};
    if (!Rebuilding()) std::tie(batch.done, batch.more) = VisitInTurn(static_cast<int>(limit), static_cast<int>(limit));
    return batch;
  }

  absl::StatusOr<CellCounts> CountCell(const Call& call) override {
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    CellCounts counts{.generation = state_.generation, .rebuild_until = state_.rebuild_until};
    counts.rooms = static_cast<int64_t>(state_.rooms.size());
    for (const auto& [id, room] : state_.rooms) {
      counts.participants += static_cast<int64_t>(room.people.size());
      counts.waiting += room.On(Rung::kWaiting);
    }
    counts.waiting_rooms = static_cast<int64_t>(state_.turns.size());
    counts.bans = static_cast<int64_t>(state_.bans.size());
    counts.changes = static_cast<int64_t>(changes_.size());
    counts.sequence = state_.sequence;
    return counts;
  }

  absl::StatusOr<std::vector<LevelCounts>> CountLevels(std::span<const LevelName> levels, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLevels(levels));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    std::vector<LevelCounts> counts;
    for (const LevelName& level : levels) {
      counts.push_back({.level = level});
      const PerRung* places = state_.CapacityOf(level);
      if (places == nullptr) continue;
      counts.back().known = true;
      counts.back().places = *places;
      for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) {
        counts.back().use[Index(rung)] = state_.Use(level, rung);
      }
    }
    return counts;
  }

  absl::StatusOr<std::vector<Change>> ReadChanges(int64_t after, size_t limit, const Call&) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxChangesRead));
    MutexLock lock(mu_);
    std::vector<Change> read;
    for (const Change& change : changes_) {
      if (change.sequence > after && read.size() < limit) read.push_back(change);
    }
    return read;
  }

  absl::Status TrimChanges(int64_t through, const Call&) override {
    MutexLock lock(mu_);
    while (!changes_.empty() && changes_.front().sequence <= through) changes_.pop_front();
    return absl::OkStatus();
  }

  absl::Status StartRoom(const StartRoomRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Next();
    if (Rebuilding() && !request.restored) return RefuseRebuilding();
    if (const auto found = state_.rooms.find(request.room.room_id); found != state_.rooms.end()) {
      const MemoryRoom& room = found->second;
      if (room.id != request.room || room.institution != request.institution || room.node != request.node) {
        return Refuse(Refusal::kStartedDifferently);
      }
      return room.ending ? Refuse(Refusal::kRoomEnding) : absl::OkStatus();
    }
    for (const LevelName& level : LevelsAbove(request.room.product, request.institution, request.node)) {
      if (state_.CapacityOf(level) == nullptr) return Refuse(Refusal::kCapacityUnknown, {Number(level.level)});
    }
    MemoryRoom room{
        .id = request.room, .institution = request.institution, .node = request.node, .limits = request.limits};
    // A room that is not among the others counts only for itself: with its slice, and nothing more asked of its level.
    if (room.Use(Rung::kRtc) > room.limits.places[0]) return RefuseLevel(Level::kRoom);
    for (const LevelName& level : LevelsAbove(request.room.product, request.institution, request.node)) {
      if (state_.Use(level, Rung::kRtc) + room.limits.staff_slots > (*state_.CapacityOf(level))[0]) {
        return RefuseLevel(level.level);
      }
    }
    state_.rooms[request.room.room_id] = room;
    for (const Ban& ban : request.bans) state_.bans[{request.room.room_id, ban.user_id}] = Millis(ban.until);
    return absl::OkStatus();
  }

  absl::Status UpdateRoomLimits(const RoomId& id, const RoomLimits& limits, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(id, limits));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Next();
    MemoryRoom* room = FindRoom(id);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    if (room->ending) return Refuse(Refusal::kRoomEnding);
    if ((room->limits.seats > 0) != (limits.seats > 0)) return Refuse(Refusal::kKindFixed);
    const int64_t needed = room->InSlice() + (room->TeacherInSlice() ? 0 : 1);
    if (limits.staff_slots < needed) return Refuse(Refusal::kSlotsInUse, {needed});
    const int more = limits.staff_slots - room->limits.staff_slots;
    if (more > 0) {
      if (room->Use(Rung::kRtc) + more > limits.places[0]) return RefuseLevel(Level::kRoom);
      for (const LevelName& level : LevelsAbove(id.product, room->institution, room->node)) {
        if (state_.Use(level, Rung::kRtc) + more > (*state_.CapacityOf(level))[0]) return RefuseLevel(level.level);
      }
    }
    room->limits = limits;
    Settle({id.room_id});
    return absl::OkStatus();
  }

  absl::StatusOr<Batch> EndRoom(const RoomId& id, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Batch batch{.sequence = Next()};
    MemoryRoom* room = FindRoom(id);
    if (room == nullptr) return batch;
    room->ending = true;
    if (room->people.empty()) state_.rooms.erase(id.room_id);
    while (FindRoom(id) != nullptr && batch.done < static_cast<int64_t>(limit)) {
      ++batch.done;
      PutOut(Next(), Find(*room, room->people.begin()->first), LeaveCause::kRoomEnded);
    }
    Settle({});
    batch.more = FindRoom(id) != nullptr;
    return batch;
  }

  absl::StatusOr<RoomCounts> CountRoom(const RoomId& id, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    const MemoryRoom* room = FindRoom(id);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    RoomCounts counts{
        .institution = room->institution, .node = room->node, .limits = room->limits, .ending = room->ending};
    for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) counts.use[Index(rung)] = room->Use(rung);
    for (const auto& [user, person] : room->people) {
      ++counts.on[Index(person.place.rung)];
      ++counts.by_role[static_cast<size_t>(person.place.role) - 1];
      counts.seats_taken += person.place.seat > 0 ? 1 : 0;
    }
    counts.slice_taken = room->InSlice();
    counts.sequence = state_.sequence;
    return counts;
  }

  absl::StatusOr<std::vector<Participant>> ListParticipants(const RoomId& id, const std::string& after, size_t limit,
                                                            const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(id));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxPage));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    const MemoryRoom* room = FindRoom(id);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    std::vector<Participant> listed;
    for (auto next = room->people.upper_bound(after); next != room->people.end() && listed.size() < limit; ++next) {
      listed.push_back({next->first, next->second.place});
    }
    return listed;
  }

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(requests, call, [this](const JoinRequest& r) { return JoinOne(r); });
  }

  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(requests, call, [this](const RenewRequest& r) { return RenewOne(r); });
  }

  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return Each<absl::Status>(requests, call, [this](const LeaveRequest& r) { return LeaveOne(r); });
  }

  absl::StatusOr<Standing> Move(const MoveRequest& request, const Call& call) override {
    return Command(request, call, [&](Seatable p) -> absl::StatusOr<Standing> {
      if (p.person.place.role != Role::kStudent) {
        return Refuse(Refusal::kRoleHasNoSeat, {Number(p.person.place.role)});
      }
      if (p.person.place.rung == Rung::kWaiting) return Refuse(Refusal::kWaiting);
      if (p.room.SeatCount() == 0) return Refuse(Refusal::kRoomHasNoSeats);
      return request.to == Where::kStage ? ToStage(p, request.seat) : ToAudience(p);
    });
  }

  absl::StatusOr<Standing> SetMute(const MuteRequest& request, const Call& call) override {
    return Command(request, call, [&](Seatable p) -> absl::StatusOr<Standing> {
      if (p.person.place.mute != request.mute) {
        p.person.place.mute = request.mute;
        Tell(number_, ChangeKind::kMuted, p);
      }
      return StandingOf(p, true);
    });
  }

  absl::StatusOr<bool> Remove(const RemoveRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    MutexLock lock(mu_);
    TRIVIUM_RETURN_IF_ERROR(Begin(call));
    Next();
    MemoryRoom* room = FindRoom(request.room);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    if (room->ending) return Refuse(Refusal::kRoomEnding);
    state_.bans[{request.room.room_id, request.user_id}] = now_ + absl::Floor(request.ban, absl::Milliseconds(1));
    if (!room->people.contains(request.user_id)) return false;
    if (PutOut(number_, Find(*room, request.user_id), LeaveCause::kRemoved)) Settle({request.room.room_id});
    return true;
  }

 private:
  // --- The step: its time and number.
  absl::Status Begin(const Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (state_.generation == 0) return StateLost();
    now_ = Millis(call.now);
    return absl::OkStatus();
  }

  int64_t Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    state_.sequence = std::max(state_.sequence + 1, absl::ToUnixMillis(now_) * 1000);
    return state_.sequence;
  }
  // A step's own number, which its answer has.
  int64_t Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return number_ = Advance(); }

  bool Rebuilding() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return now_ < state_.rebuild_until; }

  void Observe(const std::optional<ResumeClaim>& claim) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (claim && Rebuilding()) {
      state_.sequence = std::max({state_.sequence, claim->epoch, claim->placed, claim->ticket});
    }
  }

  template <typename T>
  static int64_t Number(T value) {
    return static_cast<int64_t>(value);
  }
  absl::Status Refuse(Refusal refusal, const RefusalDetail& detail = {}) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return RefusalError(refusal, detail, number_, now_);
  }
  absl::Status RefuseLevel(Level level) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return Refuse(Refusal::kLevelFull, {Number(level), Number(Rung::kRtc)});
  }
  absl::Status RefuseRebuilding() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return Refuse(Refusal::kRebuilding, {absl::ToUnixMillis(state_.rebuild_until)});
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
    Next();
    MemoryRoom* room = FindRoom(request.room);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    if (room->ending) return Refuse(Refusal::kRoomEnding);
    if (!room->people.contains(request.user_id)) return Refuse(Refusal::kNotInRoom);
    return command(Find(*room, request.user_id));
  }

  // --- Who is where.
  MemoryRoom* FindRoom(const RoomId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto found = state_.rooms.find(id.room_id);
    return found == state_.rooms.end() || found->second.id != id ? nullptr : &found->second;
  }

  static Seatable Find(MemoryRoom& room, const std::string& user_id) {
    const auto found = room.people.find(user_id);
    return {room, found->first, found->second};
  }

  std::optional<absl::Time> BannedUntil(const RoomId& room, const std::string& user_id) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto found = state_.bans.find({room.room_id, user_id});
    if (found == state_.bans.end() || found->second <= now_) return std::nullopt;
    return found->second;
  }

  void ForgetBans(size_t limit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::set<std::tuple<absl::Time, Id, std::string>> over;
    for (const auto& [key, until] : state_.bans) {
      if (until <= now_) over.emplace(until, key.first, key.second);
    }
    for (const auto& [until, room, user] : over) {
      if (limit-- == 0) break;
      state_.bans.erase({room, user});
    }
  }

  void Tell(int64_t sequence, ChangeKind kind, Seatable p, LeaveCause cause = LeaveCause::kNone)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    changes_.push_back({.sequence = sequence,
                        .kind = kind,
                        .time = now_,
                        .room = p.room.id,
                        .user_id = p.user_id,
                        .request_id = p.person.request_id,
                        .place = p.person.place,
                        .cause = cause});
  }

  absl::StatusOr<Standing> StandingOf(Seatable p, bool returned) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Standing standing{.place = p.person.place, .lease_ends = p.person.lease_ends, .returned = returned};
    standing.sequence = number_;
    if (p.person.place.rung == Rung::kWaiting) {
      const auto line = p.room.Line(p.room.NeedsSeat(p.person.place.role));
      standing.queue_position = 1 + std::distance(line.begin(), line.find({p.person.place.ticket, p.user_id}));
      if (p.room.interval_ms > 0) {
        standing.estimated_wait = absl::Milliseconds(standing.queue_position * p.room.interval_ms);
      }
    }
    return standing;
  }

  // --- Places. A place is given by writing it down: everything else is counted.
  void Put(Seatable p, Rung rung, int seat, bool slice) {
    p.person.place.rung = rung;
    p.person.place.seat = seat;
    p.person.place.slice = slice;
  }

  // Into the queue, by its ticket. The room takes its turn after those that have one.
  void Wait(Seatable p) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Put(p, Rung::kWaiting, 0, false);
    const Id& id = p.room.id.room_id;
    if (std::find(state_.turns.begin(), state_.turns.end(), id) == state_.turns.end()) state_.turns.push_back(id);
  }

  void GiveUpTurnWithoutWaiters(const MemoryRoom& room) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (room.On(Rung::kWaiting) == 0) std::erase(state_.turns, room.id.room_id);
  }

  // For one of a line: the first rung with a free place on all levels, and why those before had none. Viewers of a
  // small class leave an RTC place for each free seat.
  std::pair<std::optional<Rung>, FullLevels> FreeRung(const MemoryRoom& room, bool for_seats) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    FullLevels full;
    for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) {
      if (for_seats && rung != Rung::kRtc) break;
      full[Index(rung)] = state_.FullLevel(room, rung, 1);
      const int64_t kept = rung == Rung::kRtc && !for_seats ? room.FreeSeats() : 0;
      if (room.Use(rung) + 1 + kept > room.limits.places[Index(rung)]) full[Index(rung)] = Level::kRoom;
      if (!full[Index(rung)]) return {rung, full};
    }
    return {std::nullopt, full};
  }

  // Ends a stay. True when that freed a place.
  bool PutOut(int64_t sequence, Seatable p, LeaveCause cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Tell(sequence, ChangeKind::kLeft, p, cause);
    const bool freed = p.person.place.rung != Rung::kWaiting;
    MemoryRoom& room = p.room;
    room.people.erase(std::string(p.user_id));
    GiveUpTurnWithoutWaiters(room);
    if (room.ending && room.people.empty()) state_.rooms.erase(Id(room.id.room_id));
    return freed;
  }

  // Admits the first of a line when there is a place for it: 1, else 0.
  int AdmitFirst(MemoryRoom& room, bool for_seats) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto line = room.Line(for_seats);
    if (line.empty()) return 0;
    const int seat = for_seats ? room.FreeSeat(room.limits.seats) : 0;
    if (for_seats && seat == 0) return 0;
    const auto [rung, full] = FreeRung(room, for_seats);
    if (!rung) return 0;
    const Seatable p = Find(room, line.begin()->second);
    Put(p, *rung, seat, false);
    GiveUpTurnWithoutWaiters(room);
    Placed(p, Why::kAdmitted, full, Advance());
    Smooth(room);
    Tell(p.person.place.placed, ChangeKind::kAdmitted, p);
    return 1;
  }

  void Placed(Seatable p, Why why, const FullLevels& full, int64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    p.person.place.why = why;
    p.person.place.full = full;
    p.person.place.placed = sequence;
    p.person.place.placed_at = now_;
  }

  void Smooth(MemoryRoom& room) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (room.last_admitted != absl::InfinitePast()) {
      const int64_t gap = std::max<int64_t>(0, absl::ToInt64Milliseconds(now_ - room.last_admitted));
      room.interval_ms = std::max<int64_t>(1, room.interval_ms > 0 ? (4 * room.interval_ms + gap) / 5 : gap);
    }
    room.last_admitted = now_;
  }

  int Visit(MemoryRoom& room) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (room.ending) return 0;
    const int seated = AdmitFirst(room, true);
    return seated + AdmitFirst(room, false);
  }

  // How many were admitted, and whether it stopped for the limits only.
  std::pair<int64_t, bool> VisitInTurn(int limit, int max_visits) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    int admitted = 0;
    size_t idle = 0;
    for (int visits = 0; admitted < limit && visits < max_visits; ++visits) {
      if (idle >= state_.turns.size()) return {admitted, false};
      const Id id = state_.turns.front();
      const int count = Visit(state_.rooms.at(id));
      admitted += count;
      idle = count == 0 ? idle + 1 : 0;
      if (!state_.turns.empty() && state_.turns.front() == id) {
        state_.turns.pop_front();
        state_.turns.push_back(id);
      }
    }
    return {admitted, admitted > 0};
  }

  // After places of these rooms were freed.
  void Settle(const std::vector<Id>& freed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (Rebuilding()) return;
    std::set<Id> done;
    for (const Id& id : freed) {
      const auto room = state_.rooms.find(id);
      if (room == state_.rooms.end() || !done.insert(id).second) continue;
      for (int i = 0; i < kVisits && Visit(room->second) > 0; ++i) {
      }
    }
    VisitInTurn(kVisits, kVisits);
  }

  // --- Participants.
  absl::StatusOr<Standing> JoinOne(const JoinRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Observe(request.claim);
    Next();
    MemoryRoom* room = FindRoom(request.room);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    if (room->ending) return Refuse(Refusal::kRoomEnding);
    if (const auto until = BannedUntil(request.room, request.user_id)) {
      return Refuse(Refusal::kBanned, {absl::ToUnixMillis(*until)});
    }
    const auto found = room->people.find(request.user_id);
    if (found == room->people.end()) return JoinNew(*room, request);
    const Seatable p{*room, found->first, found->second};
    if (p.person.place.role != request.role) return Refuse(Refusal::kRoleDiffers, {Number(p.person.place.role)});
    if (p.person.request_id != request.request_id) {
      p.person.place.epoch = number_;
      p.person.request_id = request.request_id;
      Tell(number_, ChangeKind::kReconnected, p);
    }
    p.person.lease_ends = LeaseEnd(request.lease);
    return StandingOf(p, true);
  }

  absl::Time LeaseEnd(absl::Duration lease) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return now_ + absl::Floor(lease, absl::Milliseconds(1));
  }

  absl::StatusOr<Standing> JoinNew(MemoryRoom& room, const JoinRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const bool claims = request.claim && request.claim->role == request.role;
    if (Rebuilding() && !claims) return RefuseRebuilding();
    MemoryPerson person{.request_id = request.request_id, .lease_ends = LeaseEnd(request.lease)};
    person.place.join_id = request.join_id;
    person.place.epoch = number_;
    person.place.role = request.role;
    person.place.joined = now_;
    return Enter(room, request.user_id, person, Rebuilding() ? &*request.claim : nullptr, false);
  }

  // A stay begins, or comes back by its claim. `person` has everything but a place.
  absl::StatusOr<Standing> Enter(MemoryRoom& room, const std::string& user_id, MemoryPerson person,
                                 const ResumeClaim* claim, bool returned) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (static_cast<int64_t>(changes_.size()) >= options_.max_changes) {
      return Refuse(Refusal::kChangesBacklog, {options_.max_changes});
    }
    tell_as_ = number_;
    if (claim != nullptr) {
      TRIVIUM_RETURN_IF_ERROR(Resume(room, *claim, &person.place));
    } else {
      TRIVIUM_RETURN_IF_ERROR(PlaceNew(room, &person.place));
    }
    const auto entered = room.people.emplace(user_id, std::move(person)).first;
    const Seatable p{room, entered->first, entered->second};
    const bool waits = p.person.place.rung == Rung::kWaiting;
    if (waits) Wait(p);
    Tell(tell_as_, claim != nullptr ? ChangeKind::kResumed : waits ? ChangeKind::kQueued : ChangeKind::kJoined, p);
    return StandingOf(p, returned);
  }

  // Finds a place for a newcomer, kWaiting included.
  absl::Status PlaceNew(const MemoryRoom& room, Place* place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    place->placed = number_;
    place->placed_at = now_;
    if (IsStaff(place->role)) return PlaceStaff(room, place);
    const bool needs_seat = room.NeedsSeat(place->role);
    place->rung = Rung::kWaiting;
    if (!room.Line(needs_seat).empty()) {
      place->why = Why::kBehindQueue;
    } else if (needs_seat && room.FreeSeat(room.limits.seats) == 0) {
      place->why = Why::kSeatsTaken;
    } else {
      const auto [rung, full] = FreeRung(room, needs_seat);
      place->full = full;
      place->why = rung ? Why::kFreePlace : Why::kFull;
      if (rung) place->rung = *rung;
      if (rung && needs_seat) place->seat = room.FreeSeat(room.limits.seats);
    }
    if (place->rung != Rung::kWaiting) return absl::OkStatus();
    if (room.QueueIsFull()) return RefuseQueue(*place);
    place->ticket = number_;
    return absl::OkStatus();
  }

  absl::Status RefuseQueue(const Place& place) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    RefusalDetail detail{Number(place.why)};
    for (size_t i = 0; i < kRungs; ++i) detail[i + 1] = place.full[i] ? Number(*place.full[i]) : 0;
    return Refuse(Refusal::kQueueFull, detail);
  }

  absl::Status PlaceStaff(const MemoryRoom& room, Place* place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    place->slice = room.SliceOpen(place->role);
    if (!place->slice && state_.FullLevel(room, Rung::kRtc, 1)) return Refuse(Refusal::kStaffSliceFull);
    place->rung = Rung::kRtc;
    if (place->why != Why::kResumed) place->why = place->slice ? Why::kStaffSlice : Why::kFreePlace;
    return absl::OkStatus();
  }

  // The place that a claim proves, or one in the queue.
  absl::Status Resume(MemoryRoom& room, const ResumeClaim& claim, Place* place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    place->join_id = claim.join_id;
    place->joined = claim.joined;
    place->mute = claim.mute;
    place->placed = claim.placed;
    place->ticket = claim.ticket;
    place->placed_at = now_;
    place->why = Why::kResumed;
    if (IsStaff(place->role)) return PlaceStaff(room, place);
    place->rung = Rung::kWaiting;
    if (claim.rung != Rung::kWaiting) {
      if (ClaimStands(room, claim, place)) {
        place->rung = claim.rung;
        place->seat = claim.seat;
        return absl::OkStatus();
      }
      place->why = Why::kOutdone;
      if (place->ticket == 0) place->ticket = place->placed;
    }
    if (!room.QueueIsFull()) return absl::OkStatus();
    return Refuse(Refusal::kQueueFull, {Number(Why::kOutdone)});
  }

  // Whether the claimed rung and seat can be had. The holder of the seat makes way for a newer claim.
  bool ClaimStands(MemoryRoom& room, const ResumeClaim& claim, Place* place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const std::string* holder = nullptr;
    if (claim.seat > 0) {
      if (claim.role != Role::kStudent || claim.seat > room.SeatCount()) return false;
      holder = room.HolderOf(claim.seat);
      if (holder != nullptr && room.people.at(*holder).place.placed >= claim.placed) return false;
    }
    // The holder's place will be free.
    place->full[Index(claim.rung)] = state_.FullLevel(room, claim.rung, holder == nullptr ? 1 : 0);
    if (place->full[Index(claim.rung)]) return false;
    if (holder != nullptr) {
      Outdo(Find(room, *holder));
      tell_as_ = Advance();
    }
    return true;
  }

  void Outdo(Seatable p) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (p.room.QueueIsFull()) {
      PutOut(number_, p, LeaveCause::kOutdone);
      return;
    }
    if (p.person.place.ticket == 0) p.person.place.ticket = p.person.place.placed;
    Wait(p);
    Placed(p, Why::kOutdone, {}, number_);
    Tell(number_, ChangeKind::kOutdone, p);
  }

  absl::StatusOr<Standing> RenewOne(const RenewRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Observe(request.claim);
    Next();
    MemoryRoom* room = FindRoom(request.room);
    if (room == nullptr) return Refuse(Refusal::kRoomNotLive);
    if (room->ending) return Refuse(Refusal::kRoomEnding);
    const bool claims = Rebuilding() && request.claim && request.claim->epoch == request.epoch;
    const auto found = room->people.find(request.user_id);
    if (found == room->people.end()) {
      if (const auto until = BannedUntil(request.room, request.user_id)) {
        return Refuse(Refusal::kBanned, {absl::ToUnixMillis(*until)});
      }
      if (!Rebuilding()) return Refuse(Refusal::kNotInRoom);
      if (!claims) return RefuseRebuilding();
      MemoryPerson person{.lease_ends = LeaseEnd(request.lease)};
      person.place.epoch = request.epoch;
      person.place.role = request.claim->role;
      return Enter(*room, request.user_id, person, &*request.claim, true);
    }
    const Seatable p{*room, found->first, found->second};
    if (request.epoch < p.person.place.epoch) return Refuse(Refusal::kSuperseded, {p.person.place.epoch});
    if (request.epoch > p.person.place.epoch) {
      if (!claims) return Refuse(Refusal::kNotInRoom);
      p.person.place.epoch = request.epoch;
      Tell(number_, ChangeKind::kReconnected, p);
    }
    p.person.lease_ends = LeaseEnd(request.lease);
    return StandingOf(p, true);
  }

  absl::Status LeaveOne(const LeaveRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Next();
    MemoryRoom* room = FindRoom(request.room);
    if (room == nullptr || !room->people.contains(request.user_id)) return absl::OkStatus();
    const Seatable p = Find(*room, request.user_id);
    if (request.epoch != 0 && request.epoch != p.person.place.epoch) {
      return Refuse(Refusal::kSuperseded, {p.person.place.epoch});
    }
    if (PutOut(number_, p, LeaveCause::kLeft)) Settle({request.room.room_id});
    return absl::OkStatus();
  }

  absl::StatusOr<Standing> ToStage(Seatable p, int wanted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const int count = p.room.SeatCount();
    Place& place = p.person.place;
    if (wanted > count) return Refuse(Refusal::kNoSuchSeat, {count});
    if (place.seat > 0 && (wanted == 0 || wanted == place.seat)) return StandingOf(p, true);
    if (wanted > 0 && p.room.HolderOf(wanted) != nullptr) return Refuse(Refusal::kSeatTaken, {wanted});
    const int seat = wanted > 0 ? wanted : p.room.FreeSeat(count);
    if (seat == 0) return Refuse(Refusal::kSeatsFull, {count});
    if (place.rung != Rung::kRtc) {
      if (const auto full = state_.FullLevel(p.room, Rung::kRtc, 1)) return RefuseLevel(*full);
    }
    const bool freed = place.seat > 0 || place.rung != Rung::kRtc;
    Put(p, Rung::kRtc, seat, false);
    return Moved(p, freed);
  }

  absl::StatusOr<Standing> ToAudience(Seatable p) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (p.person.place.seat == 0) return StandingOf(p, true);
    Put(p, p.person.place.rung, 0, false);
    return Moved(p, true);
  }

  absl::StatusOr<Standing> Moved(Seatable p, bool freed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Placed(p, Why::kMoved, {}, number_);
    Tell(number_, ChangeKind::kMoved, p);
    if (freed) Settle({p.room.id.room_id});
    return StandingOf(p, true);
  }

  const AdmissionOptions options_;
  Mutex mu_;
  MemoryState state_ ABSL_GUARDED_BY(mu_);
  std::deque<Change> changes_ ABSL_GUARDED_BY(mu_);  // Oldest first.
  absl::Time now_ ABSL_GUARDED_BY(mu_);              // Of the step, in whole ms.
  int64_t number_ ABSL_GUARDED_BY(mu_) = 0;          // Of the step.
  // Of a new stay's change: the step's, or a later one when another's change comes first.
  int64_t tell_as_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

std::unique_ptr<MemoryAdmission> NewMemoryAdmission(AdmissionOptions options) {
  return std::make_unique<Memory>(std::move(options));
}

}  // namespace trivium::live
