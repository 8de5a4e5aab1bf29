#include "services/live/admission/random_steps.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/status/error.h"

namespace trivium::live {
namespace {

constexpr Level kLevels[] = {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode};
constexpr const char* kUsers[] = {"t0", "a0", "a1", "s0", "s1", "s2", "s3", "s4",
                                  "s5", "s6", "s7", "s8", "s9", "o0", "o1", "o2"};

Role RoleOf(const std::string& user) {
  switch (user[0]) {
    case 't':
      return Role::kTeacher;
    case 'a':
      return Role::kAssistant;
    case 'o':
      return Role::kObserver;
    default:
      return Role::kStudent;
  }
}

void Remember(const JoinRequest& request, const absl::StatusOr<Standing>& standing, Memory* heard) {
  if (heard == nullptr || !standing.ok()) return;
  (*heard)[{request.room.room_id.bytes[15], request.user_id}] = *standing;
}

std::string DescribeBatch(const absl::StatusOr<Batch>& batch) {
  if (!batch.ok()) return Describe(batch.status());
  return absl::StrCat("#", batch->sequence, " done ", batch->done, batch->more ? " more" : "");
}

RandomStep SetPlaces(Level level, const PerRung& places) {
  const Capacity capacity{AdmissionCalls::NameOfLevel(level), places};
  return {absl::StrCat("capacity of level ", static_cast<int>(level), ": ", absl::StrJoin(places, "/")),
          [capacity](Admission& admission, const Call& call, Memory*) {
            return Describe(admission.SetCapacities({{capacity}}, call));
          }};
}

RandomStep StartStep(int room, bool restored) {
  StartRoomRequest start{.room = AdmissionCalls::Room(room),
                         .institution = kInstitution,
                         .institution_places = RandomSteps::OpeningPlaces(Level::kInstitution),
                         .node = kNode,
                         .limits = RandomSteps::LimitsOf(room),
                         .restored = restored,
                         .bans = {}};
  return {absl::StrCat("start ", room), [start](Admission& admission, const Call& call, Memory*) {
            return Describe(admission.StartRoom(start, call));
          }};
}

}  // namespace

// ErrorInfo.metadata has no order of its own.
std::string Describe(const absl::Status& status) {
  if (status.ok()) return "OK";
  std::string text =
      absl::StrCat(ReasonOf(status), " ", static_cast<int>(status.code()), " \"", status.message(), "\"");
  for (const char* key : {"sequence", "why", "full_rtc", "full_fast", "full_standard", "level", "rung", "until", "role",
                          "epoch", "seat", "seats", "needed", "limit"}) {
    const std::string value = MetadataOf(status, key);
    if (!value.empty()) absl::StrAppend(&text, " ", key, " ", value);
  }
  return text;
}

std::string Describe(const Place& place) {
  std::string text = absl::StrCat(FormatId("join", place.join_id), " e", place.epoch, " role ",
                                  static_cast<int>(place.role), " rung ", static_cast<int>(place.rung), " seat ",
                                  place.seat, place.slice ? " slice" : "", place.mute.audio ? " mute-a" : "",
                                  place.mute.video ? " mute-v" : "", " why ", static_cast<int>(place.why), " full");
  for (const auto& level : place.full) absl::StrAppend(&text, " ", level ? static_cast<int>(*level) : 0);
  absl::StrAppend(&text, " placed ", place.placed, " ticket ", place.ticket, " joined ",
                  absl::ToUnixMillis(place.joined), " at ", absl::ToUnixMillis(place.placed_at));
  return text;
}

std::string Describe(const absl::StatusOr<Standing>& standing) {
  if (!standing.ok()) return Describe(standing.status());
  return absl::StrCat("#", standing->sequence, " ", Describe(standing->place), " position ", standing->queue_position,
                      " wait ", absl::FormatDuration(standing->estimated_wait.value_or(-absl::Seconds(1))), " until ",
                      absl::ToUnixMillis(standing->lease_ends), standing->returned ? " returned" : "");
}

std::string DescribeAll(Admission& admission, const Call& call) {
  const auto cell = admission.CountCell(call);
  if (!cell.ok()) return Describe(cell.status());
  std::string text =
      absl::StrCat("cell #", cell->sequence, " rooms ", cell->rooms, " participants ", cell->participants, " waiting ",
                   cell->waiting, " in ", cell->waiting_rooms, " bans ", cell->bans, " changes ", cell->changes, "\n");
  for (const Level level : kLevels) {
    const LevelName name = AdmissionCalls::NameOfLevel(level);
    const auto counts = admission.CountLevels({{name}}, call).value();
    absl::StrAppend(&text, "level ", static_cast<int>(level), " ", absl::StrJoin(counts[0].places, "/"), " use ",
                    absl::StrJoin(counts[0].use, "/"), "\n");
  }
  AdmissionCalls calls(admission);
  for (int room = 1; room <= kRandomRooms; ++room) {
    const auto counts = admission.CountRoom(AdmissionCalls::Room(room), call);
    if (!counts.ok()) continue;
    absl::StrAppend(&text, "room ", room, counts->ending ? " ending" : "", " use ", absl::StrJoin(counts->use, "/"),
                    " on ", absl::StrJoin(counts->on, "/"), " roles ", absl::StrJoin(counts->by_role, "/"), " seats ",
                    counts->seats_taken, " slice ", counts->slice_taken, "\n");
    for (const Participant& p : calls.List(room)) {
      absl::StrAppend(&text, "  ", p.user_id, " ", Describe(p.place), " until ", absl::ToUnixMillis(p.lease_ends),
                      " waits as ", p.queue_position, "\n");
    }
  }
  for (const Change& change : calls.Changes()) {
    absl::StrAppend(&text, "change #", change.sequence, " ", Text(change), " ", change.request_id, " ",
                    Describe(change.place), "\n");
  }
  return text;
}

RoomLimits RandomSteps::LimitsOf(int room) {
  if (room % 2 == 0) return {.places = {4, 1, 1}, .staff_slots = 2, .seats = 2, .stage_size = 0, .queue_max = 3};
  return {.places = {4, 2, 1}, .staff_slots = 1, .seats = 0, .stage_size = 2, .queue_max = 4};
}

const PerRung& RandomSteps::OpeningPlaces(Level level) {
  // Each is the narrowest for something: the node for RTC, the product for FAST, the platform for STANDARD.
  static const std::map<Level, PerRung> places = {{Level::kPlatform, {12, 5, 2}},
                                                  {Level::kProduct, {12, 2, 4}},
                                                  {Level::kInstitution, {11, 4, 4}},
                                                  {Level::kNode, {10, 4, 4}}};
  return places.at(level);
}

std::vector<RandomStep> RandomSteps::Opening(bool restored) {
  std::vector<RandomStep> steps;
  for (const Level level : kLevels) steps.push_back(SetPlaces(level, OpeningPlaces(level)));
  for (int room = 1; room <= kRandomRooms; ++room) steps.push_back(StartStep(room, restored));
  return steps;
}

std::pair<int, std::string> RandomSteps::RandomUser() {
  return {1 + Below(kRandomRooms), kUsers[Below(static_cast<int>(std::size(kUsers)))]};
}

const Standing* RandomSteps::Heard(int room, const std::string& user) const {
  const auto found = heard_.find({room, user});
  return found == heard_.end() ? nullptr : &found->second;
}

JoinRequest RandomSteps::RandomJoin() {
  const auto [room, user] = RandomUser();
  // Mostly new attempts, sometimes the one before again.
  if (Below(8) > 0) ++made_;
  JoinRequest join = AdmissionCalls::JoinOf(room, user, Below(40) > 0 ? RoleOf(user) : Role::kObserver,
                                            absl::StrCat(who_, "-", made_));
  join.lease = absl::Seconds(5 + Below(20));
  if (const Standing* was = Heard(room, user)) join.claim = ClaimOf(*was);
  join.only_back = Below(10) == 0;
  return join;
}

RandomStep RandomSteps::Join() {
  const JoinRequest join = RandomJoin();
  return {absl::StrCat("join ", join.room.room_id.bytes[15], "/", join.user_id, " ", join.request_id),
          [join](Admission& admission, const Call& call, Memory* heard) {
            const auto standing = admission.Join({{join}}, call).front();
            Remember(join, standing, heard);
            return Describe(standing);
          }};
}

RandomStep RandomSteps::JoinMany() {
  std::vector<JoinRequest> joins;
  for (int i = 2 + Below(8); i > 0; --i) joins.push_back(RandomJoin());
  return {absl::StrCat(joins.size(), " joins at once"), [joins](Admission& admission, const Call& call, Memory* heard) {
            std::string text;
            const auto standings = admission.Join(joins, call);
            for (size_t i = 0; i < joins.size(); ++i) {
              Remember(joins[i], standings[i], heard);
              absl::StrAppend(&text, Describe(standings[i]), "\n");
            }
            return text;
          }};
}

RandomStep RandomSteps::Renew() {
  const auto [room, user] = RandomUser();
  const Standing* was = Heard(room, user);
  RenewRequest renew{.room = AdmissionCalls::Room(room), .user_id = user, .epoch = was ? was->place.epoch : 1};
  renew.lease = absl::Seconds(5 + Below(20));
  if (was != nullptr) renew.claim = ClaimOf(*was);
  const std::pair<int, std::string> key{room, user};
  return {absl::StrCat("renew ", room, "/", user), [renew, key](Admission& admission, const Call& call, Memory* heard) {
            const auto standing = admission.Renew({{renew}}, call).front();
            if (heard != nullptr && standing.ok()) (*heard)[key] = *standing;
            return Describe(standing);
          }};
}

RandomStep RandomSteps::Leave() {
  const auto [room, user] = RandomUser();
  const Standing* was = Heard(room, user);
  LeaveRequest leave{AdmissionCalls::Room(room), user, was != nullptr && Below(2) == 0 ? was->place.epoch : 0};
  if (was != nullptr && Below(2) == 0) leave.join_id = was->place.join_id;
  return {absl::StrCat("leave ", room, "/", user), [leave](Admission& admission, const Call& call, Memory*) {
            return Describe(admission.Leave({{leave}}, call).front());
          }};
}

RandomStep RandomSteps::Command() {
  const auto [room_number, user] = RandomUser();
  const RoomId room = AdmissionCalls::Room(room_number);
  const std::string of = absl::StrCat(room_number, "/", user);
  const int kind = Below(10);
  if (kind < 6) {
    const MoveRequest move{room, user, kind < 4 ? Where::kStage : Where::kAudience, kind < 2 ? 1 + Below(3) : 0};
    return {"move " + of,
            [move](Admission& admission, const Call& call, Memory*) { return Describe(admission.Move(move, call)); }};
  }
  if (kind < 8) {
    const MuteRequest mute{room, user, {.audio = Below(2) == 0, .video = Below(2) == 0}};
    return {"mute " + of, [mute](Admission& admission, const Call& call, Memory*) {
              return Describe(admission.SetMute(mute, call));
            }};
  }
  const RemoveRequest remove{room, user, absl::Seconds(1 + Below(10))};
  return {"remove " + of, [remove](Admission& admission, const Call& call, Memory*) {
            const auto was_in = admission.Remove(remove, call);
            return was_in.ok() ? absl::StrCat("was in: ", *was_in) : Describe(was_in.status());
          }};
}

RandomStep RandomSteps::Cell() {
  const int kind = Below(kinds_ == Kinds::kAll ? 20 : 12);
  const size_t limit = static_cast<size_t>(1 + Below(6));
  if (kind < 7) {
    return {"expire", [limit](Admission& admission, const Call& call, Memory*) {
              return DescribeBatch(admission.ExpireLeases(limit, call));
            }};
  }
  if (kind < 12) {
    return {"admit", [limit](Admission& admission, const Call& call, Memory*) {
              return DescribeBatch(admission.AdmitWaiting(limit, call));
            }};
  }
  if (kind < 15) {
    const Level level = kLevels[Below(4)];
    PerRung places = OpeningPlaces(level);
    for (int64_t& number : places) number = std::max<int64_t>(0, number + Below(5) - 2);
    return SetPlaces(level, places);
  }
  const int room = 1 + Below(kRandomRooms);
  if (kind < 17) {
    RoomLimits limits = LimitsOf(room);
    limits.places[0] += Below(3) - 1;
    limits.staff_slots += Below(2);
    if (limits.seats > 0) limits.seats += Below(2);
    return {absl::StrCat("limits of ", room), [limits, room](Admission& admission, const Call& call, Memory*) {
              return Describe(admission.UpdateRoomLimits(AdmissionCalls::Room(room), limits, call));
            }};
  }
  if (kind < 18) {
    return {absl::StrCat("end ", room), [room, limit](Admission& admission, const Call& call, Memory*) {
              return DescribeBatch(admission.EndRoom(AdmissionCalls::Room(room), limit, call));
            }};
  }
  return StartStep(room, false);
}

RandomStep RandomSteps::Next() {
  const int kind = Below(100);
  if (kind < 38) return Join();
  if (kind < 44) return JoinMany();
  if (kind < 60) return Renew();
  if (kind < 74) return Leave();
  return kind < 86 ? Command() : Cell();
}

}  // namespace trivium::live
