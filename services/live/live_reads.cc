// The reading half of LiveService.
#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/clock/proto_time.h"
#include "libs/event_feed/event_cursor.h"
#include "libs/event_feed/serve_events.h"
#include "libs/opaque_token/page_token.h"
#include "libs/rpc/call_context.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/live/live_service.h"
#include "services/live/room_view.h"
#include "services/live/user_rights.h"
#include "services/live/validate.h"

namespace trivium::live {
namespace {

using rpc::CallContext;

constexpr int kMaxRoomsPage = 1000, kMaxCountedRoomsPage = 100, kMaxHistoryPage = 200;

int PageSize(int32_t asked, int usual, int max) { return asked == 0 ? usual : std::min<int>(asked, max); }

// "1/6" of joins: rung and why.
void AddJoins(const std::string& label, int64_t count, v1::DailySummary* out) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(label, '/');
  Place place;
  int rung = 0, why = 0;
  if (!absl::SimpleAtoi(parts.first, &rung) || !absl::SimpleAtoi(parts.second, &why)) return;
  place.rung = static_cast<Rung>(rung);
  place.why = static_cast<Why>(why);
  v1::Participant participant;
  ToParticipant({}, RoomType::kLarge, "", place, &participant);
  v1::JoinCount* joins = out->add_joins();
  joins->set_rung(participant.rung());
  joins->set_reason(participant.reason());
  joins->set_count(count);
}

// "qoe/1": rung.
void AddQoe(const std::string& what, const std::string& label, int64_t value, v1::DailySummary* out) {
  int rung = 0;
  if (!absl::SimpleAtoi(what.substr(what.find('/') + 1), &rung)) return;
  v1::RungQoe* qoe = nullptr;
  for (v1::RungQoe& known : *out->mutable_qoe()) {
    if (known.rung() == rung) qoe = &known;
  }
  if (qoe == nullptr) {
    qoe = out->add_qoe();
    qoe->set_rung(static_cast<v1::Rung>(rung));
  }
  if (label == kQoeReports) return qoe->set_reports(value);
  const auto* field = v1::QoeReport::descriptor()->FindFieldByName(label);
  if (field != nullptr) qoe->mutable_sum()->GetReflection()->SetInt64(qoe->mutable_sum(), field, value);
}

void ToProto(const DayCounts& counts, v1::DailySummary* out) {
  for (const auto& [key, value] : counts) {
    const auto& [what, label] = key;
    if (what == "rooms") (*out->mutable_rooms())[label] = value;
    if (what == "joins") AddJoins(label, value, out);
    if (what == "queued") out->set_queued(value);
    if (what == "reconnections") out->set_reconnections(value);
    if (what == "leaves") (*out->mutable_leaves())[label] = value;
    if (what == "refusals") (*out->mutable_refusals())[label] = value;
    if (what.starts_with("qoe/")) AddQoe(what, label, value, out);
  }
}

}  // namespace

absl::Status LiveService::Handle(const CallContext& call, const v1::GetRoomRequest& request, v1::Room* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Room room,
                           request.room_ref().empty()
                               ? p_.store.GetRoom(call.product, *ParseId(kRoomIdKind, request.room_id()), call.deadline)
                               : p_.store.GetRoomByRef(call.product, request.room_ref(), call.deadline));
  live::ToProto(room, response);
  (void)FillOccupancy(room, call.deadline, response);
  return absl::OkStatus();
}

bool LiveService::FillOccupancy(const Room& room, absl::Time deadline, v1::Room* out) {
  if (!IsOpen(room.state)) return true;
  const auto counts = p_.cell.admission().CountRoom({room.product, room.id}, p_.cell.CallUntil(deadline));
  if (counts.ok()) live::ToProto(*counts, out->mutable_occupancy());
  // A room that is not there yet, or not any more, is an answer.
  return counts.ok() || counts.status().code() == absl::StatusCode::kNotFound;
}

