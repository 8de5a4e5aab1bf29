#include "examples/school-day/class_visit.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/school-day/backend_call.h"
#include "examples/school-day/live_views.h"
#include "libs/status/error.h"

namespace trivium::schoolday {

namespace api = trivium::live::v1;

namespace {

constexpr absl::Duration kPatience = absl::Seconds(90);   // With a platform that does not answer.
constexpr absl::Duration kOneAnswer = absl::Seconds(20);  // Longer than any deadline of the gateway's.
constexpr absl::Duration kAgain = absl::Milliseconds(400), kStartAgain = absl::Seconds(1);
constexpr absl::Duration kLook = absl::Milliseconds(300);  // Whether it has paid.

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", ReasonOf(status), " (", status.message(), ")");
}

bool IsOver(const std::string& reason) { return reason == "ROOM_NOT_LIVE" || reason == "ROOM_ENDING"; }

double SecondsOf(const google::protobuf::Duration& d) { return static_cast<double>(d.seconds()) + d.nanos() * 1e-9; }

// What a client has seen since its last report.
void FillReport(int64_t sequence, absl::Duration since, api::QoeReport* report) {
  const int64_t ms = std::min<int64_t>(absl::ToInt64Milliseconds(since), 600'000);
  report->set_sequence(sequence);
  report->set_watch_ms(ms);
  report->set_play_ms(ms * 98 / 100);
  report->set_packets(ms / 10);
  report->set_packets_lost(ms / 2000);
  report->set_rtt_ms_sum(40);
  report->set_rtt_samples(1);
  if (sequence > 1) return;
  report->mutable_join_steps()->set_token_ms(20);
  report->mutable_join_steps()->set_first_frame_ms(600);
}

}  // namespace

Visit::Visit(PlannedVisit plan, int number, Parts parts)
    : plan_(std::move(plan)), number_(number), parts_(std::move(parts)) {
  MutexLock lock(mu_);
  record_.plan = plan_;
}

void Visit::Come() {
  MutexLock lock(mu_);
  if (phase_ == Phase::kAway) phase_ = Phase::kKnocks;
}

void Visit::BreakOff(absl::Duration away) {
  {
    MutexLock lock(mu_);
    ++record_.breaks;
    broken_ = parts_.door->connection();
    if (broken_ == 0) rejoins_ = true;
  }
  if (parts_.client == nullptr || plan_.way != Way::kSocket) return;
  if (plan_.manner == Manner::kStartsAnew) {
    parts_.client->StartAnew(away);
  } else {
    parts_.client->Break(away);
  }
}

void Visit::Vanish() {
  MutexLock lock(mu_);
  if (phase_ == Phase::kIn) End(VisitEnd::kVanished);
}

void Visit::Leave() {
  MutexLock lock(mu_);
  leaves_ = true;
  if (phase_ == Phase::kIn) next_ = absl::InfinitePast();
}

void Visit::HurryUp() {
  MutexLock lock(mu_);
  next_ = absl::InfinitePast();
}

absl::Status Visit::CallPatiently(LiveCommand command, const google::protobuf::Message& request,
                                  LiveDoor::Answer answer) {
  const absl::Time give_up = absl::Now() + kPatience;
  while (true) {
    auto promise = std::make_shared<std::promise<absl::Status>>();
    std::future<absl::Status> future = promise->get_future();
    parts_.door->Call(command, request, answer, [promise](const absl::Status& s) { promise->set_value(s); });
    const bool in_time = future.wait_for(absl::ToChronoSeconds(kOneAnswer)) == std::future_status::ready;
    const absl::Status status = in_time ? future.get() : absl::DeadlineExceededError("no answer");
    if (status.ok() || !IsWorthAnotherTry(status) || absl::Now() > give_up) return status;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kAgain));
  }
}

