#include "examples/school-day/message_day.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/message_invariants.h"
#include "examples/school-day/parallel.h"
#include "examples/school-day/patience.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::schoolday {
namespace {

constexpr absl::Duration kScheduled = absl::Seconds(2), kCanceledBefore = absl::Minutes(10);
constexpr size_t kMembersOfOneCall = 5'000;
constexpr absl::Duration kArrival = absl::Seconds(60);

void Sleep(absl::Duration d) {
  std::this_thread::sleep_for(absl::ToChronoMilliseconds(std::max(d, absl::ZeroDuration())));
}

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", ReasonOf(status), " (", status.message(), ")");
}

}  // namespace

// Comes with a token that says this product, signed by another's key.
class MessageDay::Intruder : private client::SessionListener {
 public:
  Intruder(const Campus& campus, const Campus& foreign, client::Loop& loop)
      : campus_{campus.product, campus.run_id, campus.gateway, foreign.signer}, connection_(Options(), loop, *this) {
    connection_.Open();
  }
  // What is wrong; "": it was told to stay away.
  std::string Complaint() const {
    if (came_in_) return "isolation: a token that another product's key has signed was taken";
    return connection_.ended() ? ""
                               : "isolation: a token that another product's key has signed was not refused for good";
  }
  bool is_refused() const { return connection_.ended(); }

 private:
  client::ConnectionOptions Options() const {
    client::ConnectionOptions options;
    options.address = campus_.gateway;
    options.token = [this] { return SignToken(campus_, "intruder"); };
    return options;
  }
  void OnConnected(const std::string&) override { came_in_ = true; }

  const Campus campus_;
  std::atomic<bool> came_in_ = false;
  client::Connection connection_;
};

MessageDay::MessageDay(MessagePlan plan, const Options& options, Campus campus, PushClient& client)
    : plan_(std::move(plan)), options_(options), campus_(std::move(campus)), client_(client), fold_(plan_.product) {
  for (const PlannedMessage& message : plan_.messages) {
    records_.emplace_back();
    records_.back().plan = message;
  }
}

MessageDay::~MessageDay() { Finish(); }

absl::Status MessageDay::Open() {
  TRIVIUM_ASSIGN_OR_RETURN(std::string cursor, client_.NewestCursor());
  TRIVIUM_ASSIGN_OR_RETURN(before_, client_.GetDailySummary());
  TRIVIUM_ASSIGN_OR_RETURN(loop_, client::Loop::Start());
  const auto receive = [this](const MessageEventView& event) {
    fold_.Apply(event.event_id, event.product, event.message);
  };
  watcher_ = Follow<MessageEventView>(client_, receive, std::move(cursor));
  uint64_t seed = options_.seed;
  for (const Attendant& attendant : plan_.attendants) {
    students_.push_back(std::make_unique<StudentClient>(attendant, campus_, ++seed * 0x9e3779b97f4a7c15u, *loop_));
  }
  return absl::OkStatus();
}

void MessageDay::ProbeIsolation(const MessageDay& foreign) {
  if (students_.size() < 2 || foreign.plan_.rooms.empty()) return;
  students_[0]->Probe(students_[1]->plan().student_id, foreign.plan_.rooms.begin()->first);
  intruder_ = std::make_unique<Intruder>(campus_, foreign.campus_, *loop_);
}

void MessageDay::Start() {
  thread_ = std::thread([this] { Work(); });
}

void MessageDay::Finish() {
  if (thread_.joinable()) thread_.join();
}

void MessageDay::Work() {
  Prepare();
  Arrive();
  const absl::Time begin = absl::Now();
  for (int burst = 0; burst < kBursts; ++burst) {
    Sleep(begin + burst * absl::Seconds(kBurstSeconds) - absl::Now());
    RunBurst(burst);
  }
  through_ = true;
}

