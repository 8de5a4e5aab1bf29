#include "examples/school-day/class_room.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "examples/school-day/class_invariants.h"
#include "examples/school-day/patience.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(90);
constexpr absl::Duration kQueuePatience = absl::Seconds(4);  // For places that become free.
constexpr absl::Duration kFoldPatience = absl::Seconds(30);  // For events that lag behind.
constexpr absl::Duration kFarAhead = absl::Hours(3);         // Rooms are created long before they begin.
constexpr absl::Duration kMaxAway = absl::Milliseconds(1'500);

void Sleep(absl::Duration d) { std::this_thread::sleep_for(absl::ToChronoMilliseconds(d)); }

}  // namespace

ClassRoom::ClassRoom(PlannedRoom plan, int index, Parts parts)
    : plan_(std::move(plan)), index_(index), parts_(std::move(parts)) {}

absl::Status ClassRoom::Create() {
  const auto room = parts_.live.CreateRoom(RequestId("create"), plan_, absl::Now() + kFarAhead);
  if (!room.ok()) return room.status();
  board_.room_id = room->room_id;
  return absl::OkStatus();
}

void ClassRoom::LetCome() {
  for (const auto& visit : visits_) visit->Come();
}

void ClassRoom::Cancel() {
  board_.is_over = true;
  for (int i = 0; i < 2; ++i) {  // The second is the first's repetition.
    const auto room = parts_.live.EndRoom(RequestId("cancel"), board_.room_id);
    if (!Check(room.status(), "EndRoom")) return;
    if (room->state != "CANCELED") {
      parts_.complain(absl::StrCat("canceled: EndRoom of ", board_.room_id, " answered ", room->state));
    }
  }
}

void ClassRoom::MoveTo(absl::Time start) {
  Check(parts_.live.MoveRoom(RequestId("move"), board_.room_id, start, /*auto_start=*/false).status(), "UpdateRoom");
}

void ClassRoom::Hold() {
  Start();
  Await("are not in", [](const Visit& v) { return v.is_settled() || v.is_kept_out(); });
  Teach();
  Trouble();
  Await("are not back", [](const Visit& v) { return v.is_settled() || v.is_kept_out(); });
  Check(parts_.messages.Say(index_, board_.room_id, "chat", /*reliable=*/false, {}), "chat");
  AwaitRemoved();
  AwaitGhosts();
  // A callback that the PSP has lost is a payment that is found out by a question, which takes a while.
  Await("have paid, and are not let in",
        [](const Visit& v) { return v.has_ended() || v.is_let_in() || !v.plan().pays_before_class; });
  AwaitPayers();
  DrainQueue();
  TreatAll(/*begins=*/false);
  Await("are not in at the end", [](const Visit& v) { return v.is_settled() || v.is_kept_out(); });
  Ask("quiz");
  CompareRoster();
  End();
}

void ClassRoom::Start() {
  if (plan_.auto_start) {
    Check(parts_.live.MoveRoom(RequestId("auto"), board_.room_id, absl::Now(), /*auto_start=*/true).status(),
          "UpdateRoom");
    AwaitState("LIVE");
  } else if (!StartWhenThereIsRoom()) {
    return;
  }
  board_.is_live = true;
}

// Its staff's places are taken now, or not at all: where others of the institution have all of them, it waits.
bool ClassRoom::StartWhenThereIsRoom() {
  const absl::Time give_up = absl::Now() + kPatience;
  for (int n = 0;; ++n) {
    const auto room = parts_.live.StartRoom(RequestId(absl::StrCat("start", n)), board_.room_id);
    if (ReasonOf(room.status()) != "LEVEL_FULL" || absl::Now() > give_up) return Check(room.status(), "StartRoom");
    Sleep(absl::Milliseconds(300));
  }
}

void ClassRoom::Teach() {
  for (int i = 0; i < 3; ++i) {
    Check(parts_.messages.Say(index_, board_.room_id, "chat", /*reliable=*/false, {}), "chat");
  }
  Ask("quiz");
  TreatAll(/*begins=*/true);
}