absl::Status Visit::Moderate(LiveCommand command, const std::string& user_id, bool on) {
  if (command == LiveCommand::kMute) {
    api::MuteParticipantRequest request;
    request.set_room_id(parts_.board.room_id);
    request.set_user_id(user_id);
    request.set_audio_muted(on);
    return CallPatiently(command, request, std::make_shared<api::Participant>());
  }
  api::MoveParticipantRequest request;
  request.set_room_id(parts_.board.room_id);
  request.set_user_id(user_id);
  request.set_on_stage(on);
  return CallPatiently(command, request, std::make_shared<api::Participant>());
}

absl::Status Visit::ProbeRoom(const std::string& room_id) {
  api::JoinRoomRequest request;
  request.set_room_id(room_id);
  request.set_grant(parts_.desk.Grant(plan_.user_id, room_id, ClassRole::kStudent));
  return CallPatiently(LiveCommand::kJoin, request, std::make_shared<api::JoinRoomResponse>());
}

void Visit::Tick(absl::Time now) {
  MutexLock lock(mu_);
  if (phase_ == Phase::kAway || phase_ == Phase::kOver || now < busy_until_) return;
  if (busy_until_ != absl::InfinitePast()) {
    // The answer is overdue.
    busy_until_ = absl::InfinitePast();
    ++call_;
    if (!TriesAgain(now, absl::DeadlineExceededError("no answer"))) End(VisitEnd::kGaveUp);
    return;
  }
  if (phase_ == Phase::kKnocks) {
    if (now >= next_) Knock(now);
    return;
  }
  if (leaves_ && now >= next_) return SendLeave();
  if (plan_.way == Way::kSocket && !parts_.client->is_connected()) return;
  if (rejoins_ || open_attempt_ || parts_.door->connection() != connection_) {
    if (!open_attempt_ || now >= next_) SendJoin();
    return;
  }
  if (now >= next_) SendHeartbeat();
}

void Visit::Knock(absl::Time now) {
  if (!record_.granted) {
    const bool paid = !plan_.NeedsToPay() || (!plan_.refunded && parts_.desk.has_paid(plan_.order_ref));
    if (parts_.board.lets_in && paid) {
      record_.granted = true;
      record_.kept_out = !first_look_;
    } else if (!parts_.board.lets_in || parts_.board.is_over) {
      return End(VisitEnd::kNeverPaid);
    } else if (!tried_ && parts_.board.is_live) {
      return SendTry();
    } else {
      first_look_ = false;
      next_ = now + kLook;
      return;
    }
    if (parts_.client != nullptr) parts_.client->Subscribe("room:" + parts_.board.room_id);
  }
  SendJoin();
}

template <typename Answer, typename Request>
void Visit::Send(LiveCommand command, const Request& request,
                 void (Visit::*then)(absl::Time, const absl::Status&, const Answer&)) {
  const int64_t call = ++call_;
  sent_ = absl::Now();
  busy_until_ = sent_ + kOneAnswer;
  auto answer = std::make_shared<Answer>();
  parts_.door->Call(command, request, answer,
                    [self = shared_from_this(), call, answer, then](const absl::Status& status) {
                      MutexLock lock(self->mu_);
                      if (call != self->call_) return;
                      self->busy_until_ = absl::InfinitePast();
                      if (self->phase_ == Phase::kOver) return;
                      (self.get()->*then)(absl::Now(), status, *answer);
                    });
}

void Visit::SendJoin() {
  if (!open_attempt_) ++attempt_;
  open_attempt_ = true;
  rejoins_ = false;
  connection_ = parts_.door->connection();
  api::JoinRoomRequest request;
  request.set_room_id(parts_.board.room_id);
  request.set_request_id(absl::StrCat(parts_.desk.campus.run_id, ".", number_, ".", attempt_));
  request.set_platform(number_ % 2 == 0 ? "web" : "pc");
  request.set_resume_token(token_);
  if (plan_.way == Way::kBackend) {
    request.set_user_id(plan_.user_id);
    request.set_role(static_cast<api::Role>(plan_.role));
  } else if (phase_ == Phase::kKnocks) {
    request.set_grant(parts_.desk.Grant(plan_.user_id, parts_.board.room_id, plan_.role));
  }
  Send(LiveCommand::kJoin, request, &Visit::OnJoined);
}

