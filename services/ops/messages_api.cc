// A product's messages and users, read from push in the product's name.
#include "libs/status/status.h"
#include "services/ops/conversions.h"
#include "services/ops/ops_api.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::ops {

absl::Status OpsApi::GetMessagesDay(const Ask& ask, const v1::GetMessagesDayRequest& request,
                                    v1::MessagesDay* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  push::v1::GetDailySummaryRequest wanted;
  wanted.set_day(request.day());
  push::v1::DailySummary summary;
  TRIVIUM_RETURN_IF_ERROR(parts_.push.GetDay({ask.viewer.actor, ask.deadline}, names.product, wanted, &summary));
  ops::ToProto(names, response->mutable_product());
  response->set_day(summary.day());
  response->set_ledger_ok(true);
  for (const push::v1::ClassSummary& row : summary.classes()) {
    if (!AddsUp(row.delivery())) response->set_ledger_ok(false);
    *response->add_classes() = row;
  }
  *response->mutable_as_of_time() = summary.as_of_time();
  return absl::OkStatus();
}

absl::Status OpsApi::ListMessages(const Ask& ask, const v1::ListMessagesRequest& request,
                                  v1::ListMessagesResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  push::v1::ListMessagesRequest wanted;
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  wanted.set_channel(request.channel());
  wanted.set_class_(request.class_());
  wanted.set_state(request.state());
  push::v1::ListMessagesResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.push.ListMessages({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_messages()->Swap(page.mutable_messages());
  for (push::v1::Message& message : *response->mutable_messages()) message.clear_data();
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::GetMessage(const Ask& ask, const v1::GetMessageRequest& request, v1::MessageDetail* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  push::v1::GetMessageRequest wanted;
  wanted.set_message_id(request.message_id());
  push::v1::Message* message = response->mutable_message();
  TRIVIUM_RETURN_IF_ERROR(parts_.push.GetMessage({ask.viewer.actor, ask.deadline}, names.product, wanted, message));
  response->set_data_bytes(static_cast<int64_t>(message->data().size()));
  message->clear_data();
  response->set_ledger_ok(AddsUp(message->delivery()));
  return absl::OkStatus();
}

absl::Status OpsApi::ListRecipients(const Ask& ask, const v1::ListRecipientsRequest& request,
                                    v1::ListRecipientsResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  push::v1::ListRecipientsRequest wanted;
  wanted.set_message_id(request.message_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  wanted.set_state(request.state());
  push::v1::ListRecipientsResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.push.ListRecipients({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_recipients()->Swap(page.mutable_recipients());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::GetUserConnections(const Ask& ask, const v1::GetUserConnectionsRequest& request,
                                        v1::UserConnections* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  push::v1::GetPresenceRequest wanted;
  wanted.set_user_id(request.user_id());
  push::v1::Presence presence;
  TRIVIUM_RETURN_IF_ERROR(parts_.push.GetPresence({ask.viewer.actor, ask.deadline}, names.product, wanted, &presence));
  response->mutable_connections()->Swap(presence.mutable_connections());
  response->set_num_connections(presence.num_connections());
  return absl::OkStatus();
}

absl::Status OpsApi::ListUserMessages(const Ask& ask, const v1::ListUserMessagesRequest& request,
                                      v1::ListUserMessagesResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  push::v1::ListUserMessagesRequest wanted;
  wanted.set_user_id(request.user_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  wanted.set_state(request.state());
  push::v1::ListUserMessagesResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.push.ListUserMessages({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_recipients()->Swap(page.mutable_recipients());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

}  // namespace trivium::ops