void ClassRoom::Ask(const std::string& kind) {
  std::vector<std::string> present;
  for (const auto& visit : InNow()) {
    if (visit->client() != nullptr) present.push_back(visit->plan().user_id);
  }
  Check(parts_.messages.Say(index_, board_.room_id, kind, /*reliable=*/true, std::move(present)), kind);
}

ClassRoom::Visits ClassRoom::InNow() const {
  Visits in;
  std::copy_if(visits_.begin(), visits_.end(), std::back_inserter(in), [](const auto& v) { return v->is_in(); });
  return in;
}

Visit* ClassRoom::Teacher() const {
  for (const auto& visit : visits_) {
    if (visit->plan().role == ClassRole::kTeacher) return visit.get();
  }
  return nullptr;
}

void ClassRoom::TreatAll(bool begins) {
  for (const auto& visit : InNow()) {
    if (visit->plan().treatment != Treatment::kNone && !visit->waits()) Treat(*visit, begins);
  }
}

void ClassRoom::Treat(Visit& visit, bool begins) {
  const std::string& user = visit.plan().user_id;
  absl::Status status;
  switch (visit.plan().treatment) {
    case Treatment::kStage:
      status = Teacher()->Moderate(LiveCommand::kMove, user, begins);
      break;
    case Treatment::kMute:
      status = Teacher()->Moderate(LiveCommand::kMute, user, begins);
      break;
    case Treatment::kStageToo:
      status = parts_.live.MoveParticipant(board_.room_id, user, begins);
      break;
    case Treatment::kRemove:
      if (!begins) return;
      status = parts_.live.RemoveParticipant(board_.room_id, user);
      banned_.push_back(user);
      visit.HurryUp();
      break;
    case Treatment::kNone:
      return;
  }
  // Who is not on RTC needs a place there, which there need not be.
  if (ReasonOf(status) == "LEVEL_FULL") return;
  Check(status, absl::StrCat(begins ? "treating " : "treating back ", user));
}

void ClassRoom::Trouble() {
  std::mt19937_64 random(parts_.seed * 31 + static_cast<uint64_t>(index_));
  for (const auto& visit : InNow()) {
    switch (visit->plan().manner) {
      case Manner::kBreaks:
      case Manner::kStartsAnew:
        visit->BreakOff(absl::Milliseconds(100) + kMaxAway * (static_cast<double>(random() % 100) / 100));
        break;
      case Manner::kVanishes:
        ghosts_.push_back(visit->join_id());
        visit->Vanish();
        break;
      case Manner::kLeavesEarly:
        if (!visit->waits()) visit->Leave();
        break;
      case Manner::kStays:
        break;
    }
  }
  Sleep(absl::Milliseconds(300));  // A connection that is cut takes a moment to notice.
}

// They have come again, and were refused.
void ClassRoom::AwaitRemoved() {
  Await("have not heard that they were removed", [this](const Visit& v) {
    return v.has_ended() || std::find(banned_.begin(), banned_.end(), v.plan().user_id) == banned_.end();
  });
}

// A class does not end as long as somebody's money is on its way. Whether somebody came too late all the same, the
// events tell.
void ClassRoom::AwaitPayers() {
  AwaitFor(kPatience, [](const Visit& v) { return !v.is_owed(); });
}

// Their leases end them, and their places go to others.
void ClassRoom::AwaitGhosts() {
  Patience patience(kPatience);
  for (const std::string& join_id : ghosts_) {
    while (parts_.fold.LeaveReasonOf(join_id).empty()) {
      if (patience.IsOver(parts_.fold.count())) {
        return parts_.complain(absl::StrCat("lease: ", join_id, " is a ghost, and goes on in ", board_.room_id));
      }
      Sleep(absl::Milliseconds(100));
    }
  }
}

// Those who wait get the places of those who left, as far as there are any.
void ClassRoom::DrainQueue() {
  AwaitFor(kQueuePatience, [](const Visit& v) { return v.has_ended() || !v.waits(); });
}

