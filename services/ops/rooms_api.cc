// A product's rooms and who is in them, read from live in the product's name.
#include "absl/strings/str_cat.h"
#include "libs/id/id_value.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "services/ops/conversions.h"
#include "services/ops/ops_api.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::ops {
namespace {

constexpr size_t kMaxSearch = 64;  // Characters: as long as a room_ref may be.

// The one room that is looked for; nothing for one that is not there.
absl::Status FindRoom(LiveReader& live, const CallFor& call, const std::string& product, const std::string& search,
                      v1::ListRoomsResponse* response) {
  if (Utf8Length(search) > kMaxSearch)
    return FieldsError({{"search", absl::StrCat(Utf8Length(search), " characters, want at most ", kMaxSearch)}});
  live::v1::GetRoomRequest wanted;
  if (ParseId("room", search).ok()) {
    wanted.set_room_id(search);
  } else {
    wanted.set_room_ref(search);
  }
  live::v1::Room room;
  const absl::Status status = live.GetRoom(call, product, wanted, &room);
  if (ReasonOf(status) == "ROOM_NOT_FOUND") return absl::OkStatus();
  TRIVIUM_RETURN_IF_ERROR(status);
  response->add_rooms()->Swap(&room);
  return absl::OkStatus();
}

}  // namespace

absl::Status OpsApi::GetRoomsDay(const Ask& ask, const v1::GetRoomsDayRequest& request, v1::RoomsDay* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  live::v1::GetDailySummaryRequest wanted;
  wanted.set_day(request.day());
  TRIVIUM_RETURN_IF_ERROR(
      parts_.live.GetDay({ask.viewer.actor, ask.deadline}, names.product, wanted, response->mutable_summary()));
  ops::ToProto(names, response->mutable_product());
  return absl::OkStatus();
}

absl::Status OpsApi::ListRooms(const Ask& ask, const v1::ListRoomsRequest& request, v1::ListRoomsResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  const CallFor call{ask.viewer.actor, ask.deadline};
  if (!request.search().empty()) return FindRoom(parts_.live, call, names.product, request.search(), response);
  live::v1::ListRoomsRequest wanted;
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  wanted.set_state(request.state());
  wanted.set_institution_id(request.institution_id());
  wanted.set_with_occupancy(true);
  live::v1::ListRoomsResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.live.ListRooms(call, names.product, wanted, &page));
  response->mutable_rooms()->Swap(page.mutable_rooms());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::GetRoom(const Ask& ask, const v1::GetRoomRequest& request, live::v1::Room* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  live::v1::GetRoomRequest wanted;
  wanted.set_room_id(request.room_id());
  return parts_.live.GetRoom({ask.viewer.actor, ask.deadline}, names.product, wanted, response);
}

absl::Status OpsApi::ListParticipants(const Ask& ask, const v1::ListParticipantsRequest& request,
                                      v1::ListParticipantsResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  live::v1::ListParticipantsRequest wanted;
  wanted.set_room_id(request.room_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  live::v1::ListParticipantsResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.live.ListParticipants({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_participants()->Swap(page.mutable_participants());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::ListRoomStays(const Ask& ask, const v1::ListRoomStaysRequest& request,
                                   v1::ListRoomStaysResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  live::v1::ListStaysRequest wanted;
  wanted.set_room_id(request.room_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  live::v1::ListStaysResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.live.ListStays({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_stays()->Swap(page.mutable_stays());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::ListRoomEvents(const Ask& ask, const v1::ListRoomEventsRequest& request,
                                    v1::ListRoomEventsResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  live::v1::ListRoomEventsRequest wanted;
  wanted.set_room_id(request.room_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  live::v1::ListRoomEventsResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.live.ListRoomEvents({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_events()->Swap(page.mutable_events());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

absl::Status OpsApi::ListUserStays(const Ask& ask, const v1::ListUserStaysRequest& request,
                                   v1::ListUserStaysResponse* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const ProductNames names, VisibleProduct(ask.viewer, request.product()));
  TRIVIUM_ASSIGN_OR_RETURN(const int page_size, PageSize(request.page_size()));
  // Without a user live would be asked for a room.
  if (request.user_id().empty()) return FieldsError({{"user_id", "missing, want the product's id of a user"}});
  live::v1::ListStaysRequest wanted;
  wanted.set_user_id(request.user_id());
  wanted.set_page_size(page_size);
  wanted.set_page_token(request.page_token());
  live::v1::ListStaysResponse page;
  TRIVIUM_RETURN_IF_ERROR(parts_.live.ListStays({ask.viewer.actor, ask.deadline}, names.product, wanted, &page));
  response->mutable_stays()->Swap(page.mutable_stays());
  response->mutable_rooms()->Swap(page.mutable_rooms());
  response->set_next_page_token(page.next_page_token());
  return absl::OkStatus();
}

}  // namespace trivium::ops
