// Somebody's visit to a class: comes, is let in or not, sends heartbeats, breaks off and comes back, goes. A state
// machine that is looked at every few ms; its calls do not block.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "examples/school-day/class_grants.h"
#include "examples/school-day/class_views.h"
#include "examples/school-day/latency.h"
#include "examples/school-day/live_door.h"
#include "examples/school-day/student_client.h"
#include "libs/sync/mutex.h"

namespace trivium::live::v1 {
class HeartbeatResponse;
class JoinRoomRequest;
class JoinRoomResponse;
}  // namespace trivium::live::v1

namespace trivium::schoolday {

// What the backend knows of a class's room; all its visits look at it.
struct RoomBoard {
  std::string room_id;
  std::string other_room_id;          // Another room of the product: for who shows a grant of it.
  std::atomic<bool> lets_in = true;   // Grants are given.
  std::atomic<bool> is_live = false;  // Live said so.
  std::atomic<bool> is_over = false;  // The backend ended or canceled it.
};

// Thread-safe.
class Visit : public std::enable_shared_from_this<Visit> {
 public:
  struct Parts {
    const GrantDesk& desk;
    const RoomBoard& board;
    std::unique_ptr<LiveDoor> door;
    StudentClient* client;  // nullptr: has no connection.
    Latencies& latencies;
  };
  // number: unique in the product's day. Parts outlive it, and every answer of the door.
  Visit(PlannedVisit plan, int number, Parts parts);

  // Does what is due.
  void Tick(absl::Time now);

  // What happens to it, by the class's script.
  void Come();
  void BreakOff(absl::Duration away);
  void Vanish();
  void Leave();
  // Does now what is due some time.
  void HurryUp();

  // Staff moves to the stage or back, or mutes or not, through its own client. Blocks until it is answered.
  absl::Status Moderate(LiveCommand command, const std::string& user_id, bool on);
  // Tries to enter another product's room: the reason of the refusal. Likewise.
  absl::Status ProbeRoom(const std::string& room_id);

  const PlannedVisit& plan() const { return plan_; }
  StudentClient* client() const { return parts_.client; }
  // Has a stay, or waits for a place.
  bool is_in() const;
  bool waits() const;
  // In, on this connection; or over.
  bool is_settled() const;
  // The backend lets it in.
  bool is_let_in() const;
  // Has come, and the backend does not let it in yet.
  bool is_kept_out() const;
  // Not let in, although the product has its money, or is to have it soon.
  bool is_owed() const;
  bool has_ended() const;
  bool wants_to_leave() const;
  std::string join_id() const;
  bool is_troubled() const;
  VisitRecord Record() const;

 private:
  enum class Phase { kAway, kKnocks, kIn, kOver };

  absl::Status CallPatiently(LiveCommand command, const google::protobuf::Message& request, LiveDoor::Answer answer);
  void Knock(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendJoin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendTry() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendHeartbeat() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SendLeave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  template <typename Answer, typename Request>
  void Send(LiveCommand command, const Request& request,
            void (Visit::*then)(absl::Time now, const absl::Status&, const Answer&)) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnJoined(absl::Time now, const absl::Status& status, const live::v1::JoinRoomResponse& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnTried(absl::Time now, const absl::Status& status, const live::v1::JoinRoomResponse& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnBeat(absl::Time now, const absl::Status& status, const live::v1::HeartbeatResponse& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  template <typename Answer>
  void OnLeft(absl::Time now, const absl::Status& status, const Answer&) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnRefused(absl::Time now, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether the call is worth another try: then it is planned.
  bool TriesAgain(absl::Time now, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  template <typename Answer>
  void Take(absl::Time now, const Answer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void End(VisitEnd end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Complain(const std::string& what, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const PlannedVisit plan_;
  const int number_;
  const Parts parts_;
  mutable Mutex mu_;
  VisitRecord record_ ABSL_GUARDED_BY(mu_);
  Phase phase_ ABSL_GUARDED_BY(mu_) = Phase::kAway;
  absl::Time next_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();        // When it does something again.
  absl::Time busy_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();  // An answer is awaited.
  absl::Time sent_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time trouble_since_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  int64_t call_ ABSL_GUARDED_BY(mu_) = 0;           // Answers of older calls are too late.
  int attempt_ ABSL_GUARDED_BY(mu_) = 0;            // Of joining: names the request.
  bool open_attempt_ ABSL_GUARDED_BY(mu_) = false;  // It has no answer yet: a repeat is the same request.
  bool first_look_ ABSL_GUARDED_BY(mu_) = true, tried_ ABSL_GUARDED_BY(mu_) = false;
  bool rejoins_ ABSL_GUARDED_BY(mu_) = false, leaves_ ABSL_GUARDED_BY(mu_) = false;
  bool troubled_ ABSL_GUARDED_BY(mu_) = false, was_in_ ABSL_GUARDED_BY(mu_) = false;
  int connection_ ABSL_GUARDED_BY(mu_) = 0;  // Of the newest answer of JoinRoom.
  int broken_ ABSL_GUARDED_BY(mu_) = 0;      // That was cut, which takes a moment; 0: none.
  StayView stay_ ABSL_GUARDED_BY(mu_);       // Newest.
  std::string token_ ABSL_GUARDED_BY(mu_);   // Resume token.
  int64_t epoch_ ABSL_GUARDED_BY(mu_) = 0, report_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration interval_ ABSL_GUARDED_BY(mu_) = absl::Seconds(1);
  absl::Time waits_since_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
};

}  // namespace trivium::schoolday
