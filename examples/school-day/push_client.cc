#include "examples/school-day/push_client.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/school-day/backend_call.h"
#include "libs/status/status.h"
#include "trivium/push/v1/push.grpc.pb.h"

namespace trivium::schoolday {

namespace api = trivium::push::v1;

namespace {

MessageView ViewOf(const api::Message& m) {
  return {m.message_id(), api::MessageClass_Name(m.class_()), api::Message::State_Name(m.state()), m.version()};
}

DeliveryView ViewOf(const api::Delivery& d) {
  return {d.accepted(), d.acked(), d.vendor(), d.expired(), d.pending(), {d.dropped().begin(), d.dropped().end()}};
}

void SetTarget(const PlannedMessage& m, api::Target& target) {
  switch (m.target) {
    case TargetKind::kUser:
      return target.set_user_id(m.target_value);
    case TargetKind::kRoom:
      return target.set_room_id(m.target_value);
    case TargetKind::kAudience:
      return target.set_audience(m.target_value);
    case TargetKind::kProduct:
      return target.set_product(true);
  }
}

api::MessageClass ClassOf(MessageClass c) {
  constexpr api::MessageClass kClasses[] = {api::LOSSY, api::ORDERED, api::RELIABLE};
  return kClasses[static_cast<int>(c)];
}

api::PublishRequest RequestOf(const PublishCall& call) {
  const PlannedMessage& m = *call.message;
  api::PublishRequest request;
  request.set_request_id(call.request_id);
  SetTarget(m, *request.mutable_target());
  request.set_class_(ClassOf(m.message_class));
  request.set_data(call.data);
  if (m.ttl_seconds > 0) request.mutable_ttl()->set_seconds(m.ttl_seconds);
  if (m.special == Special::kDedupeKey) request.set_dedupe_key(m.key);
  if (m.special == Special::kCollapse) request.set_collapse_key(m.key);
  if (m.special == Special::kVendor) request.mutable_vendor_after()->set_seconds(5);
  if (m.high_priority) request.set_priority(api::HIGH);
  if (call.schedule_time != absl::InfinitePast()) {
    const int64_t ms = absl::ToUnixMillis(call.schedule_time);
    request.mutable_schedule_time()->set_seconds(ms / 1000);
    request.mutable_schedule_time()->set_nanos(static_cast<int32_t>(ms % 1000 * 1'000'000));
  }
  return request;
}

}  // namespace

struct PushClient::Impl {
  Impl(const BackendOptions& o, Latencies& l) : options(o), latencies(l) {}

  const BackendOptions options;
  Latencies& latencies;  // Not owned; outlives this.
  std::unique_ptr<api::PushService::Stub> stub;

  template <typename Answer, typename Method, typename Request>
  absl::StatusOr<Answer> Call(const char* name, Method method, const Request& request, int* tries = nullptr) {
    return CallPatiently<Answer>(*stub, name, method, request, options, latencies, tries);
  }
};

PushClient::PushClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PushClient::~PushClient() = default;

absl::StatusOr<std::unique_ptr<PushClient>> PushClient::Create(const BackendOptions& options, Latencies& latencies) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenBackendChannel(options));
  auto impl = std::make_unique<Impl>(options, latencies);
  impl->stub = api::PushService::NewStub(channel);
  return std::unique_ptr<PushClient>(new PushClient(std::move(impl)));
}

absl::StatusOr<MessageView> PushClient::Publish(const PublishCall& call, int* tries) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::Message message,
      impl_->Call<api::Message>("Publish", &api::PushService::Stub::Publish, RequestOf(call), tries));
  return ViewOf(message);
}

absl::StatusOr<std::vector<absl::StatusOr<MessageView>>> PushClient::PublishBatch(const std::vector<PublishCall>& calls,
                                                                                  int* tries) {
  api::PublishBatchRequest request;
  for (const PublishCall& call : calls) *request.add_requests() = RequestOf(call);
  TRIVIUM_ASSIGN_OR_RETURN(
      const api::PublishBatchResponse answer,
      impl_->Call<api::PublishBatchResponse>("PublishBatch", &api::PushService::Stub::PublishBatch, request, tries));
  std::vector<absl::StatusOr<MessageView>> outcomes;
  for (const api::PublishOutcome& outcome : answer.outcomes()) {
    if (outcome.code() == 0) {
      outcomes.emplace_back(ViewOf(outcome.message()));
    } else {
      outcomes.emplace_back(absl::Status(static_cast<absl::StatusCode>(outcome.code()),
                                         absl::StrCat(outcome.reason(), " ", outcome.error())));
    }
  }
  return outcomes;
}

