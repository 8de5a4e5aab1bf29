#include "services/live/validate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/id/id_value.h"
#include "libs/status/error.h"
#include "libs/text/control_characters.h"
#include "libs/text/day.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/live/admission/admission.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {
namespace {

constexpr int kMaxRoomSeats = 50, kMaxPlaces = 10'000'000;
constexpr size_t kMaxTitle = 120, kMaxRef = 64, kMaxGrant = 4096, kMaxResumeToken = 1024, kMaxPlatform = 16;
constexpr absl::Duration kMinDuration = absl::Minutes(1), kMaxDuration = absl::Hours(24);
constexpr absl::Duration kMaxCloseDelay = absl::Hours(1), kMinBan = absl::Seconds(1);
constexpr absl::Duration kMaxPast = absl::Hours(24), kMaxAhead = absl::Hours(24 * 400);
constexpr int64_t kMaxWatchMs = 600'000, kMaxCounter = 1'000'000'000'000;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}
// Collects what is wrong: the value and what is wanted.
class Checks {
 public:
  void Bad(const std::string& field, std::string description) { wrong_.emplace_back(field, std::move(description)); }
  void Characters(const std::string& field, const std::string& value, size_t min, size_t max, std::string_view marks) {
    const bool good = value.size() >= min && value.size() <= max && std::ranges::all_of(value, [&](char c) {
                        return IsNameCharacter(c) || marks.find(c) != marks.npos;
                      });
    if (good) return;
    Bad(field, absl::StrCat(value.empty() ? "empty" : absl::StrCat(value.size(), " bytes"), ", want ", min, "-", max,
                            " characters of A-Z a-z 0-9 . _ -", marks.empty() ? "" : " ", ToAbsl(marks)));
  }
  void RequestId(const std::string& value) { Characters("request_id", value, 8, 64, ":"); }
  void UserId(const std::string& value) { Characters("user_id", value, 1, kMaxNameBytes, "@"); }
  // A user calls for itself; a backend says for whom.
  void Self(const std::string& value, const std::string& user) {
    if (user.empty()) return UserId(value);
    if (!value.empty() && value != user) Bad("user_id", "another user, want the caller's own, or none");
  }
  void RoomIdText(const std::string& value) {
    if (!ParseId(kRoomIdKind, value).ok()) Bad("room_id", "want room_ and 26 characters, as CreateRoom answered it");
  }
  void JoinId(const std::string& value) {
    if (!ParseId(kJoinIdKind, value).ok()) Bad("join_id", "want join_ and 26 characters, as JoinRoom answered it");
  }
  void Text(const std::string& field, const std::string& value, size_t max) {
    const size_t length = Utf8Length(value);
    if (length >= 1 && length <= max && !HasControlCharacter(value)) return;
    Bad(field, absl::StrCat(length, " characters, want 1-", max, " without control characters"));
  }
  void Size(const std::string& field, const std::string& value, size_t max) {
    if (value.size() > max) Bad(field, absl::StrCat(value.size(), " bytes, want at most ", max));
  }
  void Range(const std::string& field, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high) Bad(field, absl::StrCat(value, ", want ", low, " to ", high));
  }
  void Duration(const std::string& field, const google::protobuf::Duration& value, absl::Duration low,
                absl::Duration high) {
    const bool form =
        value.seconds() >= 0 && value.seconds() <= 1'000'000'000 && value.nanos() >= 0 && value.nanos() < 1'000'000'000;
    if (form && DurationOf(value) >= low && DurationOf(value) <= high) return;
    Bad(field,
        absl::StrCat(value.seconds(), " s, want ", absl::FormatDuration(low), " to ", absl::FormatDuration(high)));
  }
  void StartTime(const google::protobuf::Timestamp& value, absl::Time now) {
    const bool form =
        value.seconds() > 0 && value.seconds() < 4'000'000'000 && value.nanos() >= 0 && value.nanos() < 1'000'000'000;
    if (form && TimeOf(value) >= now - kMaxPast && TimeOf(value) <= now + kMaxAhead) return;
    Bad("start_time", absl::StrCat(value.seconds(), ", want a time from a day ago to 400 days ahead"));
  }
  void Capacity(const common::v1::RungCapacity& value) {
    Range("capacity.rtc", value.rtc(), 0, kMaxPlaces);
    Range("capacity.fast", value.fast(), 0, kMaxPlaces);
    Range("capacity.standard", value.standard(), 0, kMaxPlaces);
  }
  // 0 stands for none given.
  void Sizes(int32_t seats, int32_t stage_size, int32_t staff_slots) {
    Range("seats", seats, 0, kMaxRoomSeats);
    Range("stage_size", stage_size, 0, kMaxRoomSeats);
    Range("staff_slots", staff_slots, 0, kMaxRoomSeats);
  }
  void PageSize(int32_t size) {
    if (size < 0) Bad("page_size", absl::StrCat(size, ", want 0 to 1000"));
  }
  void HistoryPage(int32_t size) {
    if (size < 0) Bad("page_size", absl::StrCat(size, ", want 0 to 200"));
  }
  void Report(const v1::QoeReport& report);
  absl::Status Result() const { return FieldsError(wrong_); }

