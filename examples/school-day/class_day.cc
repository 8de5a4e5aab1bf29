#include "examples/school-day/class_day.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/class_invariants.h"
#include "examples/school-day/patience.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(50), kBetweenWaves = absl::Seconds(8);
constexpr absl::Duration kArrival = absl::Seconds(60);

void Sleep(absl::Duration d) {
  std::this_thread::sleep_for(absl::ToChronoMilliseconds(std::max(d, absl::ZeroDuration())));
}

}  // namespace

ClassDay::ClassDay(ClassPlan plan, const Options& options, Campus campus, Parts parts)
    : plan_(std::move(plan)),
      options_(options),
      campus_(std::move(campus)),
      parts_(std::move(parts)),
      fold_(plan_.product),
      messages_(campus_, parts_.push),
      desk_{campus_, nullptr, parts_.has_paid, parts_.is_paying} {}

ClassDay::~ClassDay() {
  if (thread_.joinable()) thread_.join();
  stop_ = true;
  if (pulse_.joinable()) pulse_.join();
}

absl::Status ClassDay::Open() {
  TRIVIUM_ASSIGN_OR_RETURN(std::string cursor, parts_.live.NewestCursor());
  TRIVIUM_ASSIGN_OR_RETURN(before_, parts_.live.GetDailySummary());
  TRIVIUM_ASSIGN_OR_RETURN(loop_, client::Loop::Start());
  // Where there is no other product, a key that nobody has published.
  TRIVIUM_ASSIGN_OR_RETURN(jwt::Signer stranger, jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "dev-1"));
  desk_.stranger = std::make_shared<const jwt::Signer>(std::move(stranger));
  const auto receive = [this](const LiveEventView& event) { fold_.Apply(event); };
  follower_ = Follow<LiveEventView>(parts_.live, receive, std::move(cursor));
  const ClassRoom::Parts room{parts_.live,  fold_,        messages_, [this](const std::string& s) { Complain(s); },
                              plan_.run_id, options_.seed};
  for (size_t i = 0; i < plan_.rooms.size(); ++i) {
    rooms_.push_back(std::make_unique<ClassRoom>(plan_.rooms[i], static_cast<int>(i), room));
    TRIVIUM_RETURN_IF_ERROR(rooms_.back()->Create());
  }
  for (size_t i = 0; i < rooms_.size(); ++i) {
    rooms_[i]->board().other_room_id = rooms_[(i + 1) % rooms_.size()]->board().room_id;
  }
  AddVisits();
  return absl::OkStatus();
}

void ClassDay::AddVisits() {
  for (const PlannedVisit& planned : plan_.visits) {
    StudentClient* client = planned.way == Way::kBackend ? nullptr : ClientOf(planned);
    ClassRoom& room = *rooms_[planned.room];
    Visit::Parts parts{desk_, room.board(), DoorOf(planned, client), client, parts_.latencies};
    visits_.push_back(std::make_shared<Visit>(planned, static_cast<int>(visits_.size()), std::move(parts)));
    room.Add(visits_.back());
  }
}

// Students have theirs already; staff get one each.
StudentClient* ClassDay::ClientOf(const PlannedVisit& plan) {
  if (!IsStaff(plan.role)) return parts_.messages.FindStudent(plan.user_id);
  Attendant attendant;
  attendant.student_id = plan.user_id;
  attendant.json = staff_.size() % 2 == 0;
  const uint64_t seed = (options_.seed + staff_.size()) * 0x9e3779b97f4a7c15u;
  staff_.push_back(std::make_unique<StudentClient>(attendant, campus_, seed, *loop_));
  return staff_.back().get();
}

std::unique_ptr<LiveDoor> ClassDay::DoorOf(const PlannedVisit& plan, StudentClient* client) {
  switch (plan.way) {
    case Way::kHttp:
      return std::make_unique<HttpDoor>(campus_, plan.user_id, http_, threads_);
    case Way::kBackend:
      return std::make_unique<BackendDoor>(parts_.live, threads_);
    case Way::kSocket:
      break;
  }
  return std::make_unique<SocketDoor>(*client);
}

void ClassDay::ProbeIsolation(const ClassDay& foreign) {
  desk_.stranger = foreign.campus_.signer;
  if (!foreign.rooms_.empty()) foreign_room_ = foreign.rooms_[0]->board().room_id;
}

void ClassDay::Start() {
  thread_ = std::thread([this] { Work(); });
}

void ClassDay::AwaitFirst() const {
  while (!begun_ && !done_) Sleep(kTick);
}

void ClassDay::Finish(Progress& progress) {
  size_t told = 0;
  for (bool last = false; !last;) {
    last = done_;
    const auto ended = static_cast<size_t>(
        std::count_if(visits_.begin(), visits_.end(), [](const auto& visit) { return visit->has_ended(); }));
    for (; told < ended; ++told) progress.Step();
    Sleep(absl::Milliseconds(100));
  }
  thread_.join();
}

void ClassDay::Work() {
  while (!parts_.messages.is_through()) Sleep(kTick);
  const absl::Time begin = absl::Now();
  pulse_ = std::thread([this] { Pulse(); });
  Prepare();
  ProbeForeign();
  RunWaves();
  seconds_ = absl::ToDoubleSeconds(absl::Now() - begin);
  done_ = true;
}