void Visit::SendTry() {
  api::JoinRoomRequest request;
  request.set_room_id(parts_.board.room_id);
  request.set_grant(parts_.desk.Bad(plan_.bad, plan_.user_id, parts_.board.room_id, parts_.board.other_room_id));
  if (plan_.bad == BadGrant::kAsksForRole) request.set_role(api::TEACHER);
  Send(LiveCommand::kJoin, request, &Visit::OnTried);
}

void Visit::SendHeartbeat() {
  api::HeartbeatRequest request;
  request.set_room_id(parts_.board.room_id);
  request.set_join_id(stay_.join_id);
  request.set_epoch(epoch_);
  request.set_resume_token(token_);
  if (plan_.way == Way::kBackend) request.set_user_id(plan_.user_id);
  FillReport(report_ + 1, interval_, request.mutable_qoe());
  Send(LiveCommand::kHeartbeat, request, &Visit::OnBeat);
}

void Visit::SendLeave() {
  api::LeaveRoomRequest request;
  request.set_room_id(parts_.board.room_id);
  request.set_join_id(stay_.join_id);
  if (plan_.way == Way::kBackend) request.set_user_id(plan_.user_id);
  Send(LiveCommand::kLeave, request, &Visit::OnLeft<api::LeaveRoomResponse>);
}

bool Visit::TriesAgain(absl::Time now, const absl::Status& status) {
  // An answer that broke off on its way is none.
  const bool none = status.code() == absl::StatusCode::kUnknown || status.code() == absl::StatusCode::kDataLoss;
  if (!IsWorthAnotherTry(status) && !none) return false;
  // A connection that breaks is the student's own matter.
  troubled_ = troubled_ || status.code() != absl::StatusCode::kCancelled;
  trouble_since_ = std::min(trouble_since_, now);
  parts_.latencies.Retried("live.join");
  if (now - trouble_since_ > kPatience) {
    Complain("had no answer for a long time", status);
    return false;
  }
  next_ = now + kAgain;
  return true;
}

template <typename Answer>
void Visit::Take(absl::Time now, const Answer& answer) {
  const bool waited = waits_since_ != absl::InfiniteFuture();
  stay_ = ViewOf(answer.participant());
  token_ = answer.resume_token();
  interval_ = absl::Seconds(SecondsOf(answer.heartbeat_interval()));
  next_ = now + interval_;
  trouble_since_ = absl::InfiniteFuture();
  const bool waits = stay_.rung == "WAITING";
  if (waits && !waited) {
    waits_since_ = now;
    ++record_.waits;
  }
  if (waited) record_.waited_s = std::max(record_.waited_s, absl::ToDoubleSeconds(now - waits_since_));
  if (!waits) waits_since_ = absl::InfiniteFuture();
  record_.estimate_s = std::max(record_.estimate_s, SecondsOf(answer.estimated_wait()));
}

void Visit::OnJoined(absl::Time now, const absl::Status& status, const api::JoinRoomResponse& answer) {
  if (!status.ok()) return OnRefused(now, status);
  open_attempt_ = false;
  Take(now, answer);
  epoch_ = answer.participant().epoch();
  record_.joins.push_back({stay_, absl::ToUnixMillis(now), was_in_});
  record_.join_ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(now - sent_)));
  parts_.latencies.Answered("live.join", now - sent_);
  was_in_ = true;
  phase_ = Phase::kIn;
}

void Visit::OnRefused(absl::Time now, const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (TriesAgain(now, status)) return;
  trouble_since_ = absl::InfiniteFuture();
  if (reason == "ROOM_NOT_LIVE" && !parts_.board.is_over) {
    ++record_.not_live;
    next_ = now + kStartAgain;
    return;
  }
  open_attempt_ = false;
  ++record_.refusals[reason.empty() ? absl::StatusCodeToString(status.code()) : reason];
  if (IsOver(reason)) return End(was_in_ ? VisitEnd::kRoomOver : VisitEnd::kCanceled);
  if (reason == "PARTICIPANT_BANNED") return End(VisitEnd::kBanned);
  Complain("was refused", status);
  End(VisitEnd::kGaveUp);
}

