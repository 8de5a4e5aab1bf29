#include "services/live/admission/change_audit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace trivium::live {
namespace {

bool Begins(ChangeKind kind) {
  return kind == ChangeKind::kJoined || kind == ChangeKind::kQueued || kind == ChangeKind::kResumed;
}

}  // namespace

void ChangeAudit::Violation(const Change& change, const std::string& what) {
  violations_.push_back(absl::StrCat("#", change.sequence, " ", change.user_id, ": ", what));
}

void ChangeAudit::CheckSeat(const Change& change) {
  if (change.place.seat == 0) return;
  for (const auto& [key, place] : stays_) {
    if (key.first == change.room.room_id && key.second != change.user_id && place.seat == change.place.seat) {
      Violation(change, absl::StrCat("seat ", place.seat, " is also ", key.second, "'s"));
    }
  }
}

// Of students and of viewers alike: nobody who waits in the same line may have an older ticket.
void ChangeAudit::CheckTurn(const Change& change, const Place& before) {
  for (const auto& [key, place] : stays_) {
    if (key.first != change.room.room_id || place.rung != Rung::kWaiting || key.second == change.user_id) continue;
    const bool same_line = change.place.seat > 0 ? place.role == Role::kStudent : place.role == before.role;
    if (same_line && place.ticket < before.ticket) Violation(change, absl::StrCat("passed ", key.second));
  }
}

void ChangeAudit::Take(const Change& change) {
  if (change.sequence <= last_) Violation(change, "its number does not grow");
  last_ = change.sequence;
  const Key key{change.room.room_id, change.user_id};
  const auto stay = stays_.find(key);
  if (Begins(change.kind) != (stay == stays_.end())) {
    Violation(change, Begins(change.kind) ? "is in already" : "is not in");
    return;
  }
  if (change.kind == ChangeKind::kLeft) {
    if (change.place.join_id != stay->second.join_id) Violation(change, "another stay ends");
    stays_.erase(stay);
    return;
  }
  if (change.kind == ChangeKind::kAdmitted) CheckTurn(change, stay->second);
  CheckSeat(change);
  stays_[key] = change.place;
  for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard}) {
    most_[Index(rung)] = std::max(most_[Index(rung)], Use(rung));
  }
}

int64_t ChangeAudit::Use(Rung rung) const {
  return std::count_if(stays_.begin(), stays_.end(),
                       [&](const auto& stay) { return stay.second.rung == rung && !stay.second.slice; });
}

}  // namespace trivium::live