 private:
  std::vector<std::pair<std::string, std::string>> wrong_;
};

void Checks::Report(const v1::QoeReport& report) {
  if (report.sequence() < 1) Bad("qoe.sequence", absl::StrCat(report.sequence(), ", want >= 1"));
  const auto* descriptor = v1::QoeReport::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_INT64 || field->name() == "sequence") continue;
    const int64_t max = field->name() == "watch_ms" ? kMaxWatchMs : kMaxCounter;
    Range(absl::StrCat("qoe.", field->name()), report.GetReflection()->GetInt64(report, field), 0, max);
  }
  const v1::JoinSteps& steps = report.join_steps();
  Range("qoe.join_steps.token_ms", steps.token_ms(), 0, kMaxWatchMs);
  Range("qoe.join_steps.signalling_ms", steps.signalling_ms(), 0, kMaxWatchMs);
  Range("qoe.join_steps.connected_ms", steps.connected_ms(), 0, kMaxWatchMs);
  Range("qoe.join_steps.first_frame_ms", steps.first_frame_ms(), 0, kMaxWatchMs);
}

}  // namespace

absl::Time TimeOf(const google::protobuf::Timestamp& value) {
  return absl::FromUnixSeconds(value.seconds()) + absl::Microseconds(value.nanos() / 1000);
}
absl::Duration DurationOf(const google::protobuf::Duration& value) {
  return absl::Seconds(value.seconds()) + absl::Milliseconds(value.nanos() / 1'000'000);
}

absl::Status Validate(const v1::CreateRoomRequest& request, absl::Time now) {
  Checks checks;
  checks.RequestId(request.request_id());
  checks.Text("room_ref", request.room_ref(), kMaxRef);
  if (request.type() != v1::Room::SMALL && request.type() != v1::Room::LARGE)
    checks.Bad("type", absl::StrCat(static_cast<int>(request.type()), ", want SMALL or LARGE"));
  checks.Text("title", request.title(), kMaxTitle);
  checks.Characters("institution_id", request.institution_id(), 1, kMaxNameBytes, "");
  checks.StartTime(request.start_time(), now);
  checks.Duration("duration", request.duration(), kMinDuration, kMaxDuration);
  checks.Sizes(request.seats(), request.stage_size(), request.staff_slots());
  if (request.type() == v1::Room::LARGE && request.seats() != 0) checks.Bad("seats", "want none in a LARGE room");
  if (request.type() == v1::Room::SMALL && request.stage_size() != 0)
    checks.Bad("stage_size", "want none in a SMALL room");
  if (request.type() == v1::Room::SMALL && request.has_capacity())
    checks.Bad("capacity", "want none in a SMALL room, whose seats say it");
  checks.Capacity(request.capacity());
  if (request.has_close_delay())
    checks.Duration("close_delay", request.close_delay(), absl::ZeroDuration(), kMaxCloseDelay);
  return checks.Result();
}

absl::Status Validate(const v1::UpdateRoomRequest& request, absl::Time now) {
  Checks checks;
  checks.RequestId(request.request_id());
  checks.RoomIdText(request.room_id());
  if (request.has_title()) checks.Text("title", request.title(), kMaxTitle);
  if (request.has_start_time()) checks.StartTime(request.start_time(), now);
  if (request.has_duration()) checks.Duration("duration", request.duration(), kMinDuration, kMaxDuration);
  checks.Sizes(request.seats(), request.stage_size(), request.staff_slots());
  checks.Capacity(request.capacity());
  if (request.has_close_delay())
    checks.Duration("close_delay", request.close_delay(), absl::ZeroDuration(), kMaxCloseDelay);
  return checks.Result();
}

absl::Status Validate(const v1::StartRoomRequest& request) {
  Checks checks;
  checks.RequestId(request.request_id());
  checks.RoomIdText(request.room_id());
  return checks.Result();
}

absl::Status Validate(const v1::EndRoomRequest& request) {
  Checks checks;
  checks.RequestId(request.request_id());
  checks.RoomIdText(request.room_id());
  return checks.Result();
}

