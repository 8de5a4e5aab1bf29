#include "services/live/workers/announcer.h"

#include <google/protobuf/util/json_util.h>

#include <set>
#include <utility>

#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/live/domain/stay.h"
#include "services/live/workers/trouble.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr int kAtOnce = 200;

}  // namespace

bool Announcer::Step() {
  if (!leader_.Leads()) return false;
  const absl::StatusOr<std::vector<std::string>> unannounced = p_.store.ListUnannounced(p_.clock.Now() + kPatience);
  if (!unannounced.ok()) {
    p_.metrics.Worked("announce", "failed");
    return false;
  }
  if (unannounced->empty()) return false;
  const std::set<std::string> with_news(unannounced->begin(), unannounced->end());
  bool more = false;
  for (const std::string& product : p_.products()) {
    if (!with_news.contains(product)) continue;
    if (!leader_.Leads()) return false;
    const auto rest = rests_until_.find(product);
    if (rest != rests_until_.end() && p_.clock.Monotonic() < rest->second) continue;
    const absl::StatusOr<bool> again = Announce(product);
    if (again.ok()) {
      rests_until_.erase(product);
      more = more || *again;
      continue;
    }
    rests_until_[product] = p_.clock.Monotonic() + kRest;
    p_.metrics.Worked("announce", "failed");
    TRIVIUM_LOG(kWarning, "rooms were not told of their events yet", {"product", product}, {"error", again.status()});
  }
  return more;
}

absl::StatusOr<std::optional<Announcement>> Announcer::AnnouncementOf(const std::string& product,
                                                                      const StoredEvent& stored, absl::Time deadline) {
  v1::Event event;
  if (!event.ParseFromString(stored.payload)) return std::nullopt;
  if (absl::FromUnixSeconds(event.time().seconds()) < p_.clock.Now() - kOfUse) return std::nullopt;
  const std::string& room_id = event.has_room() ? event.room().room_id() : event.participant().room_id();
  RoomType type = static_cast<RoomType>(event.room().type());
  if (!event.has_room()) {
    const absl::StatusOr<Id> id = ParseId(kRoomIdKind, room_id);
    if (!id.ok()) return std::nullopt;
    const absl::StatusOr<Room> room = p_.rooms.Get(product, *id, deadline);
    // A room that is not there any more has nobody to tell; a database that is away says nothing of it.
    if (!room.ok() && room.status().code() == absl::StatusCode::kNotFound) return std::nullopt;
    TRIVIUM_RETURN_IF_ERROR(room.status());
    type = room->type;
  }
  Place place;
  place.role = static_cast<Role>(event.participant().role());
  place.seat = event.participant().seat();
  if (!IsAnnounced(static_cast<EventType>(event.type()), type, place)) return std::nullopt;
  Announcement announcement{.event_id = event.event_id(), .room_id = room_id};
  if (!google::protobuf::util::MessageToJsonString(event, &announcement.json).ok()) return std::nullopt;
  return std::optional(std::move(announcement));
}

absl::StatusOr<bool> Announcer::Announce(const std::string& product) {
  const absl::Time deadline = p_.clock.Now() + kPatience;
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<int64_t> mark, p_.store.GetAnnounceMark(product, deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<StoredEvent> events,
                           p_.store.ListEvents(product, mark.value_or(0), kAtOnce, deadline));
  if (events.empty()) return false;
  std::vector<Announcement> items;
  std::vector<int64_t> places;  // Of the items, in the product's events.
  for (const StoredEvent& event : events) {
    TRIVIUM_ASSIGN_OR_RETURN(std::optional<Announcement> item, AnnouncementOf(product, event, deadline));
    if (!item) continue;
    items.push_back(*std::move(item));
    places.push_back(event.seq);
  }
  int64_t done = events.back().seq;
  absl::Status trouble, last_refusal;
  int64_t refused = 0;
  if (!items.empty()) {
    absl::StatusOr<std::vector<absl::Status>> sent = p_.sender.Send(product, items);
    // What push refuses as a whole and for good (a product without messages) is refused for each.
    if (!sent.ok() && !IsPassing(sent.status())) sent = std::vector<absl::Status>(items.size(), sent.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<absl::Status> outcomes, std::move(sent));
    for (size_t i = 0; i < outcomes.size() && i < items.size(); ++i) {
      if (outcomes[i].ok()) {
        p_.metrics.Worked("announce", "done");
      } else if (IsPassing(outcomes[i])) {
        // In order: from here on again. What was sent after it is dropped as a repeat then.
        done = places[i] - 1;
        trouble = outcomes[i];
        break;
      } else {
        p_.metrics.Worked("announce", "refused");
        ++refused;
        last_refusal = outcomes[i];
      }
    }
  }
  if (refused > 0) {
    TRIVIUM_LOG(kWarning, "push refuses events of rooms for good", {"product", product}, {"events", refused},
                {"error", last_refusal});
  }
  if (done > mark.value_or(0)) TRIVIUM_RETURN_IF_ERROR(p_.store.SetAnnounceMark(product, done, deadline));
  if (!trouble.ok()) return trouble;
  return events.size() == static_cast<size_t>(kAtOnce);
}

}  // namespace trivium::live