absl::StatusOr<MessageView> PushClient::CancelMessage(const std::string& request_id, const std::string& message_id) {
  api::CancelMessageRequest request;
  request.set_request_id(request_id);
  request.set_message_id(message_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Message message,
                           impl_->Call<api::Message>("CancelMessage", &api::PushService::Stub::CancelMessage, request));
  return ViewOf(message);
}

absl::Status PushClient::AddRoomMembers(const std::string& request_id, const std::string& room_id,
                                        const std::vector<std::string>& user_ids) {
  api::AddRoomMembersRequest request;
  request.set_request_id(request_id);
  request.set_room_id(room_id);
  for (const std::string& id : user_ids) request.add_user_ids(id);
  return impl_->Call<api::AddRoomMembersResponse>("AddRoomMembers", &api::PushService::Stub::AddRoomMembers, request)
      .status();
}

absl::Status PushClient::UpdateUserTags(const std::string& request_id, const std::string& user_id,
                                        const std::map<std::string, std::string>& set,
                                        const std::vector<std::string>& remove) {
  api::UpdateUserTagsRequest request;
  request.set_request_id(request_id);
  request.set_user_id(user_id);
  request.mutable_set()->insert(set.begin(), set.end());
  for (const std::string& key : remove) request.add_remove(key);
  return impl_->Call<api::User>("UpdateUserTags", &api::PushService::Stub::UpdateUserTags, request).status();
}

absl::StatusOr<MessageView> PushClient::GetMessage(const std::string& message_id) {
  api::GetMessageRequest request;
  request.set_message_id(message_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Message message,
                           impl_->Call<api::Message>("GetMessage", &api::PushService::Stub::GetMessage, request));
  return ViewOf(message);
}

absl::StatusOr<DeliveryView> PushClient::GetDelivery(const std::string& message_id) {
  api::GetDeliveryRequest request;
  request.set_message_id(message_id);
  TRIVIUM_ASSIGN_OR_RETURN(const api::Delivery delivery,
                           impl_->Call<api::Delivery>("GetDelivery", &api::PushService::Stub::GetDelivery, request));
  return ViewOf(delivery);
}

absl::StatusOr<std::vector<RecipientView>> PushClient::ListRecipients(const std::string& message_id) {
  api::ListRecipientsRequest request;
  request.set_message_id(message_id);
  request.set_page_size(1000);
  std::vector<RecipientView> recipients;
  do {
    TRIVIUM_ASSIGN_OR_RETURN(
        const api::ListRecipientsResponse page,
        impl_->Call<api::ListRecipientsResponse>("ListRecipients", &api::PushService::Stub::ListRecipients, request));
    for (const api::Recipient& r : page.recipients()) {
      recipients.push_back({r.user_id(), api::Recipient::State_Name(r.state()), r.reason()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return recipients;
}

absl::StatusOr<PushDayView> PushClient::GetDailySummary() {
  TRIVIUM_ASSIGN_OR_RETURN(const api::DailySummary summary,
                           impl_->Call<api::DailySummary>("PushDailySummary", &api::PushService::Stub::GetDailySummary,
                                                          api::GetDailySummaryRequest()));
  PushDayView view{summary.day(), {}};
  for (const api::ClassSummary& c : summary.classes()) {
    view.classes[api::MessageClass_Name(c.class_())] = {c.messages(), ViewOf(c.delivery())};
  }
  return view;
}

absl::StatusOr<std::string> PushClient::NewestCursor() {
  return ReadNewestCursor<api::ListEventsRequest>([this](const api::ListEventsRequest& request) {
    return impl_->Call<api::ListEventsResponse>("PushListEvents", &api::PushService::Stub::ListEvents, request);
  });
}

absl::Status PushClient::WatchEvents(const std::string& cursor, const std::atomic<bool>& stop,
                                     const std::function<void(const MessageEventView&)>& receive) {
  return ReadEvents<api::WatchEventsRequest, api::Event>(*impl_->stub, cursor, stop, [&](const api::Event& event) {
    receive({event.event_id(), event.cursor(), event.product(), ViewOf(event.message())});
  });
}

}  // namespace trivium::schoolday
