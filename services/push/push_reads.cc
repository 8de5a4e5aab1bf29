// The reading half of PushService.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/event_feed/serve_events.h"
#include "libs/opaque_token/page_token.h"
#include "libs/rpc/call_context.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/day.h"
#include "services/push/message_view.h"
#include "services/push/push_service.h"
#include "services/push/validate.h"

namespace trivium::push {
namespace {

using rpc::CallContext;

constexpr int kMaxPage = 1000;

int PageSize(int32_t asked, int usual) { return asked == 0 ? usual : std::min<int>(asked, kMaxPage); }

Id IdOf(const std::string& text) { return *ParseId(kMessageIdKind, text); }  // Validated ids only.

}  // namespace

absl::StatusOr<Message> PushService::Find(const CallContext& call, const std::string& message_id) {
  absl::StatusOr<Message> stored = p_.store.GetMessage(call.product, IdOf(message_id), call.deadline);
  if (stored.ok() || stored.status().code() != absl::StatusCode::kNotFound) return stored;
  std::optional<Message> waiting = p_.recorder.Find(call.product, IdOf(message_id));
  if (!waiting) return stored;
  return *std::move(waiting);
}

absl::Status PushService::Handle(const CallContext& call, const v1::GetMessageRequest& request, v1::Message* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Message message, Find(call, request.message_id()));
  ToProto(message, response);
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::GetDeliveryRequest& request,
                                 v1::Delivery* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Message message, Find(call, request.message_id()));
  ToProto(message.counts, response);
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::ListMessagesRequest& request,
                                 v1::ListMessagesResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"messages", call.product, request.channel(),
                                                       absl::StrCat(request.class_()), absl::StrCat(request.state())};
  MessageFilter filter{.limit = PageSize(request.page_size(), 50) + 1};
  if (!request.channel().empty()) filter.channel = request.channel();
  if (request.class_() != 0) filter.message_class = static_cast<MessageClass>(request.class_());
  if (request.state() != 0) filter.state = static_cast<MessageState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.before, ParsePageToken(bound_to, request.page_token()));
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Message> page, p_.store.ListMessages(call.product, filter, call.deadline));
  // One more than asked for was read: it says whether there is a next page.
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().id));
  }
  for (const Message& message : page) ToProto(message, response->add_messages());
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::ListRecipientsRequest& request,
                                 v1::ListRecipientsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string purpose =
      JoinPurpose({"recipients", call.product, request.message_id(), absl::StrCat(request.state())});
  RecipientFilter filter{.limit = PageSize(request.page_size(), 100) + 1};
  if (request.state() != 0) filter.state = static_cast<DeliveryState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.after, ReadPageToken(purpose, request.page_token()));
  TRIVIUM_RETURN_IF_ERROR(Find(call, request.message_id()).status());
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Delivery> page,
                           p_.store.ListRecipients(call.product, IdOf(request.message_id()), filter, call.deadline));
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(SealToken(purpose, page.back().user_id));
  }
  for (const Delivery& delivery : page) ToProto(delivery, response->add_recipients());
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::ListUserMessagesRequest& request,
                                 v1::ListUserMessagesResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"user_messages", call.product, request.user_id(),
                                                       absl::StrCat(request.state())};
  UserMessageFilter filter{.limit = PageSize(request.page_size(), 50) + 1};
  if (request.state() != 0) filter.state = static_cast<DeliveryState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.before, ParsePageToken(bound_to, request.page_token()));
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Delivery> page,
                           p_.store.ListUserMessages(call.product, request.user_id(), filter, call.deadline));
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().message_id));
  }
  for (const Delivery& delivery : page) ToProto(delivery, response->add_recipients());
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::GetDailySummaryRequest& request,
                                 v1::DailySummary* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::shared_ptr<const Profile> profile = p_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  const absl::Time now = Now();
  const std::string day = request.day().empty() ? profile->DayOf(now) : request.day();
  TRIVIUM_ASSIGN_OR_RETURN(DaySummary summary, p_.store.SummarizeDay(call.product, day, call.deadline));
  response->set_day(day);
  response->set_time_zone(profile->time_zone);
  for (const MessageClass c : {MessageClass::kLossy, MessageClass::kOrdered, MessageClass::kReliable}) {
    v1::ClassSummary* out = response->add_classes();
    out->set_class_(static_cast<v1::MessageClass>(c));
    out->set_messages(summary[c].messages);
    ToProto(summary[c].counts, out->mutable_delivery());
  }
  SetTime(now, response->mutable_as_of_time());
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::ListEventsRequest& request,
                                 v1::ListEventsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  return ListEventsAfter(p_.store, call.product, request, call.deadline, response);
}

}  // namespace trivium::push
