#include "services/push/push_service.h"

#include <utility>
#include <vector>

#include "libs/event_feed/serve_events.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/call_guard.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/domain/request_fields.h"
#include "services/push/message_view.h"
#include "services/push/store/errors.h"
#include "services/push/validate.h"

namespace trivium::push {

using rpc::CallContext;

// Each method: the guard, then its Handle.
#define TRIVIUM_PUSH_METHOD(name, Request, Response)                                                            \
  grpc::ServerUnaryReactor* PushService::name(grpc::CallbackServerContext* context, const v1::Request* request, \
                                              v1::Response* response) {                                         \
    return p_.guard.Unary(context, "trivium.push.v1.PushService/" #name,                                        \
                          [=, this](const CallContext& call) { return Handle(call, *request, response); });     \
  }
TRIVIUM_PUSH_METHOD(Publish, PublishRequest, Message)
TRIVIUM_PUSH_METHOD(PublishBatch, PublishBatchRequest, PublishBatchResponse)
TRIVIUM_PUSH_METHOD(CancelMessage, CancelMessageRequest, Message)
TRIVIUM_PUSH_METHOD(GetMessage, GetMessageRequest, Message)
TRIVIUM_PUSH_METHOD(ListMessages, ListMessagesRequest, ListMessagesResponse)
TRIVIUM_PUSH_METHOD(GetDelivery, GetDeliveryRequest, Delivery)
TRIVIUM_PUSH_METHOD(ListRecipients, ListRecipientsRequest, ListRecipientsResponse)
TRIVIUM_PUSH_METHOD(ListUserMessages, ListUserMessagesRequest, ListUserMessagesResponse)
TRIVIUM_PUSH_METHOD(GetDailySummary, GetDailySummaryRequest, DailySummary)
TRIVIUM_PUSH_METHOD(AddRoomMembers, AddRoomMembersRequest, AddRoomMembersResponse)
TRIVIUM_PUSH_METHOD(RemoveRoomMembers, RemoveRoomMembersRequest, RemoveRoomMembersResponse)
TRIVIUM_PUSH_METHOD(ListRoomMembers, ListRoomMembersRequest, ListRoomMembersResponse)
TRIVIUM_PUSH_METHOD(UpdateUserTags, UpdateUserTagsRequest, User)
TRIVIUM_PUSH_METHOD(GetUser, GetUserRequest, User)
TRIVIUM_PUSH_METHOD(GetPresence, GetPresenceRequest, Presence)
TRIVIUM_PUSH_METHOD(DisconnectUser, DisconnectUserRequest, DisconnectUserResponse)
TRIVIUM_PUSH_METHOD(ListEvents, ListEventsRequest, ListEventsResponse)
#undef TRIVIUM_PUSH_METHOD

grpc::ServerWriteReactor<v1::Event>* PushService::WatchEvents(grpc::CallbackServerContext* context,
                                                              const v1::WatchEventsRequest* request) {
  return ServeEvents<v1::Event>(p_.guard, context, "trivium.push.v1.PushService/WatchEvents", request->cursor(),
                                p_.feed);
}

absl::Time PushService::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())); }

absl::Status PushService::Handle(const CallContext& call, const v1::PublishRequest& request, v1::Message* response) {
  const v1::PublishRequest* const one = &request;
  TRIVIUM_ASSIGN_OR_RETURN(const Message message, std::move(p_.publisher.Publish(call.product, call.trace.trace_id,
                                                                                 {&one, 1}, call.deadline)[0]));
  p_.feed.Wake();
  ToProto(message, response);
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::PublishBatchRequest& request,
                                 v1::PublishBatchResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  if (p_.profiles.Find(call.product) == nullptr) return ProductNotConfigured(call.product);
  std::vector<const v1::PublishRequest*> requests;
  for (const v1::PublishRequest& one : request.requests()) requests.push_back(&one);
  for (const absl::StatusOr<Message>& outcome :
       p_.publisher.Publish(call.product, call.trace.trace_id, requests, call.deadline)) {
    v1::PublishOutcome* out = response->add_outcomes();
    if (outcome.ok()) {
      ToProto(*outcome, out->mutable_message());
      out->mutable_message()->clear_data();
      continue;
    }
    out->set_code(static_cast<int32_t>(outcome.status().code()));
    out->set_reason(ReasonOf(outcome.status()));
    out->set_error(std::string(outcome.status().message()));
  }
  p_.feed.Wake();
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::CancelMessageRequest& request,
                                 v1::Message* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const Cancellation item{.product = call.product,
                          .request_id = request.request_id(),
                          .fingerprint = Fingerprint({request.message_id()}),
                          .message_id = *ParseId(kMessageIdKind, request.message_id()),
                          .now = Now()};
  if (const auto waiting = p_.recorder.Find(item.product, item.message_id)) return NotCancelable(*waiting);
  TRIVIUM_ASSIGN_OR_RETURN(const Message canceled, std::move(p_.store.Cancel({&item, 1}, call.deadline)[0]));
  if (canceled.update_time == item.now)
    p_.metrics.Fate(call.product, canceled.message_class, "canceled", canceled.counts.Dropped(DropReason::kCanceled));
  p_.feed.Wake();
  ToProto(canceled, response);
  return absl::OkStatus();
}

}  // namespace trivium::push
