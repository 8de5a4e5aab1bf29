// Users who come in waves and leave again, in a closed loop of JoinRoom and LeaveRoom.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "tests/load/live_api.h"
#include "tests/load/place_audit.h"
#include "tests/load/samples.h"

namespace trivium::load {

struct WavesResult {
  PhaseResult joins;                       // A full queue is an answer. seconds: in which users came.
  PhaseResult leaves;                      // seconds: of the whole.
  PhaseResult calls;                       // Both.
  std::map<std::string, int64_t> answers;  // "RTC BEST", "FAST FULL ROOM", "refused ROOM_QUEUE_FULL".
  int64_t waves = 0;
  int64_t unsettled = 0;  // Stays of which nobody knows whether they are over.
};

// Of `rooms` rooms the first gets half of all users, the second a quarter, and so on: some are crowded, some are not.
size_t RoomOfUser(int64_t n, size_t rooms);

class JoinWaves {
 public:
  struct Parts {
    LiveApi& api;
    PlaceAudit& audit;
    const std::vector<LoadRoom>& rooms;
    const std::vector<std::vector<size_t>>& levels;  // Of each room, in audit.
    std::atomic<int64_t>& next_user;
    int workers = 1;
    int wave = 1;
  };
  JoinWaves(const Parts& parts, absl::Duration length);
  // Begins with empty rooms and ends with empty ones. Once.
  WavesResult Run();

 private:
  struct Stay {
    int64_t user = 0;
    size_t room = 0;
    std::string join_id;        // Empty: nobody knows whether it began.
    size_t rung = kPlaceRungs;  // kPlaceRungs: in the queue.
  };
  enum class Step { kJoin, kLeave, kEnd };

  Step Choose(Stay* stay);
  void Next();
  void Join(const Stay& stay);
  void Leave(const Stay& stay);
  void Keep(Stay stay);
  void Doubt(Stay stay);
  // Asks again about what was not answered, one after the other. True: it is over.
  bool Settle(Stay& stay);

  const Parts p_;
  const absl::Time end_;
  Samples joins_, leaves_, calls_;
  mutable Mutex mu_;
  CondVar ended_;
  int running_ ABSL_GUARDED_BY(mu_) = 0;
  int came_ ABSL_GUARDED_BY(mu_) = 0;  // In this wave.
  absl::Time begun_ ABSL_GUARDED_BY(mu_);
  absl::Duration coming_ ABSL_GUARDED_BY(mu_);
  std::deque<Stay> in_ ABSL_GUARDED_BY(mu_);         // Oldest first; at most a wave and the workers.
  std::vector<Stay> doubtful_ ABSL_GUARDED_BY(mu_);  // At most kMaxDoubtful and the workers.
  std::map<std::string, int64_t> answers_ ABSL_GUARDED_BY(mu_);
  int64_t waves_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace trivium::load