// Members and tags: whom messages are for is known before the first one.
void MessageDay::Prepare() {
  for (const auto& [room, members] : plan_.rooms) {
    for (size_t i = 0; i < members.size(); i += kMembersOfOneCall) {
      const std::vector<std::string> some(
          members.begin() + static_cast<ptrdiff_t>(i),
          members.begin() + static_cast<ptrdiff_t>(std::min(members.size(), i + kMembersOfOneCall)));
      // A room's name holds the run's; cut, because the key has at most 64 characters.
      Check(client_.AddRoomMembers(absl::StrCat(plan_.run_id, ":", i, ":", room.substr(0, 24)), room, some),
            "AddRoomMembers of " + room);
    }
  }
  ParallelFor(plan_.attendants.size(), options_.concurrency, [&](size_t i) {
    const Attendant& a = plan_.attendants[i];
    // Another day may have left the mark.
    const std::vector<std::string> remove =
        a.tags.contains("trial") ? std::vector<std::string>() : std::vector<std::string>{"trial"};
    Check(client_.UpdateUserTags(absl::StrCat(plan_.run_id, ":tags:", i), a.student_id, a.tags, remove),
          "UpdateUserTags of " + a.student_id);
  });
}

void MessageDay::Arrive() {
  for (const auto& student : students_) student->Arrive();
  Patience patience(kArrival);
  while (true) {
    const size_t there =
        std::count_if(students_.begin(), students_.end(), [](const auto& s) { return s->is_connected(); });
    if (there == students_.size()) break;
    if (patience.IsOver(there)) {
      return Complain(absl::StrCat("connections: ", there, " of ", students_.size(), " students could connect"));
    }
    Sleep(absl::Milliseconds(50));
  }
  Sleep(absl::Milliseconds(300));  // Rooms are joined after the connect.
}

void MessageDay::RunBurst(int burst) {
  RunLanes(burst, /*second_half=*/false);
  std::thread breaking([&] { BreakConnections(burst); });
  RunLanes(burst, /*second_half=*/true);
  breaking.join();
  AckPositions();
}

void MessageDay::AckPositions() {
  for (const auto& student : students_) {
    if (student->plan().attendance == Attendance::kAcksByPosition) student->AckPositions();
  }
}

// While the second half is published.
void MessageDay::BreakConnections(int burst) {
  std::mt19937_64 random(options_.seed * 31 + static_cast<uint64_t>(burst));
  const absl::Duration away = absl::Seconds(kBurstSeconds * kReturnBurst);
  for (const auto& student : students_) {
    const Attendant& plan = student->plan();
    if (plan.attendance == Attendance::kBreaks && burst % 2 == plan.odd) {
      student->Break(absl::Milliseconds(100 + random() % 1400));
      if (random() % 8 == 0) Sleep(absl::Milliseconds(5));
    }
    if (plan.attendance == Attendance::kAway && burst == 0) student->Break(away);
    if (plan.attendance == Attendance::kNegligent && burst == kReturnBurst) student->StartAnew(absl::Milliseconds(500));
  }
}

// A room's messages follow one another; rooms do not wait for each other.
void MessageDay::RunLanes(int burst, bool second_half) {
  std::map<std::string, std::vector<MessageRecord*>> lanes;
  for (MessageRecord& m : records_) {
    if (m.plan.burst != burst || m.plan.second_half != second_half) continue;
    const bool room = m.plan.target == TargetKind::kRoom;
    lanes[room ? m.plan.target_value : absl::StrCat("others ", m.plan.number % 4)].push_back(&m);
  }
  std::vector<const std::vector<MessageRecord*>*> work;
  for (const auto& [name, lane] : lanes) work.push_back(&lane);
  ParallelFor(work.size(), options_.concurrency, [&](size_t i) { RunLane(*work[i]); });
}

void MessageDay::RunLane(const std::vector<MessageRecord*>& lane) {
  std::vector<MessageRecord*> likes;
  for (MessageRecord* m : lane) {
    if (m->plan.kind == MessageKind::kLike) {
      likes.push_back(m);
      continue;
    }
    PublishLikes(std::exchange(likes, {}));
    PublishOne(*m);
  }
  PublishLikes(likes);
}

