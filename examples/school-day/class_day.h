// One product's classes on a day: rooms by the timetable, their people, what is said in them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "examples/school-day/class_fold.h"
#include "examples/school-day/class_plan.h"
#include "examples/school-day/class_room.h"
#include "examples/school-day/class_views.h"
#include "examples/school-day/class_visit.h"
#include "examples/school-day/event_follower.h"
#include "examples/school-day/live_client.h"
#include "examples/school-day/live_door.h"
#include "examples/school-day/message_day.h"
#include "examples/school-day/progress.h"
#include "examples/school-day/push_client.h"
#include "libs/client_connection/loop.h"
#include "libs/http/client.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// Called in the order of its methods. What must not happen becomes a complaint of the record.
class ClassDay {
 public:
  struct Options {
    absl::Duration settle = absl::Seconds(90);  // Longest wait without any news for what is on its way.
    uint64_t seed = 1;
  };
  struct Parts {
    LiveClient& live;
    PushClient& push;
    MessageDay& messages;                                         // Whose students come.
    std::function<bool(const std::string&)> has_paid, is_paying;  // By order_ref; see GrantDesk.
    Latencies& latencies;
  };
  // All parts outlive it.
  ClassDay(ClassPlan plan, const Options& options, Campus campus, Parts parts);
  ~ClassDay();

  // Follows the events from now on and creates the rooms. Fails when live cannot be reached.
  absl::Status Open();
  // Also tries another product's rooms, and its key. Before Start.
  void ProbeIsolation(const ClassDay& foreign);
  // Begins, in a thread of its own, once the messages are through.
  void Start();
  // Waits until the first of them begin.
  void AwaitFirst() const;
  // Waits until all classes are over; a step for each visit.
  void Finish(Progress& progress);
  // Reads everything that is judged.
  ClassDayRecord Close();

  size_t visit_count() const { return visits_.size(); }

 private:
  void Work();
  void AddVisits();
  std::unique_ptr<LiveDoor> DoorOf(const PlannedVisit& plan, StudentClient* client);
  StudentClient* ClientOf(const PlannedVisit& plan);
  void Pulse();
  void Prepare();
  void ProbeForeign();
  void RunWaves();
  void ReadClients(ClassDayRecord& record) const;
  bool Settle(ClassDayRecord& record);
  void Expect(const absl::Status& status, const std::string& reason, const std::string& what);
  void Complain(const std::string& sentence);

  const ClassPlan plan_;
  const Options options_;
  const Campus campus_;
  const Parts parts_;
  ClassFold fold_;
  ClassMessages messages_;
  GrantDesk desk_;
  http::Client http_;
  CallThreads threads_{4};
  std::unique_ptr<EventFollower<LiveEventView>> follower_;
  std::unique_ptr<client::Loop> loop_;
  std::vector<std::unique_ptr<StudentClient>> staff_;
  std::vector<std::unique_ptr<ClassRoom>> rooms_;  // As in the plan, as the next.
  std::vector<std::shared_ptr<Visit>> visits_;
  std::string foreign_room_;
  LiveDayView before_;
  std::thread thread_, pulse_;
  std::atomic<bool> begun_ = false, done_ = false, stop_ = false;
  double seconds_ = 0;
  Mutex mu_;
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::schoolday
