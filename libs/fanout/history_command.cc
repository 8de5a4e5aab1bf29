#include "libs/fanout/history_command.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/fanout/history_script.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::fanout {
namespace {

std::string Millis(absl::Duration duration) { return absl::StrCat(absl::ToInt64Milliseconds(duration)); }

// What both writing scripts want first.
std::vector<std::string> WriteArguments(const Channel& channel, const HistoryOptions& history, const std::string& epoch,
                                        absl::Duration meta_ttl) {
  return {KeyOf(Key::kEvents, channel), epoch, absl::StrCat(history.size), Millis(history.ttl), Millis(meta_ttl)};
}

absl::Status Unexpected(std::string_view what, std::string_view got) {
  return Error(absl::StatusCode::kInternal, "REDIS_REPLY_UNEXPECTED",
               absl::StrCat(ToAbsl(what), ": ", ToAbsl(got), ", want as the script answers"))
      .With("field", what);
}

// A decimal number from 0 to kMaxOffset, as scripts write them.
absl::StatusOr<int64_t> Number(const redis::Reply& reply, std::string_view what) {
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t value, reply.Number());
  if (value < 0 || value > kMaxOffset) return Unexpected(what, absl::StrCat(value));
  return value;
}

absl::StatusOr<Outcome> ParseCode(const redis::Reply& reply) {
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t code, reply.Integer());
  constexpr std::pair<Code, Outcome> kOutcomes[] = {
      {Code::kDone, Outcome::kDone}, {Code::kAlready, Outcome::kAlready}, {Code::kNeedRestore, Outcome::kNeedRestore}};
  for (const auto& [known, outcome] : kOutcomes) {
    if (code == static_cast<int64_t>(known)) return outcome;
  }
  return Unexpected("code", absl::StrCat(code));
}

// "12-0".
absl::StatusOr<int64_t> ParseEntryId(const redis::Reply& reply) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string id, reply.Text());
  int64_t offset = 0;
  const bool valid =
      id.ends_with("-0") && absl::SimpleAtoi(ToAbsl(std::string_view(id).substr(0, id.size() - 2)), &offset);
  if (!valid || offset < 1 || offset > kMaxOffset) return Unexpected("entry.id", id);
  return offset;
}

// {"12-0", {"s", "3", "d", payload}}.
absl::StatusOr<Entry> ParseEntry(const redis::Reply& reply) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto pair, reply.Tuple(2));
  TRIVIUM_ASSIGN_OR_RETURN(const auto fields, pair[1].Tuple(4));
  Entry entry;
  TRIVIUM_ASSIGN_OR_RETURN(entry.offset, ParseEntryId(pair[0]));
  TRIVIUM_ASSIGN_OR_RETURN(entry.sequence, Number(fields[1], "entry.sequence"));
  TRIVIUM_ASSIGN_OR_RETURN(entry.payload, fields[3].Text());
  return entry;
}

}  // namespace

redis::Command AppendCommand(std::span<const Message> messages, const AppendCall& call, const std::string& epoch,
                             absl::Duration meta_ttl) {
  const Message& first = messages[call.front()];
  std::vector<std::string> keys = {KeyOf(Key::kMeta, first.channel), KeyOf(Key::kHistory, first.channel)};
  std::vector<std::string> arguments = WriteArguments(first.channel, first.history, epoch, meta_ttl);
  bool repeatable = true;
  for (const size_t index : call) {
    const Message& message = messages[index];
    const bool once = !message.idempotency_key.empty();
    if (once) keys.push_back(OnceKeyOf(message.channel, message.idempotency_key));
    arguments.push_back(absl::StrCat(message.sequence));
    arguments.push_back(once ? Millis(message.idempotency_ttl) : "0");
    arguments.push_back(message.payload);
    repeatable = repeatable && (once || message.sequence > 0);
  }
  redis::Command command = AppendScript().Call(std::move(keys), std::move(arguments));
  command.idempotent = repeatable;
  return command;
}

