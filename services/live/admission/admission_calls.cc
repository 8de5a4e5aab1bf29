#include "services/live/admission/admission_calls.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"
#include "services/live/admission/refusal.h"

namespace trivium::live {
namespace {

Id IdOf(uint8_t kind, uint64_t number) {
  Id id;
  id.bytes[0] = kind;
  for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

// As many join ids as tests want, each once in a process.
Id NextJoinId() {
  static std::atomic<uint64_t> next{1};
  return IdOf(2, next++);
}

constexpr std::string_view kKinds[] = {"",        "JOINED", "QUEUED", "ADMITTED", "RECONNECTED",
                                       "RESUMED", "MOVED",  "MUTED",  "LEFT",     "OUTDONE"};
constexpr std::string_view kCauses[] = {"", "LEFT", "EXPIRED", "REMOVED", "ROOM_ENDED", "OUTDONE"};

}  // namespace

RoomLimits LargeRoom(PerRung places, int stage_size) {
  return {.places = places, .staff_slots = 1, .stage_size = stage_size, .queue_max = 10};
}

RoomLimits SmallClass(int seats) {
  return {.places = {seats + 2, 0, 2}, .staff_slots = 2, .seats = seats, .queue_max = 10};
}

void AdmissionCalls::Begin(absl::Duration rebuild) {
  const auto begun = admission_.BeginGeneration(rebuild, call());
  ASSERT_TRUE(begun.ok()) << begun.status();
  SetEach({1000, 1000, 1000});
}

void AdmissionCalls::SetEach(const PerRung& places) {
  for (const Level level : {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode}) {
    SetLevel(level, places);
  }
}

LevelName AdmissionCalls::NameOfLevel(Level level) {
  switch (level) {
    case Level::kProduct:
      return {level, kProduct, ""};
    case Level::kInstitution:
      return {level, kProduct, kInstitution};
    case Level::kNode:
      return {level, "", kNode};
    default:
      return {level, "", ""};
  }
}

void AdmissionCalls::SetLevel(Level level, const PerRung& places) {
  if (level == Level::kInstitution) institution_places_ = places;
  const Capacity capacity{NameOfLevel(level), places};
  EXPECT_EQ(admission_.SetCapacities({{capacity}}, call()), absl::OkStatus());
}

LevelCounts AdmissionCalls::Count(Level level) {
  const LevelName name = NameOfLevel(level);
  const auto counts = admission_.CountLevels({{name}}, call());
  EXPECT_TRUE(counts.ok()) << counts.status();
  return counts.ok() ? counts->front() : LevelCounts{};
}

RoomId AdmissionCalls::Room(int number, const std::string& product) {
  return {product, IdOf(1, static_cast<uint64_t>(number))};
}

StartRoomRequest AdmissionCalls::StartOf(int room, const RoomLimits& limits) const {
  return {.room = Room(room),
          .institution = kInstitution,
          .institution_places = institution_places_,
          .node = kNode,
          .limits = limits,
          .bans = {}};
}

absl::Status AdmissionCalls::Start(int room, const RoomLimits& limits) {
  return admission_.StartRoom(StartOf(room, limits), call());
}

absl::Status AdmissionCalls::Restore(int room, const RoomLimits& limits) {
  StartRoomRequest start = StartOf(room, limits);
  start.restored = true;
  return admission_.StartRoom(start, call());
}

RoomCounts AdmissionCalls::CountRoom(int room) {
  const auto counts = admission_.CountRoom(Room(room), call());
  EXPECT_TRUE(counts.ok()) << counts.status();
  return counts.value_or(RoomCounts{});
}

JoinRequest AdmissionCalls::JoinOf(int room, const std::string& user, Role role, const std::string& request) {
  return {.room = Room(room),
          .user_id = user,
          .role = role,
          .request_id = request,
          .join_id = NextJoinId(),
          .lease = kLease,
          .claim = std::nullopt};
}

absl::StatusOr<Standing> AdmissionCalls::Join(int room, const std::string& user, Role role, std::string request,
                                              std::optional<ResumeClaim> claim) {
  if (request.empty()) request = absl::StrCat("request-", ++requests_);
  JoinRequest join = JoinOf(room, user, role, request);
  join.claim = std::move(claim);
  return admission_.Join({{join}}, call()).front();
}

absl::StatusOr<Standing> AdmissionCalls::Renew(int room, const std::string& user, int64_t epoch,
                                               std::optional<ResumeClaim> claim) {
  const RenewRequest renew{
      .room = Room(room), .user_id = user, .epoch = epoch, .lease = kLease, .claim = std::move(claim)};
  return admission_.Renew({{renew}}, call()).front();
}

absl::Status AdmissionCalls::Leave(int room, const std::string& user, int64_t epoch) {
  const LeaveRequest leave{Room(room), user, epoch};
  return admission_.Leave({{leave}}, call()).front();
}

absl::StatusOr<Standing> AdmissionCalls::ToStage(int room, const std::string& user, int seat) {
  return admission_.Move({Room(room), user, Where::kStage, seat}, call());
}

absl::StatusOr<Standing> AdmissionCalls::ToAudience(int room, const std::string& user) {
  return admission_.Move({Room(room), user, Where::kAudience, 0}, call());
}

absl::StatusOr<bool> AdmissionCalls::Remove(int room, const std::string& user, absl::Duration ban) {
  return admission_.Remove({Room(room), user, ban}, call());
}

std::vector<Participant> AdmissionCalls::List(int room) {
  std::vector<Participant> all;
  while (true) {
    const auto page = admission_.ListParticipants(Room(room), all.empty() ? "" : all.back().user_id, kMaxPage, call());
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return all;
    all.insert(all.end(), page->begin(), page->end());
  }
}

Place AdmissionCalls::PlaceOf(int room, const std::string& user) {
  for (const Participant& participant : List(room)) {
    if (participant.user_id == user) return participant.place;
  }
  ADD_FAILURE() << user << " is not in room " << room;
  return {};
}

std::vector<Change> AdmissionCalls::Changes() {
  std::vector<Change> all;
  int64_t after = 0;
  while (true) {
    const auto page = admission_.ReadChanges(after, kMaxChangesRead, call());
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return all;
    all.insert(all.end(), page->begin(), page->end());
    after = all.back().sequence;
  }
}

std::vector<std::string> AdmissionCalls::News() {
  std::vector<std::string> news;
  for (const Change& change : Changes()) {
    if (change.sequence > told_) news.push_back(Text(change));
    told_ = std::max(told_, change.sequence);
  }
  return news;
}

ResumeClaim ClaimOf(const Standing& standing) {
  const Place& place = standing.place;
  return {.join_id = place.join_id,
          .epoch = place.epoch,
          .role = place.role,
          .rung = place.rung,
          .seat = place.seat,
          .mute = place.mute,
          .placed = place.placed,
          .ticket = place.ticket,
          .joined = place.joined};
}

std::string Text(const Change& change) {
  std::string text = absl::StrCat(ToAbsl(kKinds[static_cast<size_t>(change.kind)]), " ", change.user_id, " ");
  if (change.kind == ChangeKind::kLeft) {
    return text + std::string(kCauses[static_cast<size_t>(change.cause)]);
  }
  text += NameOf(change.place.rung);
  if (change.place.seat > 0) absl::StrAppend(&text, " ", change.place.seat);
  return text;
}

std::string Reason(const absl::Status& status) { return ReasonOf(status); }

}  // namespace trivium::live
