// The RPC surface of push for products: validate, decide, store, answer. No SQL, no rules.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/event_feed/event_feed.h"
#include "services/push/channels.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/publisher.h"
#include "services/push/recorder.h"
#include "services/push/store/store.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::rpc {
class CallGuard;
struct CallContext;
}  // namespace trivium::rpc

namespace trivium::push {

// Thread-safe.
class PushService : public v1::PushService::CallbackService {
 public:
  // All of them outlive the service.
  struct Parts {
    rpc::CallGuard& guard;
    Store& store;
    Publisher& publisher;
    Channels& channels;
    Recorder& recorder;
    Profiles& profiles;
    EventFeed& feed;
    Clock& clock;
    PushMetrics& metrics;
  };
  explicit PushService(Parts parts) : p_(parts) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context, const v1::PublishRequest* request,
                                    v1::Message* response) override;
  grpc::ServerUnaryReactor* PublishBatch(grpc::CallbackServerContext* context, const v1::PublishBatchRequest* request,
                                         v1::PublishBatchResponse* response) override;
  grpc::ServerUnaryReactor* CancelMessage(grpc::CallbackServerContext* context, const v1::CancelMessageRequest* request,
                                          v1::Message* response) override;
  grpc::ServerUnaryReactor* GetMessage(grpc::CallbackServerContext* context, const v1::GetMessageRequest* request,
                                       v1::Message* response) override;
  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* context, const v1::ListMessagesRequest* request,
                                         v1::ListMessagesResponse* response) override;
  grpc::ServerUnaryReactor* GetDelivery(grpc::CallbackServerContext* context, const v1::GetDeliveryRequest* request,
                                        v1::Delivery* response) override;
  grpc::ServerUnaryReactor* ListRecipients(grpc::CallbackServerContext* context,
                                           const v1::ListRecipientsRequest* request,
                                           v1::ListRecipientsResponse* response) override;
  grpc::ServerUnaryReactor* ListUserMessages(grpc::CallbackServerContext* context,
                                             const v1::ListUserMessagesRequest* request,
                                             v1::ListUserMessagesResponse* response) override;
  grpc::ServerUnaryReactor* GetDailySummary(grpc::CallbackServerContext* context,
                                            const v1::GetDailySummaryRequest* request,
                                            v1::DailySummary* response) override;
  grpc::ServerUnaryReactor* AddRoomMembers(grpc::CallbackServerContext* context,
                                           const v1::AddRoomMembersRequest* request,
                                           v1::AddRoomMembersResponse* response) override;
  grpc::ServerUnaryReactor* RemoveRoomMembers(grpc::CallbackServerContext* context,
                                              const v1::RemoveRoomMembersRequest* request,
                                              v1::RemoveRoomMembersResponse* response) override;
  grpc::ServerUnaryReactor* ListRoomMembers(grpc::CallbackServerContext* context,
                                            const v1::ListRoomMembersRequest* request,
                                            v1::ListRoomMembersResponse* response) override;
  grpc::ServerUnaryReactor* UpdateUserTags(grpc::CallbackServerContext* context,
                                           const v1::UpdateUserTagsRequest* request, v1::User* response) override;
  grpc::ServerUnaryReactor* GetUser(grpc::CallbackServerContext* context, const v1::GetUserRequest* request,
                                    v1::User* response) override;
  grpc::ServerUnaryReactor* GetPresence(grpc::CallbackServerContext* context, const v1::GetPresenceRequest* request,
                                        v1::Presence* response) override;
  grpc::ServerUnaryReactor* DisconnectUser(grpc::CallbackServerContext* context,
                                           const v1::DisconnectUserRequest* request,
                                           v1::DisconnectUserResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context, const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* WatchEvents(grpc::CallbackServerContext* context,
                                                   const v1::WatchEventsRequest* request) override;

 private:
  // Writes: push_service.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::PublishRequest& request, v1::Message* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::PublishBatchRequest& request,
                      v1::PublishBatchResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::CancelMessageRequest& request, v1::Message* response);
  // Reads: push_reads.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::GetMessageRequest& request, v1::Message* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListMessagesRequest& request,
                      v1::ListMessagesResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::GetDeliveryRequest& request, v1::Delivery* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListRecipientsRequest& request,
                      v1::ListRecipientsResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListUserMessagesRequest& request,
                      v1::ListUserMessagesResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::GetDailySummaryRequest& request,
                      v1::DailySummary* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListEventsRequest& request,
                      v1::ListEventsResponse* response);
  // Users, rooms and connections: push_users.cc.
  absl::Status Handle(const rpc::CallContext& call, const v1::AddRoomMembersRequest& request,
                      v1::AddRoomMembersResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::RemoveRoomMembersRequest& request,
                      v1::RemoveRoomMembersResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::ListRoomMembersRequest& request,
                      v1::ListRoomMembersResponse* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::UpdateUserTagsRequest& request, v1::User* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::GetUserRequest& request, v1::User* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::GetPresenceRequest& request, v1::Presence* response);
  absl::Status Handle(const rpc::CallContext& call, const v1::DisconnectUserRequest& request,
                      v1::DisconnectUserResponse* response);

  // A message of the database, or one that waits to be written down.
  absl::StatusOr<Message> Find(const rpc::CallContext& call, const std::string& message_id);
  // Drops what is pending of a room for users who have left it.
  absl::Status DropPendingOf(const RoomUpdate& update, absl::Time deadline);
  absl::Time Now() const;

  const Parts p_;
};

}  // namespace trivium::push