absl::StatusOr<Result> ParseResult(const redis::Reply& reply) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto fields, reply.Tuple(4));
  Result result;
  TRIVIUM_ASSIGN_OR_RETURN(result.outcome, ParseCode(fields[0]));
  TRIVIUM_ASSIGN_OR_RETURN(result.position.epoch, fields[1].Text());
  TRIVIUM_ASSIGN_OR_RETURN(result.position.offset, Number(fields[2], "offset"));
  TRIVIUM_ASSIGN_OR_RETURN(result.last_sequence, Number(fields[3], "last_sequence"));
  return result;
}

absl::StatusOr<std::vector<Result>> ParseAppend(const redis::Reply& reply, size_t messages) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto answers, reply.Tuple(messages));
  std::vector<Result> results;
  results.reserve(messages);
  for (const redis::Reply& answer : answers) {
    TRIVIUM_ASSIGN_OR_RETURN(Result result, ParseResult(answer));
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<RestoreChunk> PlanRestore(const Restoration& restoration) {
  std::vector<RestoreChunk> chunks = {{.after = restoration.after}};
  size_t bytes = 0;
  for (size_t i = 0; i < restoration.entries.size(); ++i) {
    const size_t size = restoration.entries[i].payload.size();
    if (const RestoreChunk& open = chunks.back();
        open.last > open.first && (open.last - open.first == kRestoreChunk || bytes + size > kMaxCallBytes)) {
      const int64_t reached = restoration.entries[i - 1].sequence;
      chunks.back().through = reached;
      chunks.push_back({.first = i, .last = i, .after = reached});
      bytes = 0;
    }
    chunks.back().last = i + 1;
    bytes += size;
  }
  chunks.back().through = restoration.through;
  return chunks;
}

redis::Command RestoreCommand(const Restoration& restoration, const RestoreChunk& chunk, const std::string& epoch,
                              absl::Duration meta_ttl) {
  const Channel& channel = restoration.channel;
  std::vector<std::string> arguments = WriteArguments(channel, restoration.history, epoch, meta_ttl);
  arguments.push_back(absl::StrCat(restoration.publish ? static_cast<int>(Kind::kRestored) : 0));
  arguments.push_back(absl::StrCat(chunk.after));
  arguments.push_back(absl::StrCat(chunk.through));
  for (size_t i = chunk.first; i < chunk.last; ++i) {
    arguments.push_back(absl::StrCat(restoration.entries[i].sequence));
    arguments.push_back(restoration.entries[i].payload);
  }
  redis::Command command =
      RestoreScript().Call({KeyOf(Key::kMeta, channel), KeyOf(Key::kHistory, channel)}, std::move(arguments));
  command.idempotent = true;
  return command;
}

redis::Command ReadCommand(const Query& query, size_t max_bytes) {
  const Position since = query.since.value_or(Position());
  redis::Command command = ReadScript().Call({KeyOf(Key::kMeta, query.channel), KeyOf(Key::kHistory, query.channel)},
                                             {since.epoch, absl::StrCat(since.offset), absl::StrCat(query.limit),
                                              query.reverse ? "1" : "0", absl::StrCat(max_bytes)});
  command.idempotent = true;
  return command;
}

absl::StatusOr<History> ParseHistory(const redis::Reply& reply) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto fields, reply.Tuple(4));
  History history;
  TRIVIUM_ASSIGN_OR_RETURN(history.top.epoch, fields[0].Text());
  TRIVIUM_ASSIGN_OR_RETURN(history.top.offset, Number(fields[1], "offset"));
  TRIVIUM_ASSIGN_OR_RETURN(history.last_sequence, Number(fields[2], "last_sequence"));
  TRIVIUM_ASSIGN_OR_RETURN(const auto entries, fields[3].Array());
  for (const redis::Reply& element : entries) {
    TRIVIUM_ASSIGN_OR_RETURN(Entry entry, ParseEntry(element));
    history.entries.push_back(std::move(entry));
  }
  return history;
}

}  // namespace trivium::fanout