void ClassDay::Pulse() {
  while (!stop_) {
    const absl::Time now = absl::Now();
    for (const auto& visit : visits_) visit->Tick(now);
    Sleep(kTick);
  }
}

// Staff come; classes are canceled and moved, and everybody is told of it.
void ClassDay::Prepare() {
  for (const auto& client : staff_) client->Arrive();
  Patience patience(kArrival);
  while (true) {
    const size_t there = std::count_if(staff_.begin(), staff_.end(), [](const auto& c) { return c->is_connected(); });
    if (there == staff_.size()) break;
    if (patience.IsOver(there)) {
      return Complain(absl::StrCat("connections: ", there, " of ", staff_.size(), " teachers could connect"));
    }
    Sleep(kTick);
  }
  for (const auto& room : rooms_) {
    if (room->plan().canceled) room->Cancel();
    if (!room->plan().moved) continue;
    room->MoveTo(absl::Now() + (kWaves - 1) * kBetweenWaves);
    std::vector<std::string> everybody;
    for (const auto& student : parts_.messages.StudentIds()) everybody.push_back(student);
    const absl::Status told = messages_.Say(-1, "", "moved", /*reliable=*/true, std::move(everybody));
    if (!told.ok()) Complain(absl::StrCat("telling of the moved class failed: ", told.message()));
  }
}

void ClassDay::ProbeForeign() {
  if (foreign_room_.empty()) return;
  const std::string what = absl::StrCat("isolation: another product's ", foreign_room_);
  Expect(parts_.live.GetRoom(foreign_room_).status(), "ROOM_NOT_FOUND", what + ", GetRoom");
  Expect(parts_.live.EndRoom(absl::StrCat(plan_.run_id, ":probe:live"), foreign_room_).status(), "ROOM_NOT_FOUND",
         what + ", EndRoom");
  Expect(parts_.live.ListParticipants(foreign_room_).status(), "ROOM_NOT_FOUND", what + ", ListParticipants");
  if (!visits_.empty()) Expect(visits_[0]->ProbeRoom(foreign_room_), "ROOM_NOT_FOUND", what + ", a user's live.join");
}

// Each class is held in a thread of its own: most of its time it waits.
void ClassDay::RunWaves() {
  std::vector<std::thread> classes;
  const absl::Time begin = absl::Now();
  for (int wave = 0; wave < kWaves; ++wave) {
    Sleep(begin + wave * kBetweenWaves - absl::Now());
    for (const auto& room : rooms_) {
      if (room->plan().wave == wave) room->LetCome();
      if (room->plan().held == wave && !room->plan().canceled) {
        classes.emplace_back([&room] { room->Hold(); });
      }
    }
    begun_ = true;
  }
  for (std::thread& thread : classes) thread.join();
}

ClassDayRecord ClassDay::Close() {
  stop_ = true;
  ClassDayRecord record;
  record.product = plan_.product;
  record.run_id = plan_.run_id;
  record.before = before_;
  record.seconds = seconds_;
  record.troubled = parts_.live.was_troubled() || messages_.was_troubled() || follower_->breaks() > 0 ||
                    parts_.messages.broken_streams() > 0;
  for (const auto& visit : visits_) {
    record.visits.push_back(visit->Record());
    record.troubled = record.troubled || visit->is_troubled();
  }
  for (const auto& room : rooms_) record.rooms.push_back(room->Read());
  // Clients and events may lag a little behind states.
  Patience patience(options_.settle / 3);
  while (!Settle(record) && !patience.IsOver(fold_.count())) Sleep(absl::Milliseconds(500));
  follower_->Stop();
  record.broken_streams = follower_->breaks();
  for (const std::string& sentence : fold_.complaints()) Complain(sentence);
  MutexLock lock(mu_);
  record.complaints = complaints_;
  return record;
}

bool ClassDay::Settle(ClassDayRecord& record) {
  parts_.messages.AckPositions();
  const bool acknowledged = messages_.ReadFates();
  record.messages = messages_.records();
  record.events = fold_.events();
  ReadClients(record);
  const auto after = parts_.live.GetDailySummary();
  if (after.ok()) record.after = *after;
  return acknowledged && CheckClassEvents(record).empty() && CheckLiveDay(record).empty() &&
         CheckRoomChannels(record).empty() && CheckClassMessages(record).empty();
}

void ClassDay::ReadClients(ClassDayRecord& record) const {
  record.clients.clear();
  const auto add = [&](const StudentRecord& client) {
    StudentRecord ours;
    ours.plan = client.plan;
    std::copy_if(client.events.begin(), client.events.end(), std::back_inserter(ours.events),
                 [](const ClientEvent& e) { return e.class_number > 0 || e.channel.starts_with("room:room_"); });
    record.clients.push_back(std::move(ours));
  };
  for (const StudentRecord& student : parts_.messages.StudentRecords()) add(student);
  for (const auto& client : staff_) add(client->Record());
}

void ClassDay::Expect(const absl::Status& status, const std::string& reason, const std::string& what) {
  if (ReasonOf(status) == reason) return;
  Complain(absl::StrCat(what, " answered ", status.ok() ? "OK" : ReasonOf(status), " (", status.message(), "), want ",
                        reason));
}

void ClassDay::Complain(const std::string& sentence) {
  MutexLock lock(mu_);
  if (complaints_.size() < 50) complaints_.push_back(sentence);
}

}  // namespace trivium::schoolday
