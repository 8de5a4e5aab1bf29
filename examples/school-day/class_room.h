// One class as its backend holds it: starts the room, waits for its people, chats, asks, moves to the stage, removes,
// lets connections break, ends.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "examples/school-day/class_fold.h"
#include "examples/school-day/class_views.h"
#include "examples/school-day/class_visit.h"
#include "examples/school-day/live_client.h"
#include "examples/school-day/push_client.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// What the backend says to rooms: numbers and records of messages. Thread-safe.
class ClassMessages {
 public:
  ClassMessages(const Campus& campus, PushClient& push) : campus_(campus), push_(push) {}

  // Publishes; recipients: who must be shown it, if it is RELIABLE. room: of the plan; -1: everybody of the product.
  absl::Status Say(int room, const std::string& room_id, const std::string& kind, bool reliable,
                   std::vector<std::string> recipients);
  // Fates of RELIABLE ones so far. Whether all recipients have acknowledged.
  bool ReadFates();
  std::vector<ClassMessageRecord> records() const;
  bool was_troubled() const;

 private:
  ClassMessageRecord Begin(int room, const std::string& kind, bool reliable, std::vector<std::string> recipients);

  const Campus& campus_;  // Not owned, as the next; outlive this.
  PushClient& push_;
  mutable Mutex mu_;
  std::vector<ClassMessageRecord> records_ ABSL_GUARDED_BY(mu_);  // By number.
  bool troubled_ ABSL_GUARDED_BY(mu_) = false;
};

class ClassRoom {
 public:
  struct Parts {
    LiveClient& live;
    ClassFold& fold;
    ClassMessages& messages;
    std::function<void(const std::string&)> complain;
    std::string run_id;
    uint64_t seed = 1;
  };
  // Parts outlive it. index: in the plan.
  ClassRoom(PlannedRoom plan, int index, Parts parts);

  // Before everything else.
  absl::Status Create();
  // Its people are known before it is held.
  void Add(std::shared_ptr<Visit> visit) { visits_.push_back(std::move(visit)); }
  RoomBoard& board() { return board_; }
  const PlannedRoom& plan() const { return plan_; }

  // To the end; blocks.
  void Hold();
  void Cancel();
  // Tells live of the time at which a moved class is held.
  void MoveTo(absl::Time start);
  void LetCome();

  // At the day's end.
  RoomRecord Read();

 private:
  using Visits = std::vector<std::shared_ptr<Visit>>;

  void Start();
  bool StartWhenThereIsRoom();
  void AwaitState(const std::string& state);
  void Teach();
  void Treat(Visit& visit, bool begins);
  void TreatAll(bool begins);
  void Trouble();
  void AwaitGhosts();
  void AwaitRemoved();
  void AwaitPayers();
  void DrainQueue();
  void CompareRoster();
  void End();
  void Ask(const std::string& kind);
  // Waits until it holds for all visits, or nothing has changed for so long: the number of those for whom it does not.
  int64_t AwaitFor(absl::Duration most, const std::function<bool(const Visit&)>& holds) const;
  // Likewise; complains then.
  void Await(const std::string& what, const std::function<bool(const Visit&)>& holds);
  Visits InNow() const;
  Visit* Teacher() const;
  bool Check(const absl::Status& status, const std::string& what);
  std::string RequestId(const std::string& what) const;

  const PlannedRoom plan_;
  const int index_;
  const Parts parts_;
  RoomBoard board_;
  Visits visits_;
  std::vector<std::string> ghosts_;  // Join ids of who vanished.
  std::vector<std::string> banned_;
};

}  // namespace trivium::schoolday
