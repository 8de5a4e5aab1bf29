// What scripts take and answer, as values: no network, no clock. Formats are those of lua/state.lua and lua/resume.lua.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/redis/reply.h"
#include "services/live/admission/admission.h"

namespace trivium::live {

// "room_...", as keys and members have it.
std::string RoomKey(const Id& room_id);
absl::StatusOr<Id> ParseRoomKey(std::string_view key);
// Field of the hash of levels.
std::string LevelField(const LevelName& level);
std::string PackClaim(const std::optional<ResumeClaim>& claim);
std::string MillisText(absl::Time time);
std::string MillisText(absl::Duration duration);
std::string MuteText(const Mute& mute);

// INTERNAL ADMISSION_ANSWER_UNKNOWN when a reply is not of the form that the scripts answer in.
absl::Status Malformed(std::string_view what);

struct PersonRecord {
  Place place;
  std::string request_id;
};
absl::StatusOr<PersonRecord> ReadPerson(std::string_view blob);

// Numbers of an answer {code, sequence, ...}, which begins each answer; the error of a code that is not 0.
absl::StatusOr<std::span<const redis::Reply>> ReadAnswer(const redis::Reply& reply, absl::Time now);
absl::StatusOr<Standing> ReadStanding(const redis::Reply& reply, absl::Time now);
// Of XRANGE.
absl::StatusOr<Change> ReadChange(const redis::Reply& entry);
// Integers from `first` on; at least `count`.
absl::StatusOr<std::vector<int64_t>> ReadNumbers(std::span<const redis::Reply> answer, size_t first, size_t count);

}  // namespace trivium::live