absl::Status LiveService::Handle(const CallContext& call, const v1::ListRoomsRequest& request,
                                 v1::ListRoomsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"rooms", call.product, absl::StrCat(request.state()),
                                                       request.institution_id()};
  RoomFilter filter{
      .institution_id = request.institution_id(),
      .limit = PageSize(request.page_size(), 50, request.with_occupancy() ? kMaxCountedRoomsPage : kMaxRoomsPage) + 1};
  if (request.state() != 0) filter.state = static_cast<RoomState>(request.state());
  TRIVIUM_ASSIGN_OR_RETURN(filter.before, ParsePageToken(bound_to, request.page_token()));
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Room> page, p_.store.ListRooms(call.product, filter, call.deadline));
  // One more than asked for was read: it says whether there is a next page.
  if (page.size() == static_cast<size_t>(filter.limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().id));
  }
  bool count = request.with_occupancy();
  for (const Room& room : page) {
    live::ToProto(room, response->add_rooms());
    // A Redis that did not answer for one is not waited for again.
    if (count) count = FillOccupancy(room, call.deadline, response->mutable_rooms(response->rooms_size() - 1));
  }
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::ListParticipantsRequest& request,
                                 v1::ListParticipantsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string purpose = JoinPurpose({"participants", call.product, request.room_id()});
  TRIVIUM_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(purpose, request.page_token()));
  const Id room_id = *ParseId(kRoomIdKind, request.room_id());
  TRIVIUM_ASSIGN_OR_RETURN(const Room room, p_.rooms.Get(call.product, room_id, call.deadline));
  if (!IsOpen(room.state)) return absl::OkStatus();  // Nobody is in.
  const absl::Status listed = ListWhoIsIn(call, room, after, request.page_size(), purpose, response);
  if (ReasonOf(listed) != "ROOM_NOT_LIVE") return listed;
  const absl::StatusOr<Room> now = p_.store.GetRoom(call.product, room_id, call.deadline);
  if (!now.ok() || IsOpen(now->state)) return listed;
  response->Clear();  // It was closed since it was read.
  return absl::OkStatus();
}

absl::Status LiveService::ListWhoIsIn(const CallContext& call, const Room& room, std::string after, int32_t page_size,
                                      const std::string& purpose, v1::ListParticipantsResponse* response) {
  if (!call.user.empty()) TRIVIUM_RETURN_IF_ERROR(FindParticipant(room, call.user, call.deadline).status());
  const RoomId id{room.product, room.id};
  const size_t wanted = static_cast<size_t>(PageSize(page_size, 100, kMaxRoomsPage));
  bool more = true;
  // The admission's pages are smaller than the API's.
  while (more && static_cast<size_t>(response->participants_size()) < wanted) {
    const size_t limit = std::min(kMaxPage, wanted - static_cast<size_t>(response->participants_size()));
    TRIVIUM_ASSIGN_OR_RETURN(
        const std::vector<Participant> page,
        p_.cell.Run<std::vector<Participant>>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
          return admission.ListParticipants(id, after, limit, c);
        }));
    for (const Participant& p : page) {
      v1::Participant* out = response->add_participants();
      ToParticipant(id, room.type, p.user_id, p.place, out);
      out->set_queue_position(static_cast<int32_t>(p.queue_position));
      SetTime(p.lease_ends, out->mutable_lease_expire_time());
    }
    more = page.size() == limit;
    if (!page.empty()) after = page.back().user_id;
  }
  if (more) response->set_next_page_token(SealToken(purpose, after));
  TRIVIUM_ASSIGN_OR_RETURN(const RoomCounts counts,
                           p_.cell.Run<RoomCounts>(room, call.deadline, [&](Admission& admission, const live::Call& c) {
                             return admission.CountRoom(id, c);
                           }));
  live::ToProto(counts, response->mutable_occupancy());
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::ListEventsRequest& request,
                                 v1::ListEventsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  return ListEventsAfter(p_.store, call.product, request, call.deadline, response);
}