void Visit::OnTried(absl::Time now, const absl::Status& status, const api::JoinRoomResponse&) {
  if (!status.ok() && TriesAgain(now, status)) return;
  const std::string reason = ReasonOf(status);
  if (reason == "ROOM_NOT_LIVE" || reason == "ROOM_ENDING") {
    next_ = now + kLook;
    return;
  }
  tried_ = true;
  first_look_ = false;
  record_.tries.push_back({RefusalOf(plan_.bad), status.ok() ? "OK" : reason});
  if (!status.ok()) ++record_.refusals[reason];
  next_ = now + kLook;
}

void Visit::OnBeat(absl::Time now, const absl::Status& status, const api::HeartbeatResponse& answer) {
  if (status.ok()) {
    ++report_;
    ++record_.beats;
    ++record_.reports;
    return Take(now, answer);
  }
  if (TriesAgain(now, status)) return;
  const std::string reason = ReasonOf(status);
  if (IsOver(reason)) {
    if (!parts_.board.is_over) Complain("was put out of a class that goes on", status);
    return End(VisitEnd::kRoomOver);
  }
  if (reason != "PARTICIPANT_BANNED" && reason != "PARTICIPANT_NOT_IN_ROOM") Complain("could not stay", status);
  // Comes again: who was removed must be refused.
  phase_ = Phase::kKnocks;
  next_ = now + kAgain;
}

template <typename Answer>
void Visit::OnLeft(absl::Time now, const absl::Status& status, const Answer&) {
  if (status.ok()) return End(VisitEnd::kLeft);
  if (TriesAgain(now, status)) return;
  Complain("could not leave", status);
  End(VisitEnd::kGaveUp);
}

void Visit::End(VisitEnd end) {
  phase_ = Phase::kOver;
  record_.end = end;
}

void Visit::Complain(const std::string& what, const absl::Status& status) {
  if (record_.complaints.size() >= 3) return;
  record_.complaints.push_back(
      absl::StrCat("visit: ", plan_.user_id, " in ", parts_.board.room_id, " ", what, ": ", TextOf(status)));
}

bool Visit::is_let_in() const {
  MutexLock lock(mu_);
  return record_.granted;
}

bool Visit::is_kept_out() const {
  MutexLock lock(mu_);
  return phase_ == Phase::kKnocks && !record_.granted && !first_look_;
}

bool Visit::is_owed() const {
  MutexLock lock(mu_);
  if (phase_ == Phase::kOver || record_.granted || !plan_.NeedsToPay() || plan_.refunded) return false;
  return parts_.desk.is_paying(plan_.order_ref) || parts_.desk.has_paid(plan_.order_ref);
}

bool Visit::is_in() const {
  MutexLock lock(mu_);
  return phase_ == Phase::kIn;
}

bool Visit::waits() const {
  MutexLock lock(mu_);
  return phase_ == Phase::kIn && stay_.rung == "WAITING";
}

bool Visit::is_settled() const {
  MutexLock lock(mu_);
  if (phase_ == Phase::kOver) return true;
  const int connection = parts_.door->connection();
  const bool still_broken = broken_ > 0 && connection == broken_;
  return phase_ == Phase::kIn && !rejoins_ && !open_attempt_ && connection == connection_ && !still_broken;
}

bool Visit::wants_to_leave() const {
  MutexLock lock(mu_);
  return leaves_;
}

bool Visit::has_ended() const {
  MutexLock lock(mu_);
  return phase_ == Phase::kOver;
}

std::string Visit::join_id() const {
  MutexLock lock(mu_);
  return stay_.join_id;
}

bool Visit::is_troubled() const {
  MutexLock lock(mu_);
  return troubled_;
}

VisitRecord Visit::Record() const {
  MutexLock lock(mu_);
  return record_;
}

}  // namespace trivium::schoolday