PublishCall MessageDay::CallOf(MessageRecord& m) {
  const absl::Time now = absl::Now();
  m.begin_ms = absl::ToUnixMillis(now);
  PublishCall call{MessageRequestId(plan_, m.plan, "publish"), &m.plan, ""};
  if (m.plan.special == Special::kScheduled) call.schedule_time = now + kScheduled;
  if (m.plan.special == Special::kScheduledCanceled) call.schedule_time = now + kCanceledBefore;
  if (call.schedule_time != absl::InfinitePast()) m.scheduled_ms = absl::ToUnixMillis(call.schedule_time);
  call.data = nlohmann::json({{"product", plan_.product},
                              {"run", plan_.run_id},
                              {"n", m.plan.number},
                              {"kind", KindName(m.plan.kind)},
                              {"t", m.scheduled_ms > 0 ? 0 : m.begin_ms}})
                  .dump();
  return call;
}

void MessageDay::PublishLikes(const std::vector<MessageRecord*>& likes) {
  if (likes.empty()) return;
  std::vector<PublishCall> calls;
  for (MessageRecord* m : likes) calls.push_back(CallOf(*m));
  int tries = 0;
  const auto outcomes = client_.PublishBatch(calls, &tries);
  if (!Check(outcomes.status(), "PublishBatch of likes")) return;
  for (size_t i = 0; i < likes.size() && i < outcomes->size(); ++i) {
    likes[i]->tries = tries;
    if ((*outcomes)[i].ok()) {
      likes[i]->message_id = (*outcomes)[i]->message_id;
    } else {
      // By itself, with its own patience.
      const auto again = client_.Publish(calls[i], &likes[i]->tries);
      ++likes[i]->tries;
      if (Check(again.status(), absl::StrCat("Publish of like ", likes[i]->plan.number)))
        likes[i]->message_id = again->message_id;
    }
  }
}

void MessageDay::PublishOne(MessageRecord& m) {
  const PublishCall call = CallOf(m);
  const auto answer = client_.Publish(call, &m.tries);
  if (!Check(answer.status(), absl::StrCat("Publish of ", KindName(m.plan.kind), " ", m.plan.number))) return;
  m.message_id = answer->message_id;
  if (m.plan.special == Special::kSameRequestTwice || m.plan.special == Special::kDedupeKey) PublishAgain(m, call);
  if (m.plan.special == Special::kScheduledCanceled || m.plan.special == Special::kCanceled) CancelOne(m);
}

void MessageDay::PublishAgain(MessageRecord& m, const PublishCall& call) {
  PublishCall again = call;
  if (m.plan.special == Special::kDedupeKey) again.request_id = MessageRequestId(plan_, m.plan, "again");
  int tries = 0;
  const auto answer = client_.Publish(again, &tries);
  if (!Check(answer.status(), absl::StrCat("Publish of ", KindName(m.plan.kind), " ", m.plan.number, " again"))) return;
  m.tries = std::max(m.tries, tries);
  // Requests of ORDERED messages are known to Redis alone.
  const bool may_differ = m.plan.message_class != MessageClass::kReliable && answer->message_id != m.message_id;
  if (may_differ) m.tries = std::max(m.tries, 2);
  if (answer->message_id != m.message_id && !may_differ) {
    Complain(absl::StrCat("doubled message: ", KindName(m.plan.kind), " ", m.plan.number, " (",
                          SpecialName(m.plan.special), ") is ", m.message_id, " and ", answer->message_id));
  }
}

void MessageDay::CancelOne(MessageRecord& m) {
  const std::string what = absl::StrCat("CancelMessage of ", m.message_id, " (", SpecialName(m.plan.special), ")");
  for (int i = 0; i < 2; ++i) {  // The second is the first's repetition.
    const auto canceled = client_.CancelMessage(MessageRequestId(plan_, m.plan, "cancel"), m.message_id);
    if (!Check(canceled.status(), what)) return;
    m.canceled = canceled->state == "CANCELED";
    // Who was there may have acknowledged it by now.
    const bool too_late = m.plan.special == Special::kCanceled && canceled->state == "COMPLETED";
    if (!m.canceled && !too_late) Complain(absl::StrCat(what, " answered ", canceled->state));
  }
}

