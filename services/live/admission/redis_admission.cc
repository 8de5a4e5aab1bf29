#include "services/live/admission/redis_admission.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/live/admission/checks.h"
#include "services/live/admission/refusal.h"
#include "services/live/admission/scripts.h"
#include "services/live/admission/wire.h"

namespace trivium::live {
namespace {

// Items of one call of a script: it holds the server up for some 2 ms.
constexpr size_t kItemsPerScript = 64;

using Arguments = std::vector<std::string>;

void AppendItem(const JoinRequest& r, Arguments* to) {
  to->insert(to->end(),
             {RoomKey(r.room.room_id), r.room.product, r.user_id, absl::StrCat(static_cast<int>(r.role)), r.request_id,
              r.join_id.ToBytes(), MillisText(r.lease), PackClaim(r.claim), r.only_back ? "1" : "0"});
}
void AppendItem(const RenewRequest& r, Arguments* to) {
  to->insert(to->end(), {RoomKey(r.room.room_id), r.room.product, r.user_id, absl::StrCat(r.epoch), MillisText(r.lease),
                         PackClaim(r.claim)});
}
void AppendItem(const LeaveRequest& r, Arguments* to) {
  to->insert(to->end(), {RoomKey(r.room.room_id), r.room.product, r.user_id, absl::StrCat(r.epoch),
                         r.join_id.IsZero() ? std::string() : r.join_id.ToBytes()});
}

void ReadItem(const redis::Reply& reply, absl::Time now, absl::StatusOr<Standing>* to) {
  *to = ReadStanding(reply, now);
}
void ReadItem(const redis::Reply& reply, absl::Time now, absl::Status* to) { *to = ReadAnswer(reply, now).status(); }

void AppendLimits(const RoomLimits& limits, Arguments* to) {
  for (const int64_t places : limits.places) to->push_back(absl::StrCat(places));
  for (const int64_t number :
       {int64_t{limits.staff_slots}, int64_t{limits.seats}, int64_t{limits.stage_size}, limits.queue_max}) {
    to->push_back(absl::StrCat(number));
  }
}

// Without a generation the scripts answer the error STATELOST.
absl::Status Meaning(const absl::Status& status) {
  return MetadataOf(status, "redis_code") == "STATELOST" ? StateLost() : status;
}

PerRung RungsAt(const std::vector<int64_t>& numbers, size_t first) {
  return {numbers[first], numbers[first + 1], numbers[first + 2]};
}

// From {record, end of the lease, position in the queue}.
absl::StatusOr<Participant> ReadParticipant(std::string user_id, std::span<const redis::Reply> parts) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string blob, parts[0].Text());
  TRIVIUM_ASSIGN_OR_RETURN(const PersonRecord record, ReadPerson(blob));
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t lease_ends, parts[1].Integer());
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t position, parts[2].Integer());
  return Participant{std::move(user_id), record.place, absl::FromUnixMillis(lease_ends), position};
}

class RedisAdmission : public Admission {
 public:
  RedisAdmission(const AdmissionOptions& options, redis::Client& client)
      : client_(client), keys_(CellKeys(options.cell)), max_changes_(absl::StrCat(options.max_changes)) {}