absl::Status LiveService::Handle(const CallContext& call, const v1::ListStaysRequest& request,
                                 v1::ListStaysResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::initializer_list<std::string> bound_to = {"stays", call.product, request.room_id(), request.user_id()};
  TRIVIUM_ASSIGN_OR_RETURN(const Id before, ParsePageToken(bound_to, request.page_token()));
  const int limit =
      PageSize(request.page_size(), 50, kMaxHistoryPage) + 1;  // One more: it says whether there are more.
  std::vector<Stay> page;
  if (request.user_id().empty()) {
    const Id room_id = *ParseId(kRoomIdKind, request.room_id());
    TRIVIUM_RETURN_IF_ERROR(p_.rooms.Get(call.product, room_id, call.deadline).status());
    TRIVIUM_ASSIGN_OR_RETURN(page, p_.store.ListStaysOfRoom(call.product, room_id, before, limit, call.deadline));
  } else {
    TRIVIUM_ASSIGN_OR_RETURN(page,
                             p_.store.ListStaysOfUser(call.product, request.user_id(), before, limit, call.deadline));
  }
  if (page.size() == static_cast<size_t>(limit)) {
    page.pop_back();
    response->set_next_page_token(PageToken(bound_to, page.back().place.join_id));
  }
  std::map<Id, Room> rooms;
  for (const Stay& stay : page) {
    v1::Participant* out = response->add_stays();
    live::ToProto(stay, out);
    if (!rooms.contains(stay.room_id)) {
      const absl::StatusOr<Room> room = p_.rooms.Get(call.product, stay.room_id, call.deadline);
      if (room.status().code() == absl::StatusCode::kNotFound) continue;  // Purged before its stays.
      TRIVIUM_RETURN_IF_ERROR(room.status());
      rooms.emplace(stay.room_id, *room);
      live::ToProto(*room, response->add_rooms());
    }
    out->set_on_stage(rooms.at(stay.room_id).type == RoomType::kLarge && stay.place.seat > 0);
  }
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::ListRoomEventsRequest& request,
                                 v1::ListRoomEventsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string purpose = JoinPurpose({"room_events", call.product, request.room_id()});
  TRIVIUM_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(purpose, request.page_token()));
  int64_t before = 0;
  if (!position.empty() && !absl::SimpleAtoi(position, &before)) return PageTokenInvalid();
  const Id room_id = *ParseId(kRoomIdKind, request.room_id());
  TRIVIUM_RETURN_IF_ERROR(p_.rooms.Get(call.product, room_id, call.deadline).status());
  const int limit = PageSize(request.page_size(), 50, kMaxHistoryPage) + 1;
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<StoredEvent> page,
                           p_.store.ListRoomEvents(call.product, room_id, before, limit, call.deadline));
  if (page.size() == static_cast<size_t>(limit)) {
    page.pop_back();
    response->set_next_page_token(SealToken(purpose, absl::StrCat(page.back().seq)));
  }
  for (const StoredEvent& stored : page) {
    v1::Event* event = response->add_events();
    if (!event->ParseFromString(stored.payload)) return absl::InternalError("a stored event is damaged");
    event->set_cursor(EventCursor(call.product, stored.seq));
  }
  return absl::OkStatus();
}

absl::Status LiveService::Handle(const CallContext& call, const v1::GetDailySummaryRequest& request,
                                 v1::DailySummary* response) {
  TRIVIUM_RETURN_IF_ERROR(CheckNoUser(call));
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const Profile> profile, ProfileOf(call));
  const absl::Time now = Now();
  const std::string day = request.day().empty() ? profile->DayOf(now) : request.day();
  TRIVIUM_ASSIGN_OR_RETURN(const DayCounts counts, p_.store.SummarizeDay(call.product, day, call.deadline));
  response->set_day(day);
  response->set_time_zone(profile->time_zone);
  ToProto(counts, response);
  SetTime(now, response->mutable_as_of_time());
  return absl::OkStatus();
}

}  // namespace trivium::live