void MessageDay::Settle() {
  Patience patience(options_.settle);
  for (int round = 0; !IsSettled(records_, fold_.messages()); ++round) {
    size_t news = fold_.events();
    if (round % 2 == 0) AckPositions();
    for (const auto& student : students_) news += static_cast<size_t>(student->acked());
    if (patience.IsOver(news)) return;
    Sleep(absl::Milliseconds(500));
  }
}

MessageDayRecord MessageDay::Close() {
  Finish();
  Settle();
  Sleep(absl::Seconds(1));  // Counts of LOSSY and ORDERED messages come behind.
  ParallelFor(records_.size(), options_.concurrency, [&](size_t i) { ReadOne(records_[i]); });
  MessageDayRecord record;
  record.product = plan_.product;
  record.run_id = plan_.run_id;
  record.messages = records_;
  record.before = before_;
  const auto after = client_.GetDailySummary();
  if (Check(after.status(), "GetDailySummary")) record.after = *after;
  record.troubled = std::any_of(records_.begin(), records_.end(), [](const MessageRecord& m) { return m.tries > 1; });
  // Clients and events may lag a little behind states.
  const absl::Time give_up = absl::Now() + absl::Seconds(15);
  while (true) {
    record.students = StudentRecords();
    record.by_events = fold_.messages();
    const bool whole =
        CheckMessageEvents(record).empty() && CheckOrder(record).empty() && CheckNoLostMessage(record).empty();
    if (whole && (intruder_ == nullptr || intruder_->is_refused())) break;
    if (absl::Now() > give_up) break;
    Sleep(absl::Milliseconds(500));
  }
  watcher_->Stop();
  record.events = static_cast<int64_t>(fold_.events());
  record.broken_streams = watcher_->breaks();
  if (intruder_ != nullptr && !intruder_->Complaint().empty()) Complain(intruder_->Complaint());
  for (const std::string& sentence : fold_.complaints()) Complain(sentence);
  MutexLock lock(mu_);
  record.complaints = complaints_;
  return record;
}

void MessageDay::ReadOne(MessageRecord& m) {
  if (m.message_id.empty()) return;
  const auto view = client_.GetMessage(m.message_id);
  m.found = view.ok();
  if (!m.found) {
    if (ReasonOf(view.status()) != "MESSAGE_NOT_FOUND") Check(view.status(), "GetMessage of " + m.message_id);
    return;
  }
  // An acknowledgement may come between the two answers.
  for (int i = 0; i < 5; ++i) {
    const auto delivery = client_.GetDelivery(m.message_id);
    if (!Check(delivery.status(), "GetDelivery of " + m.message_id)) return;
    m.delivery = *delivery;
    if (m.plan.message_class != MessageClass::kReliable) break;
    auto recipients = client_.ListRecipients(m.message_id);
    if (!Check(recipients.status(), "ListRecipients of " + m.message_id)) return;
    m.recipients = *std::move(recipients);
    if (LedgerOf(m.recipients) == m.delivery) break;
    Sleep(absl::Milliseconds(100));
  }
  const auto last = client_.GetMessage(m.message_id);
  if (Check(last.status(), "GetMessage of " + m.message_id)) m.view = *last;
}

std::vector<StudentRecord> MessageDay::StudentRecords() const {
  std::vector<StudentRecord> records;
  records.reserve(students_.size());
  for (const auto& student : students_) records.push_back(student->Record());
  return records;
}

StudentClient* MessageDay::FindStudent(const std::string& student_id) const {
  for (const auto& student : students_) {
    if (student->plan().student_id == student_id) return student.get();
  }
  return nullptr;
}

std::vector<std::string> MessageDay::StudentIds() const {
  std::vector<std::string> ids;
  for (const auto& student : students_) ids.push_back(student->plan().student_id);
  return ids;
}

int MessageDay::broken_streams() const { return watcher_->breaks(); }

bool MessageDay::Check(const absl::Status& status, const std::string& what) {
  if (!status.ok()) Complain(absl::StrCat(what, " failed: ", TextOf(status)));
  return status.ok();
}

void MessageDay::Complain(const std::string& sentence) {
  MutexLock lock(mu_);
  complaints_.push_back(sentence);
}

}  // namespace trivium::schoolday
