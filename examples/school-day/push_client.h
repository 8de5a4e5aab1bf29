// The platform's push API as a product's backend calls it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/school-day/backend_options.h"
#include "examples/school-day/latency.h"
#include "examples/school-day/message_views.h"

namespace trivium::schoolday {

// What is published. Times are fixed by the caller: a repeated request must be the same.
struct PublishCall {
  std::string request_id;
  const PlannedMessage* message = nullptr;
  std::string data;
  absl::Time schedule_time = absl::InfinitePast();
};

struct MessageEventView {
  std::string event_id, cursor, product;
  MessageView message;
};

// Thread-safe. As ProductClient.
class PushClient {
 public:
  static absl::StatusOr<std::unique_ptr<PushClient>> Create(const BackendOptions& options, Latencies& latencies);
  ~PushClient();

  // tries: how often it was called.
  absl::StatusOr<MessageView> Publish(const PublishCall& call, int* tries);
  // An outcome for each, in their order.
  absl::StatusOr<std::vector<absl::StatusOr<MessageView>>> PublishBatch(const std::vector<PublishCall>& calls,
                                                                        int* tries);
  absl::StatusOr<MessageView> CancelMessage(const std::string& request_id, const std::string& message_id);
  absl::Status AddRoomMembers(const std::string& request_id, const std::string& room_id,
                              const std::vector<std::string>& user_ids);
  absl::Status UpdateUserTags(const std::string& request_id, const std::string& user_id,
                              const std::map<std::string, std::string>& set, const std::vector<std::string>& remove);
  absl::StatusOr<MessageView> GetMessage(const std::string& message_id);
  absl::StatusOr<DeliveryView> GetDelivery(const std::string& message_id);
  absl::StatusOr<std::vector<RecipientView>> ListRecipients(const std::string& message_id);
  absl::StatusOr<PushDayView> GetDailySummary();
  absl::StatusOr<std::string> NewestCursor();
  // One stream of WatchEvents, until it breaks or `stop` is set (checked every 200 ms).
  absl::Status WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                           const std::function<void(const MessageEventView&)>& receive);

 private:
  struct Impl;
  explicit PushClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::schoolday
