#include "services/live/admission/wire.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"
#include "services/live/admission/fields.h"
#include "services/live/admission/refusal.h"

namespace trivium::live {
namespace {

constexpr std::string_view kRoomKind = "room";

// Reads the places of enums, too; a number that is none fails.
template <typename E>
E ReadEnum(Fields* fields, E last) {
  const int64_t number = fields->Number(1);
  if (number < 1 || number > static_cast<int64_t>(last)) fields->Fail();
  return static_cast<E>(number);
}

std::optional<Level> ReadLevel(Fields* fields) {
  const int64_t number = fields->Number(1);
  if (number == 0) return std::nullopt;
  if (number > static_cast<int64_t>(Level::kRoom)) fields->Fail();
  return static_cast<Level>(number);
}

absl::Time ReadTime(Fields* fields) { return absl::FromUnixMillis(fields->Number(8)); }

Mute ReadMute(int64_t bits) { return {.audio = (bits & 1) != 0, .video = (bits & 2) != 0}; }
int MuteBits(const Mute& mute) { return (mute.audio ? 1 : 0) + (mute.video ? 2 : 0); }

RefusalDetail ReadDetail(std::span<const redis::Reply> answer) {
  RefusalDetail detail{};
  for (size_t i = 2; i < answer.size() && i - 2 < detail.size(); ++i) {
    const auto number = answer[i].Integer();
    if (number.ok()) detail[i - 2] = *number;
  }
  return detail;
}

}  // namespace

std::string RoomKey(const Id& room_id) { return FormatId(kRoomKind, room_id); }
absl::StatusOr<Id> ParseRoomKey(std::string_view key) { return ParseId(kRoomKind, key); }

std::string LevelField(const LevelName& level) {
  switch (level.level) {
    case Level::kProduct:
      return "product|" + level.product;
    case Level::kInstitution:
      return "institution|" + level.product + "|" + level.name;
    case Level::kNode:
      return "node|" + level.name;
    case Level::kPlatform:
    case Level::kRoom:
      break;
  }
  return "platform";
}

std::string PackClaim(const std::optional<ResumeClaim>& claim) {
  if (!claim) return "";
  std::string packed = {static_cast<char>(claim->role), static_cast<char>(claim->rung), static_cast<char>(claim->seat),
                        static_cast<char>(MuteBits(claim->mute))};
  for (const int64_t number : {claim->epoch, claim->placed, claim->ticket, absl::ToUnixMillis(claim->joined)}) {
    AppendNumber(number, 8, &packed);
  }
  return packed + claim->join_id.ToBytes();
}

std::string MillisText(absl::Time time) { return absl::StrCat(absl::ToUnixMillis(time)); }
std::string MillisText(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }
std::string MuteText(const Mute& mute) { return absl::StrCat(MuteBits(mute)); }

absl::Status Malformed(std::string_view what) {
  return Error(absl::StatusCode::kInternal, "ADMISSION_ANSWER_UNKNOWN",
               absl::StrCat("admission: ", ToAbsl(what), " is not of the form that its scripts write"));
}

absl::StatusOr<PersonRecord> ReadPerson(std::string_view blob) {
  Fields fields(blob);
  PersonRecord record;
  Place& place = record.place;
  place.role = ReadEnum(&fields, Role::kObserver);
  place.rung = ReadEnum(&fields, Rung::kWaiting);
  place.seat = static_cast<int>(fields.Number(1));
  place.slice = fields.Number(1) == 1;
  place.mute = ReadMute(fields.Number(1));
  place.why = ReadEnum(&fields, Why::kOutdone);
  for (auto& level : place.full) level = ReadLevel(&fields);
  place.epoch = fields.Number(8);
  place.placed = fields.Number(8);
  place.ticket = fields.Number(8);
  place.joined = ReadTime(&fields);
  place.placed_at = ReadTime(&fields);
  const std::string_view join_id = fields.Text(16);
  if (fields.failed()) return Malformed("a participant");
  place.join_id = *Id::FromBytes(join_id);
  record.request_id = std::string(fields.rest());
  return record;
}

absl::StatusOr<std::span<const redis::Reply>> ReadAnswer(const redis::Reply& reply, absl::Time now) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, reply.Array());
  if (answer.size() < 2) return Malformed("an answer");
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t code, answer[0].Integer());
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t sequence, answer[1].Integer());
  if (code == 0) return answer;
  if (code < 0 || code > kLastRefusal) return Malformed("a refusal");
  return RefusalError(static_cast<Refusal>(code), ReadDetail(answer), sequence, now);
}

absl::StatusOr<Standing> ReadStanding(const redis::Reply& reply, absl::Time now) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(reply, now));
  if (answer.size() != 7) return Malformed("a standing");
  TRIVIUM_ASSIGN_OR_RETURN(const std::string blob, answer[2].Text());
  TRIVIUM_ASSIGN_OR_RETURN(PersonRecord record, ReadPerson(blob));
  Standing standing{.place = record.place};
  TRIVIUM_ASSIGN_OR_RETURN(standing.sequence, answer[1].Integer());
  TRIVIUM_ASSIGN_OR_RETURN(standing.queue_position, answer[3].Integer());
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t wait_ms, answer[4].Integer());
  if (wait_ms >= 0) standing.estimated_wait = absl::Milliseconds(wait_ms);
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t lease_ends, answer[5].Integer());
  standing.lease_ends = absl::FromUnixMillis(lease_ends);
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t returned, answer[6].Integer());
  standing.returned = returned == 1;
  return standing;
}

absl::StatusOr<Change> ReadChange(const redis::Reply& entry) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> parts, entry.Tuple(2));
  TRIVIUM_ASSIGN_OR_RETURN(const std::string id, parts[0].Text());
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> pair, parts[1].Tuple(2));
  TRIVIUM_ASSIGN_OR_RETURN(const std::string blob, pair[1].Text());
  Change change;
  if (!absl::SimpleAtoi(id.substr(0, id.find('-')), &change.sequence)) return Malformed("the number of a change");
  Fields fields(blob);
  change.kind = ReadEnum(&fields, ChangeKind::kOutdone);
  change.cause = static_cast<LeaveCause>(fields.Number(1));
  change.time = ReadTime(&fields);
  const auto room_bytes = static_cast<size_t>(fields.Number(1)), product_bytes = static_cast<size_t>(fields.Number(1)),
             user_bytes = static_cast<size_t>(fields.Number(1));
  const std::string_view room = fields.Text(room_bytes);
  change.room.product = std::string(fields.Text(product_bytes));
  change.user_id = std::string(fields.Text(user_bytes));
  if (fields.failed() || change.cause > LeaveCause::kOutdone) return Malformed("a change");
  TRIVIUM_ASSIGN_OR_RETURN(change.room.room_id, ParseId(kRoomKind, room));
  TRIVIUM_ASSIGN_OR_RETURN(PersonRecord record, ReadPerson(fields.rest()));
  change.place = record.place;
  change.request_id = std::move(record.request_id);
  return change;
}

absl::StatusOr<std::vector<int64_t>> ReadNumbers(std::span<const redis::Reply> answer, size_t first, size_t count) {
  if (answer.size() < first + count) return Malformed("an answer");
  std::vector<int64_t> numbers;
  for (const redis::Reply& reply : answer.subspan(first)) {
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t number, reply.Integer());
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace trivium::live
