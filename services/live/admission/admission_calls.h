// How tests speak to an engine: with their own time, and with names instead of ids.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/live/admission/admission.h"

namespace trivium::live {

inline const std::string kProduct = "acme", kInstitution = "north", kNode = "node-1";
inline constexpr absl::Duration kLease = absl::Seconds(30);

// What a small test does not care about: plenty of places, a slice of one, a queue of ten.
RoomLimits LargeRoom(PerRung places, int stage_size = 0);
RoomLimits SmallClass(int seats);

class AdmissionCalls {
 public:
  explicit AdmissionCalls(Admission& admission) : admission_(admission) {}

  Call call() const { return {now_, absl::Now() + absl::Seconds(20)}; }
  void Advance(absl::Duration d) { now_ += d; }
  absl::Time now() const { return now_; }

  // A generation, and plenty of places on each level above the rooms.
  void Begin(absl::Duration rebuild = absl::ZeroDuration());
  void SetEach(const PerRung& places);
  // The institution's places are those of rooms that start later, too.
  void SetLevel(Level level, const PerRung& places);
  static LevelName NameOfLevel(Level level);
  LevelCounts Count(Level level);

  // Rooms by number; the same number is the same room.
  static RoomId Room(int number, const std::string& product = kProduct);
  StartRoomRequest StartOf(int room, const RoomLimits& limits) const;
  absl::Status Start(int room, const RoomLimits& limits);
  absl::Status Restore(int room, const RoomLimits& limits);
  RoomCounts CountRoom(int room);

  static JoinRequest JoinOf(int room, const std::string& user, Role role, const std::string& request);
  // request "": a new one.
  absl::StatusOr<Standing> Join(int room, const std::string& user, Role role = Role::kStudent, std::string request = "",
                                std::optional<ResumeClaim> claim = std::nullopt);
  absl::StatusOr<Standing> Renew(int room, const std::string& user, int64_t epoch,
                                 std::optional<ResumeClaim> claim = std::nullopt);
  absl::Status Leave(int room, const std::string& user, int64_t epoch = 0);
  absl::StatusOr<Standing> ToStage(int room, const std::string& user, int seat = 0);
  absl::StatusOr<Standing> ToAudience(int room, const std::string& user);
  absl::StatusOr<bool> Remove(int room, const std::string& user, absl::Duration ban = absl::Minutes(1));
  std::vector<Participant> List(int room);
  Place PlaceOf(int room, const std::string& user);  // Of one who is in.
  std::vector<Change> Changes();
  // "JOINED li RTC", "LEFT li EXPIRED": the stream since the last call.
  std::vector<std::string> News();

 protected:
  Admission& admission_;
  absl::Time now_ = absl::FromUnixSeconds(1'795'334'400);
  PerRung institution_places_{};
  int64_t told_ = 0;
  int requests_ = 0;
};

// The claim that a resume token of this standing proves.
ResumeClaim ClaimOf(const Standing& standing);
std::string Text(const Change& change);

// "" for OK, else the reason.
std::string Reason(const absl::Status& status);
template <typename T>
std::string Reason(const absl::StatusOr<T>& result) {
  return Reason(result.status());
}

}  // namespace trivium::live
