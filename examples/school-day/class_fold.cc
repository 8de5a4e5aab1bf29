#include "examples/school-day/class_fold.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace trivium::schoolday {
namespace {

const std::string& RoomOfEvent(const LiveEventView& e) { return e.of_room ? e.room.room_id : e.stay.room_id; }

std::string Find(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

}  // namespace

void ClassFold::Apply(const LiveEventView& event) {
  MutexLock lock(mu_);
  if (event.product != product_) {
    Complain(absl::StrCat("live events: ", product_, " received event ", event.event_id, " of ", event.product));
  }
  if (!seen_.insert(event.event_id).second) {
    return Complain(absl::StrCat("live events: ", event.event_id, " came twice, although each cursor was used once"));
  }
  if (event.of_room) states_[event.room.room_id] = event.room.state;
  if (event.type == "PARTICIPANT_LEFT") left_[event.stay.join_id] = event.stay.leave_reason;
  events_.push_back(event);
}

void ClassFold::Complain(const std::string& sentence) {
  if (complaints_.size() < 20) complaints_.push_back(sentence);
}

std::vector<LiveEventView> ClassFold::events() const {
  MutexLock lock(mu_);
  return events_;
}

size_t ClassFold::count() const {
  MutexLock lock(mu_);
  return events_.size();
}

std::vector<std::string> ClassFold::complaints() const {
  MutexLock lock(mu_);
  return complaints_;
}

std::string ClassFold::LeaveReasonOf(const std::string& join_id) const {
  MutexLock lock(mu_);
  return Find(left_, join_id);
}

std::string ClassFold::StateOf(const std::string& room_id) const {
  MutexLock lock(mu_);
  return Find(states_, room_id);
}

std::vector<LiveEventView> ClassFold::EventsOf(const std::string& room_id) const {
  MutexLock lock(mu_);
  std::vector<LiveEventView> of_room;
  std::copy_if(events_.begin(), events_.end(), std::back_inserter(of_room),
               [&](const LiveEventView& e) { return RoomOfEvent(e) == room_id; });
  return of_room;
}

}  // namespace trivium::schoolday