absl::Status Validate(const v1::GetRoomRequest& request) {
  Checks checks;
  if (request.room_ref().empty()) {
    checks.RoomIdText(request.room_id());
  } else if (!request.room_id().empty()) {
    checks.Bad("room_ref", "given with room_id, want one of them");
  } else {
    checks.Text("room_ref", request.room_ref(), kMaxRef);
  }
  return checks.Result();
}

absl::Status Validate(const v1::ListRoomsRequest& request) {
  Checks checks;
  checks.PageSize(request.page_size());
  if (!v1::Room::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(static_cast<int>(request.state()), ", want a Room.State"));
  if (!request.institution_id().empty())
    checks.Characters("institution_id", request.institution_id(), 1, kMaxNameBytes, "");
  return checks.Result();
}

absl::Status Validate(const v1::JoinRoomRequest& request, const std::string& user) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.Self(request.user_id(), user);
  const bool has_role = request.role() != v1::ROLE_UNSPECIFIED;
  if (!v1::Role_IsValid(request.role()) || (user.empty() && !has_role))
    checks.Bad("role", absl::StrCat(static_cast<int>(request.role()), ", want a Role"));
  if (!user.empty() && has_role) checks.Bad("role", "given, want none: a user's role is the grant's");
  if (user.empty() && !request.grant().empty()) checks.Bad("grant", "given, want none: a backend names the role");
  checks.Size("grant", request.grant(), kMaxGrant);
  checks.Size("resume_token", request.resume_token(), kMaxResumeToken);
  const bool platform =
      request.platform().size() <= kMaxPlatform && std::ranges::all_of(request.platform(), [](char c) {
        return absl::ascii_islower(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
      });
  if (!platform) checks.Bad("platform", "want 1-16 characters of a-z 0-9 _");
  if (!request.request_id().empty()) checks.RequestId(request.request_id());
  return checks.Result();
}

absl::Status Validate(const v1::LeaveRoomRequest& request, const std::string& user) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.Self(request.user_id(), user);
  checks.JoinId(request.join_id());
  checks.Range("epoch", request.epoch(), 0, INT64_MAX);
  if (request.has_qoe()) checks.Report(request.qoe());
  return checks.Result();
}

absl::Status Validate(const v1::HeartbeatRequest& request, const std::string& user) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.Self(request.user_id(), user);
  checks.JoinId(request.join_id());
  checks.Range("epoch", request.epoch(), 1, INT64_MAX);
  checks.Size("resume_token", request.resume_token(), kMaxResumeToken);
  if (request.has_qoe()) checks.Report(request.qoe());
  return checks.Result();
}

absl::Status Validate(const v1::ListParticipantsRequest& request) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.PageSize(request.page_size());
  return checks.Result();
}

absl::Status Validate(const v1::MoveParticipantRequest& request) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.UserId(request.user_id());
  checks.Range("seat", request.seat(), 0, kMaxRoomSeats);
  if (!request.on_stage() && request.seat() != 0) checks.Bad("seat", "given, want none on the way to the audience");
  return checks.Result();
}

absl::Status Validate(const v1::MuteParticipantRequest& request) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.UserId(request.user_id());
  return checks.Result();
}

absl::Status Validate(const v1::RemoveParticipantRequest& request) {
  Checks checks;
  checks.RoomIdText(request.room_id());
  checks.UserId(request.user_id());
  if (request.has_ban_for()) checks.Duration("ban_for", request.ban_for(), kMinBan, kMaxBan);
  return checks.Result();
}

absl::Status Validate(const v1::ListEventsRequest& request) {
  Checks checks;
  checks.PageSize(request.page_size());
  return checks.Result();
}

absl::Status Validate(const v1::ListStaysRequest& request) {
  Checks checks;
  checks.HistoryPage(request.page_size());
  if (request.user_id().empty()) {
    checks.RoomIdText(request.room_id());
  } else if (!request.room_id().empty()) {
    checks.Bad("user_id", "given with room_id, want one of them");
  } else {
    checks.UserId(request.user_id());
  }
  return checks.Result();
}

absl::Status Validate(const v1::ListRoomEventsRequest& request) {
  Checks checks;
  checks.HistoryPage(request.page_size());
  checks.RoomIdText(request.room_id());
  return checks.Result();
}

absl::Status Validate(const v1::GetDailySummaryRequest& request) {
  Checks checks;
  if (!request.day().empty() && !ParseDay(request.day()))
    checks.Bad("day", "want a day of the years 2000-2999 as YYYY-MM-DD, or none");
  return checks.Result();
}

}  // namespace trivium::live