// What live lists is where the events left everybody. Little happens meanwhile: somebody who pays, events that lag
// behind.
void ClassRoom::CompareRoster() {
  const absl::Time give_up = absl::Now() + kFoldPatience;
  while (true) {
    const auto listed = parts_.live.ListParticipants(board_.room_id);
    if (!Check(listed.status(), "ListParticipants")) return;
    std::vector<std::string> lines;
    for (const StayView& stay : *listed) lines.push_back(RosterLine(stay));
    std::sort(lines.begin(), lines.end());
    const std::vector<std::string> told = RosterByEvents(parts_.fold.EventsOf(board_.room_id), board_.room_id);
    if (lines == told) return;
    if (absl::Now() > give_up) {
      return parts_.complain(absl::StrCat("class events: ", board_.room_id, " has [", absl::StrJoin(lines, "; "),
                                          "], the events say [", absl::StrJoin(told, "; "), "]"));
    }
    Sleep(absl::Milliseconds(500));
  }
}

// Half of them go by themselves.
void ClassRoom::End() {
  const Visits in = InNow();
  for (size_t i = 0; i < in.size(); i += 2) in[i]->Leave();
  Await("have not left", [](const Visit& v) { return v.has_ended() || !v.wants_to_leave(); });
  AwaitPayers();
  board_.lets_in = false;
  Await("are not in at the very end", [](const Visit& v) { return v.is_settled(); });
  board_.is_over = true;
  const auto room = parts_.live.EndRoom(RequestId("end"), board_.room_id);
  Check(room.status(), "EndRoom");
  AwaitState("CLOSED");
  for (const auto& visit : visits_) visit->HurryUp();
  Await("have not heard that it is over", [](const Visit& v) { return v.has_ended(); });
}

void ClassRoom::AwaitState(const std::string& state) {
  Patience patience(kPatience);
  while (parts_.fold.StateOf(board_.room_id) != state) {
    if (patience.IsOver(parts_.fold.count())) {
      return parts_.complain(
          absl::StrCat("rooms: ", board_.room_id, " (", plan_.class_id, ") does not become ", state));
    }
    Sleep(absl::Milliseconds(50));
  }
}

int64_t ClassRoom::AwaitFor(absl::Duration most, const std::function<bool(const Visit&)>& holds) const {
  Patience patience(most);
  while (true) {
    const auto left = std::count_if(visits_.begin(), visits_.end(), [&](const auto& v) { return !holds(*v); });
    if (left == 0 || patience.IsOver(static_cast<size_t>(left))) return left;
    Sleep(absl::Milliseconds(50));
  }
}

void ClassRoom::Await(const std::string& what, const std::function<bool(const Visit&)>& holds) {
  const int64_t left = AwaitFor(kPatience, holds);
  if (left == 0) return;
  parts_.complain(absl::StrCat("visits: ", left, " of ", visits_.size(), " ", what, ": ", board_.room_id));
}

RoomRecord ClassRoom::Read() {
  RoomRecord record;
  record.plan = plan_;
  record.room_id = board_.room_id;
  record.banned = banned_;
  if (board_.room_id.empty()) return record;
  const auto view = parts_.live.GetRoom(board_.room_id);
  if (Check(view.status(), "GetRoom")) record.view = *view;
  const auto listed = parts_.live.ListParticipants(board_.room_id);
  if (Check(listed.status(), "ListParticipants")) record.listed_at_end = static_cast<int64_t>(listed->size());
  return record;
}

bool ClassRoom::Check(const absl::Status& status, const std::string& what) {
  if (!status.ok()) {
    parts_.complain(absl::StrCat(what, " of ", board_.room_id, " (", plan_.class_id,
                                 ") failed: ", absl::StatusCodeToString(status.code()), " ", ReasonOf(status), " (",
                                 status.message(), ")"));
  }
  return status.ok();
}

std::string ClassRoom::RequestId(const std::string& what) const {
  return absl::StrCat(parts_.run_id, ":", what, ":", index_);
}

}  // namespace trivium::schoolday
