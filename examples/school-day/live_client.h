// The platform's live API as a product's backend calls it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/school-day/backend_options.h"
#include "examples/school-day/class_views.h"
#include "examples/school-day/latency.h"
#include "examples/school-day/live_door.h"

namespace trivium::schoolday {

// Thread-safe. As ProductClient.
class LiveClient {
 public:
  static absl::StatusOr<std::unique_ptr<LiveClient>> Create(const BackendOptions& options, Latencies& latencies);
  ~LiveClient();

  absl::StatusOr<ClassRoomView> CreateRoom(const std::string& request_id, const PlannedRoom& room, absl::Time start);
  // Another time, and perhaps that it opens by itself then.
  absl::StatusOr<ClassRoomView> MoveRoom(const std::string& request_id, const std::string& room_id, absl::Time start,
                                         bool auto_start);
  absl::StatusOr<ClassRoomView> StartRoom(const std::string& request_id, const std::string& room_id);
  absl::StatusOr<ClassRoomView> EndRoom(const std::string& request_id, const std::string& room_id);
  absl::StatusOr<ClassRoomView> GetRoom(const std::string& room_id);
  absl::StatusOr<std::vector<StayView>> ListParticipants(const std::string& room_id);
  absl::Status MoveParticipant(const std::string& room_id, const std::string& user_id, bool on_stage);
  absl::Status RemoveParticipant(const std::string& room_id, const std::string& user_id);
  absl::StatusOr<LiveDayView> GetDailySummary();
  absl::StatusOr<std::string> NewestCursor();
  // One stream of WatchEvents, until it breaks or `stop` is set (checked every 200 ms).
  absl::Status WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                           const std::function<void(const LiveEventView&)>& receive);

  // One try of a participant's command, for BackendDoor.
  absl::Status CallOnce(LiveCommand command, const google::protobuf::Message& request,
                        google::protobuf::Message* answer);
  // Some call was not answered at first.
  bool was_troubled() const;

 private:
  struct Impl;
  explicit LiveClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::schoolday