  absl::StatusOr<Generation> BeginGeneration(absl::Duration rebuild, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRebuild(rebuild));
    const redis::Outcome outcome =
        Run(BeginGenerationScript().Call(keys_, {MillisText(call.now), MillisText(rebuild)}), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, outcome->Array());
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, ReadNumbers(answer, 0, 3));
    return Generation{numbers[0], absl::FromUnixMillis(numbers[1]), numbers[2] == 1};
  }

  absl::Status SetCapacities(std::span<const Capacity> capacities, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckCapacities(capacities));
    Arguments arguments = Start(call, {"capacities"});
    for (const auto& [level, places] : capacities) {
      arguments.push_back(LevelField(level));
      for (const int64_t number : places) arguments.push_back(absl::StrCat(number));
    }
    return Step(CellScript(), std::move(arguments), call).status();
  }

  absl::StatusOr<Batch> ExpireLeases(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    return BatchStep(CellScript(), Start(call, {"expire", absl::StrCat(limit)}), call);
  }

  absl::StatusOr<Batch> AdmitWaiting(size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    return BatchStep(CellScript(), Start(call, {"admit", absl::StrCat(limit)}), call);
  }

  absl::StatusOr<CellCounts> CountCell(const Call& call) override {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> n, Step(ReadScript(), Start(call, {"cell"}), call, 9));
    CellCounts counts{.generation = n[1], .rebuild_until = absl::FromUnixMillis(n[2]), .rooms = n[3]};
    counts.participants = n[4];
    counts.waiting = n[5];
    counts.waiting_rooms = n[6];
    counts.bans = n[7];
    counts.changes = n[8];
    counts.sequence = n[0];
    return counts;
  }

  absl::StatusOr<std::vector<LevelCounts>> CountLevels(std::span<const LevelName> levels, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLevels(levels));
    Arguments arguments = Start(call, {"levels"});
    for (const LevelName& level : levels) arguments.push_back(LevelField(level));
    const redis::Outcome outcome = Run(ReadScript().Call(keys_, std::move(arguments)), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answers, outcome->Tuple(levels.size()));
    std::vector<LevelCounts> counts;
    for (size_t i = 0; i < levels.size(); ++i) {
      counts.push_back({.level = levels[i]});
      TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, answers[i].Array());
      if (answer.empty()) continue;
      TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, ReadNumbers(answer, 0, 2 * kRungs));
      counts.back().known = true;
      counts.back().places = RungsAt(numbers, 0);
      counts.back().use = RungsAt(numbers, kRungs);
    }
    return counts;
  }

  absl::StatusOr<RoomsScan> ScanRooms(const std::string& cursor, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxPage));
    const redis::Outcome outcome =
        Run(ReadScript().Call(keys_, Start(call, {"scan", cursor.empty() ? "0" : cursor, absl::StrCat(limit)})), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    if (answer.size() < 3 || (answer.size() - 3) % 7 != 0) return Malformed("a scan of rooms");
    RoomsScan scan;
    TRIVIUM_ASSIGN_OR_RETURN(scan.cursor, answer[2].Text());
    if (scan.cursor == "0") scan.cursor.clear();
    for (size_t i = 3; i < answer.size(); i += 7) {
      RoomUse& use = scan.rooms.emplace_back();
      TRIVIUM_ASSIGN_OR_RETURN(const std::string room_id, answer[i].Text());
      TRIVIUM_ASSIGN_OR_RETURN(use.room.room_id, ParseRoomKey(room_id));
      TRIVIUM_ASSIGN_OR_RETURN(use.room.product, answer[i + 1].Text());
      TRIVIUM_ASSIGN_OR_RETURN(use.node, answer[i + 2].Text());
      TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> on, ReadNumbers(answer.subspan(i + 3, 4), 0, 4));
      std::copy_n(on.begin(), 4, use.on.begin());
    }
    return scan;
  }

  absl::StatusOr<std::vector<Change>> ReadChanges(int64_t after, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxChangesRead));
    const redis::Outcome outcome =
        Run({{"XRANGE", keys_[kChangesKey], absl::StrCat("(", after, "-0"), "+", "COUNT", absl::StrCat(limit)}}, call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> entries, outcome->Array());
    std::vector<Change> changes;
    for (const redis::Reply& entry : entries) {
      TRIVIUM_ASSIGN_OR_RETURN(Change change, ReadChange(entry));
      changes.push_back(std::move(change));
    }
    return changes;
  }

  absl::Status TrimChanges(int64_t through, const Call& call) override {
    return Run({{"XTRIM", keys_[kChangesKey], "MINID", absl::StrCat(through + 1)}}, call).status();
  }

  absl::Status StartRoom(const StartRoomRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    Arguments arguments =
        Start(call, {"start", RoomKey(request.room.room_id), request.room.product, request.institution, request.node});
    AppendLimits(request.limits, &arguments);
    arguments.push_back(request.restored ? "1" : "0");
    for (const int64_t places : request.institution_places) arguments.push_back(absl::StrCat(places));
    for (const Ban& ban : request.bans) arguments.insert(arguments.end(), {ban.user_id, MillisText(ban.until)});
    return Step(RoomScript(), std::move(arguments), call).status();
  }

  absl::Status UpdateRoomLimits(const RoomId& room, const RoomLimits& limits, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(room, limits));
    Arguments arguments = Start(call, {"update", RoomKey(room.room_id), room.product, "", ""});
    AppendLimits(limits, &arguments);
    return Step(RoomScript(), std::move(arguments), call).status();
  }

  absl::StatusOr<Batch> EndRoom(const RoomId& room, size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(room));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxBatch));
    return BatchStep(RoomScript(), Start(call, {"end", RoomKey(room.room_id), room.product, absl::StrCat(limit)}),
                     call);
  }

  absl::StatusOr<RoomCounts> CountRoom(const RoomId& room, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(room));
    const redis::Outcome outcome =
        Run(ReadScript().Call(keys_, Start(call, {"room", RoomKey(room.room_id), room.product})), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    if (answer.size() != 25) return Malformed("a room");
    RoomCounts counts;
    TRIVIUM_ASSIGN_OR_RETURN(counts.sequence, answer[1].Integer());
    TRIVIUM_ASSIGN_OR_RETURN(counts.institution, answer[2].Text());
    TRIVIUM_ASSIGN_OR_RETURN(counts.node, answer[3].Text());
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> n, ReadNumbers(answer, 4, 21));
    counts.ending = n[0] == 1;
    counts.limits = {.places = RungsAt(n, 1),
                     .staff_slots = static_cast<int>(n[7]),
                     .seats = static_cast<int>(n[8]),
                     .stage_size = static_cast<int>(n[9]),
                     .queue_max = n[10]};
    counts.use = RungsAt(n, 4);
    std::copy_n(n.begin() + 11, 4, counts.on.begin());
    std::copy_n(n.begin() + 15, 4, counts.by_role.begin());
    counts.seats_taken = n[19];
    counts.slice_taken = n[20];
    return counts;
  }

  absl::StatusOr<std::vector<Participant>> ListParticipants(const RoomId& room, const std::string& after_user_id,
                                                            size_t limit, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRoom(room));
    TRIVIUM_RETURN_IF_ERROR(CheckLimit(limit, kMaxPage));
    const redis::Outcome outcome =
        Run(ReadScript().Call(
                keys_, Start(call, {"list", RoomKey(room.room_id), room.product, after_user_id, absl::StrCat(limit)})),
            call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    std::vector<Participant> listed;
    if ((answer.size() - 2) % 4 != 0) return Malformed("a list of participants");
    for (size_t i = 2; i < answer.size(); i += 4) {
      TRIVIUM_ASSIGN_OR_RETURN(std::string user_id, answer[i].Text());
      TRIVIUM_ASSIGN_OR_RETURN(Participant participant, ReadParticipant(std::move(user_id), answer.subspan(i + 1, 3)));
      listed.push_back(std::move(participant));
    }
    return listed;
  }

  absl::StatusOr<Participant> FindParticipant(const RoomId& room, const std::string& user_id,
                                              const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(CheckParticipant(room, user_id));
    const redis::Outcome outcome =
        Run(ReadScript().Call(keys_, Start(call, {"find", RoomKey(room.room_id), room.product, user_id})), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    if (answer.size() != 5) return Malformed("a participant");
    return ReadParticipant(user_id, answer.subspan(2));
  }

  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(JoinScript(), requests, call);
  }
  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return Each<absl::StatusOr<Standing>>(RenewScript(), requests, call);
  }
  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return Each<absl::Status>(LeaveScript(), requests, call);
  }

  absl::StatusOr<Standing> Move(const MoveRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    return ReadOne(
        RunCommand("move", request.room, request.user_id, static_cast<int64_t>(request.to), request.seat, call), call);
  }

  absl::StatusOr<Standing> SetMute(const MuteRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    const int64_t bits = (request.mute.audio ? 1 : 0) + (request.mute.video ? 2 : 0);
    return ReadOne(RunCommand("mute", request.room, request.user_id, bits, 0, call), call);
  }

  absl::StatusOr<bool> Remove(const RemoveRequest& request, const Call& call) override {
    TRIVIUM_RETURN_IF_ERROR(Check(request));
    const redis::Outcome outcome =
        RunCommand("remove", request.room, request.user_id, absl::ToInt64Milliseconds(request.ban), 0, call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, ReadNumbers(answer, 2, 1));
    return numbers[0] == 1;
  }

 private:
  Arguments Start(const Call& call, std::initializer_list<std::string> rest) const {
    Arguments arguments = {MillisText(call.now), max_changes_};
    arguments.insert(arguments.end(), rest);
    return arguments;
  }

  // Every step may be repeated: the client does so once when an answer was lost.
  redis::Outcome Run(redis::Command command, const Call& call) {
    command.idempotent = true;
    redis::Outcome outcome = client_.Call(command, call.deadline);
    if (!outcome.ok()) return Meaning(outcome.status());
    return outcome;
  }

  // Numbers of {0, sequence, ...} from the sequence on; at least `count`.
  absl::StatusOr<std::vector<int64_t>> Step(const redis::Script& script, Arguments arguments, const Call& call,
                                            size_t count = 1) {
    const redis::Outcome outcome = Run(script.Call(keys_, std::move(arguments)), call);
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const redis::Reply> answer, ReadAnswer(*outcome, call.now));
    return ReadNumbers(answer, 1, count);
  }

  absl::StatusOr<Batch> BatchStep(const redis::Script& script, Arguments arguments, const Call& call) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, Step(script, std::move(arguments), call, 3));
    return Batch{.done = numbers[1], .more = numbers[2] == 1, .sequence = numbers[0]};
  }

  redis::Outcome RunCommand(std::string name, const RoomId& room, const std::string& user_id, int64_t first,
                            int64_t second, const Call& call) {
    return Run(CommandScript().Call(keys_, Start(call, {std::move(name), RoomKey(room.room_id), room.product, user_id,
                                                        absl::StrCat(first), absl::StrCat(second)})),
               call);
  }

  static absl::StatusOr<Standing> ReadOne(const redis::Outcome& outcome, const Call& call) {
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    return ReadStanding(*outcome, call.now);
  }

  // Runs a script over the requests that are in order, some of them in each call, all calls in one pipeline.
  template <typename Outcome, typename Request>
  std::vector<Outcome> Each(const redis::Script& script, std::span<const Request> requests, const Call& call) {
    if (const absl::Status size = CheckBatchSize(requests.size()); !size.ok()) {
      return std::vector<Outcome>(requests.size(), Outcome(size));
    }
    std::vector<Outcome> outcomes(requests.size(), Outcome(Malformed("a batch")));
    std::vector<size_t> sent;  // Indices of requests.
    for (size_t i = 0; i < requests.size(); ++i) {
      absl::Status checked = Check(requests[i]);
      if (checked.ok()) {
        sent.push_back(i);
      } else {
        outcomes[i] = std::move(checked);
      }
    }
    std::vector<redis::Command> commands;
    for (size_t first = 0; first < sent.size(); first += kItemsPerScript) {
      Arguments arguments = Start(call, {});
      for (size_t i = first; i < std::min(first + kItemsPerScript, sent.size()); ++i) {
        AppendItem(requests[sent[i]], &arguments);
      }
      commands.push_back(script.Call(keys_, std::move(arguments)));
      commands.back().idempotent = true;
    }
    if (commands.empty()) return outcomes;
    const std::vector<redis::Outcome> replies = client_.Pipeline(commands, call.deadline);
    for (size_t i = 0; i < sent.size(); ++i) {
      ReadFrom(replies[i / kItemsPerScript], i % kItemsPerScript, call.now, &outcomes[sent[i]]);
    }
    return outcomes;
  }

  template <typename Outcome>
  static void ReadFrom(const redis::Outcome& reply, size_t index, absl::Time now, Outcome* outcome) {
    if (!reply.ok()) {
      *outcome = Meaning(reply.status());
      return;
    }
    const auto answers = reply->Array();
    if (!answers.ok() || index >= answers->size()) {
      *outcome = Malformed("a batch");
      return;
    }
    ReadItem((*answers)[index], now, outcome);
  }

  redis::Client& client_;
  const std::vector<std::string> keys_;
  const std::string max_changes_;
};

absl::Status CheckAdmissionOptions(const AdmissionOptions& options) {
  std::vector<std::pair<std::string, std::string>> found;
  const bool named = std::all_of(options.cell.begin(), options.cell.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!named || options.cell.empty() || options.cell.size() > 32) {
    found.emplace_back("cell", absl::StrCat("\"", options.cell, "\", want 1 to 32 of [a-z0-9-]"));
  }
  if (options.max_changes < 1) found.emplace_back("max_changes", absl::StrCat(options.max_changes, ", want >= 1"));
  return FieldsError(found);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Admission>> NewRedisAdmission(AdmissionOptions options, redis::Client& client) {
  TRIVIUM_RETURN_IF_ERROR(CheckAdmissionOptions(options));
  return std::make_unique<RedisAdmission>(options, client);
}

}  // namespace trivium::live
