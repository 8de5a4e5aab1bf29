#include "services/live/admission/checks.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

using Found = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kMaxNumber = int64_t{1} << 52;  // Of epochs and sequences: exact in a double.

void Name(std::string path, const std::string& value, Found* found) {
  if (value.empty() || value.size() > kMaxNameBytes) {
    found->emplace_back(std::move(path), absl::StrCat(value.size(), " bytes, want 1 to ", kMaxNameBytes));
  }
}

template <typename T>
void Between(std::string path, T value, T low, T high, Found* found) {
  if (value < low || value > high) {
    found->emplace_back(std::move(path), absl::StrCat(value, ", want ", low, " to ", high));
  }
}

void Between(std::string path, absl::Duration value, absl::Duration low, absl::Duration high, Found* found) {
  if (value < low || value > high) {
    found->emplace_back(std::move(path), absl::StrCat(absl::FormatDuration(value), ", want ", absl::FormatDuration(low),
                                                      " to ", absl::FormatDuration(high)));
  }
}

void IsId(std::string path, const Id& id, Found* found) {
  if (id.IsZero()) found->emplace_back(std::move(path), "empty, want an id");
}

// Names of levels become parts of one field of a hash.
void LevelPart(std::string path, const std::string& value, Found* found) {
  Name(path, value, found);
  if (value.find('|') != std::string::npos)
    found->emplace_back(std::move(path), absl::StrCat("\"", value, "\", want no |"));
}

void Room(const RoomId& room, Found* found) {
  LevelPart("product", room.product, found);
  IsId("room_id", room.room_id, found);
}

void Places(const std::string& path, const PerRung& places, Found* found) {
  for (size_t i = 0; i < kRungs; ++i) {
    Between<int64_t>(absl::StrCat(path, "[", i, "]"), places[i], 0, kMaxCapacity, found);
  }
}

void Limits(const RoomLimits& limits, Found* found) {
  Places("limits.places", limits.places, found);
  Between("limits.staff_slots", limits.staff_slots, 1, kMaxStaffSlots, found);
  Between("limits.seats", limits.seats, 0, kMaxSeats, found);
  Between("limits.stage_size", limits.stage_size, 0, kMaxSeats, found);
  if (limits.seats > 0 && limits.stage_size > 0) {
    found->emplace_back("limits.stage_size", absl::StrCat(limits.stage_size, ", want 0 in a class with seats"));
  }
  Between<int64_t>("limits.queue_max", limits.queue_max, 0, kMaxQueue, found);
}

void LevelIs(const std::string& path, const LevelName& level, Found* found) {
  if (level.level == Level::kRoom) found->emplace_back(path, "ROOM, want a level above it");
  if (level.level == Level::kProduct || level.level == Level::kInstitution) {
    LevelPart(path + ".product", level.product, found);
  }
  if (level.level == Level::kInstitution || level.level == Level::kNode) LevelPart(path + ".name", level.name, found);
}

void Claim(const std::optional<ResumeClaim>& claim, Found* found) {
  if (!claim) return;
  IsId("claim.join_id", claim->join_id, found);
  Between<int64_t>("claim.epoch", claim->epoch, 1, kMaxNumber, found);
  Between<int64_t>("claim.placed", claim->placed, 1, kMaxNumber, found);
  Between<int64_t>("claim.ticket", claim->ticket, 0, kMaxNumber, found);
  Between("claim.seat", claim->seat, 0, claim->rung == Rung::kRtc ? kMaxSeats : 0, found);
  if (claim->rung == Rung::kWaiting && claim->ticket == 0) {
    found->emplace_back("claim.ticket", "0, want the ticket of who waits");
  }
}

void Person(const RoomId& room, const std::string& user_id, Found* found) {
  Room(room, found);
  Name("user_id", user_id, found);
}

}  // namespace

absl::Status CheckRebuild(absl::Duration rebuild) {
  Found found;
  Between("rebuild", rebuild, absl::ZeroDuration(), kMaxLease, &found);
  return FieldsError(found);
}

absl::Status CheckBatchSize(size_t items) {
  Found found;
  Between<size_t>("items", items, 0, kMaxBatch, &found);
  return FieldsError(found);
}

absl::Status CheckLimit(size_t limit, size_t max) {
  Found found;
  Between<size_t>("limit", limit, 1, max, &found);
  return FieldsError(found);
}

absl::Status CheckCapacities(std::span<const Capacity> capacities) {
  Found found;
  Between<size_t>("capacities", capacities.size(), 0, kMaxBatch, &found);
  for (size_t i = 0; i < capacities.size() && found.empty(); ++i) {
    LevelIs(absl::StrCat("capacities[", i, "].level"), capacities[i].level, &found);
    Places(absl::StrCat("capacities[", i, "].places"), capacities[i].places, &found);
  }
  return FieldsError(found);
}

absl::Status CheckLevels(std::span<const LevelName> levels) {
  Found found;
  Between<size_t>("levels", levels.size(), 0, kMaxBatch, &found);
  for (size_t i = 0; i < levels.size() && found.empty(); ++i)
    LevelIs(absl::StrCat("levels[", i, "]"), levels[i], &found);
  return FieldsError(found);
}

absl::Status CheckRoom(const RoomId& room) {
  Found found;
  Room(room, &found);
  return FieldsError(found);
}

absl::Status CheckParticipant(const RoomId& room, const std::string& user_id) {
  Found found;
  Person(room, user_id, &found);
  return FieldsError(found);
}

absl::Status Check(const StartRoomRequest& request) {
  Found found;
  Room(request.room, &found);
  if (!request.institution.empty()) LevelPart("institution", request.institution, &found);
  Places("institution_places", request.institution_places, &found);
  LevelPart("node", request.node, &found);
  Limits(request.limits, &found);
  Between<size_t>("bans", request.bans.size(), 0, kMaxBansRestored, &found);
  for (const Ban& ban : request.bans) Name("bans.user_id", ban.user_id, &found);
  return FieldsError(found);
}

absl::Status Check(const RoomId& room, const RoomLimits& limits) {
  Found found;
  Room(room, &found);
  Limits(limits, &found);
  return FieldsError(found);
}

absl::Status Check(const JoinRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  Name("request_id", request.request_id, &found);
  IsId("join_id", request.join_id, &found);
  Between("lease", request.lease, kMinLease, kMaxLease, &found);
  Claim(request.claim, &found);
  return FieldsError(found);
}

absl::Status Check(const RenewRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  Between<int64_t>("epoch", request.epoch, 1, kMaxNumber, &found);
  Between("lease", request.lease, kMinLease, kMaxLease, &found);
  Claim(request.claim, &found);
  return FieldsError(found);
}

absl::Status Check(const LeaveRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  Between<int64_t>("epoch", request.epoch, 0, kMaxNumber, &found);
  return FieldsError(found);
}

absl::Status Check(const MoveRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  Between("seat", request.seat, 0, request.to == Where::kStage ? kMaxSeats : 0, &found);
  return FieldsError(found);
}

absl::Status Check(const MuteRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  return FieldsError(found);
}

absl::Status Check(const RemoveRequest& request) {
  Found found;
  Person(request.room, request.user_id, &found);
  Between("ban", request.ban, kMinLease, kMaxBan, &found);
  return FieldsError(found);
}

}  // namespace trivium::live
