// One product's messages on a day: its students connect, break, stay away and come back; its backend publishes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "examples/school-day/event_follower.h"
#include "examples/school-day/message_fold.h"
#include "examples/school-day/message_plan.h"
#include "examples/school-day/message_views.h"
#include "examples/school-day/push_client.h"
#include "examples/school-day/student_client.h"
#include "libs/client_connection/loop.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// Called in the order of its methods. What must not happen becomes a complaint of the record.
class MessageDay {
 public:
  struct Options {
    int concurrency = 8;
    absl::Duration settle = absl::Seconds(120);  // Longest wait without any news for what is on its way.
    uint64_t seed = 1;
  };
  // client outlives this.
  MessageDay(MessagePlan plan, const Options& options, Campus campus, PushClient& client);
  ~MessageDay();

  // Follows the events from now on. Fails when push cannot be reached.
  absl::Status Open();
  // Begins, in a thread of its own.
  void Start();
  // One of the students also tries to read another's channel, and joins a room in which `foreign` publishes; and
  // somebody comes with a token that `foreign`'s key has signed. Before Start.
  void ProbeIsolation(const MessageDay& foreign);
  // Waits until everything is published.
  void Finish();
  // Waits until nothing is on its way, then reads everything that is judged.
  MessageDayRecord Close();

  size_t message_count() const { return records_.size(); }
  // Everything is published. From then on, what classes need of the students; after Open.
  bool is_through() const { return through_; }
  // nullptr: there is none.
  StudentClient* FindStudent(const std::string& student_id) const;
  std::vector<std::string> StudentIds() const;
  std::vector<StudentRecord> StudentRecords() const;
  // Applications that acknowledge by position do so.
  void AckPositions();
  int broken_streams() const;

 private:
  class Intruder;

  void Work();
  void Prepare();
  void Arrive();
  void RunBurst(int burst);
  void BreakConnections(int burst);
  void RunLanes(int burst, bool second_half);
  void RunLane(const std::vector<MessageRecord*>& lane);
  void PublishLikes(const std::vector<MessageRecord*>& likes);
  void PublishOne(MessageRecord& m);
  void PublishAgain(MessageRecord& m, const PublishCall& call);
  void CancelOne(MessageRecord& m);
  PublishCall CallOf(MessageRecord& m);
  void Settle();
  void ReadOne(MessageRecord& m);
  bool Check(const absl::Status& status, const std::string& what);
  void Complain(const std::string& sentence);

  const MessagePlan plan_;
  const Options options_;
  const Campus campus_;
  PushClient& client_;
  MessageFold fold_;
  std::unique_ptr<EventFollower<MessageEventView>> watcher_;
  std::unique_ptr<client::Loop> loop_;
  std::vector<std::unique_ptr<StudentClient>> students_;
  std::unique_ptr<Intruder> intruder_;
  std::vector<MessageRecord> records_;  // By number; each is worked on by one thread at a time.
  PushDayView before_;
  std::thread thread_;
  std::atomic<bool> through_ = false;
  Mutex mu_;
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::schoolday
