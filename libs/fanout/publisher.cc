#include "libs/fanout/publisher.h"

#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "libs/fanout/append_plan.h"
#include "libs/fanout/history_command.h"
#include "libs/fanout/message_check.h"
#include "libs/fanout/metrics.h"
#include "libs/id/id.h"
#include "libs/redis/client.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "libs/text/view.h"

namespace trivium::fanout {
namespace {

using Results = std::vector<absl::StatusOr<Result>>;

std::string OutcomeLabel(const absl::StatusOr<Result>& result) {
  if (!result.ok()) return absl::StatusCodeToString(result.status().code());
  constexpr const char* kLabels[] = {"done", "already", "need_restore"};
  return kLabels[static_cast<size_t>(result->outcome)];
}

class RedisPublisher : public Publisher {
 public:
  RedisPublisher(PublisherOptions options, redis::Client& client, IdGenerator& ids, Metrics& metrics)
      : options_(options), client_(client), ids_(ids), metrics_(metrics) {}

  Results Append(std::span<const Message> messages, absl::Time deadline) override {
    if (const absl::Status wrong = CheckBatch(messages); !wrong.ok()) return Results(messages.size(), wrong);
    Results results(messages.size(), absl::InternalError("not planned"));
    std::vector<size_t> wanted;
    for (size_t i = 0; i < messages.size(); ++i) {
      absl::Status checked = CheckAppend(messages[i]);
      if (checked.ok()) wanted.push_back(i);
      if (!checked.ok()) results[i] = std::move(checked);
    }
    for (const AppendRound& round : PlanAppend(messages, wanted)) RunRound(messages, round, deadline, &results);
    Count(messages, [&](size_t i) { return OutcomeLabel(results[i]); });
    return results;
  }

  std::vector<absl::Status> PublishOnly(std::span<const Message> messages, absl::Time deadline) override {
    if (const absl::Status wrong = CheckBatch(messages); !wrong.ok()) {
      return std::vector<absl::Status>(messages.size(), wrong);
    }
    std::vector<absl::Status> results(messages.size());
    std::vector<redis::Command> commands;
    std::vector<size_t> sent;
    for (size_t i = 0; i < messages.size(); ++i) {
      absl::StatusOr<redis::Command> command = PublishCommand(messages[i]);
      results[i] = command.status();
      if (!command.ok()) continue;
      commands.push_back(*std::move(command));
      sent.push_back(i);
    }
    const std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
    for (size_t i = 0; i < sent.size(); ++i) results[sent[i]] = outcomes[i].status();
    Count(messages, [&](size_t i) {
      return results[i].ok() ? std::string("published") : absl::StatusCodeToString(results[i].code());
    });
    return results;
  }

  absl::StatusOr<Result> Restore(const Restoration& restoration, absl::Time deadline) override {
    TRIVIUM_RETURN_IF_ERROR(CheckRestoration(restoration));
    absl::StatusOr<Result> last = absl::InternalError("no chunk");
    Outcome outcome = Outcome::kAlready;
    for (const RestoreChunk& chunk : PlanRestore(restoration)) {
      last = RestoreOne(restoration, chunk, deadline);
      metrics_.GetCounter(kRestoreChunks, {OutcomeLabel(last)}).Add();
      if (!last.ok() || last->outcome == Outcome::kNeedRestore) return last;
      if (last->outcome == Outcome::kDone) outcome = Outcome::kDone;
    }
    last->outcome = outcome;
    return last;
  }

 private:
  // 64 bits, of which 62 are random: the last half of a UUIDv7.
  std::string NewEpoch() { return absl::BytesToHexString(ToAbsl(ids_.Next().ToBytes().substr(8))); }

  void RunRound(std::span<const Message> messages, const AppendRound& round, absl::Time deadline, Results* results) {
    std::vector<redis::Command> commands;
    commands.reserve(round.size());
    for (const AppendCall& call : round) {
      commands.push_back(AppendCommand(messages, call, NewEpoch(), options_.meta_ttl));
    }
    const std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
    for (size_t i = 0; i < round.size(); ++i) Settle(round[i], outcomes[i], results);
  }

  static void Settle(const AppendCall& call, const redis::Outcome& outcome, Results* results) {
    absl::StatusOr<std::vector<Result>> parsed =
        outcome.ok() ? ParseAppend(*outcome, call.size()) : absl::StatusOr<std::vector<Result>>(outcome.status());
    for (size_t i = 0; i < call.size(); ++i) {
      if (parsed.ok()) (*results)[call[i]] = std::move((*parsed)[i]);
      if (!parsed.ok()) (*results)[call[i]] = parsed.status();
    }
  }

  static absl::StatusOr<redis::Command> PublishCommand(const Message& message) {
    TRIVIUM_RETURN_IF_ERROR(CheckPublishOnly(message));
    TRIVIUM_ASSIGN_OR_RETURN(std::string bytes, EncodeEnvelope({.kind = Kind::kTransient, .payload = message.payload}));
    // Goes to the node of the channel's slot, as its appended messages do: the two keep their order.
    return redis::Command{{"PUBLISH", KeyOf(Key::kEvents, message.channel), std::move(bytes)}};
  }

  absl::StatusOr<Result> RestoreOne(const Restoration& restoration, const RestoreChunk& chunk, absl::Time deadline) {
    TRIVIUM_ASSIGN_OR_RETURN(const redis::Reply reply,
                             client_.Call(RestoreCommand(restoration, chunk, NewEpoch(), options_.meta_ttl), deadline));
    return ParseResult(reply);
  }

  // Looks each pair of labels up once a batch. A product that is not valid is no label.
  template <typename LabelOf>
  void Count(std::span<const Message> messages, LabelOf label_of) {
    std::map<std::pair<std::string, std::string>, int> counts;
    for (size_t i = 0; i < messages.size(); ++i) {
      std::string label = label_of(i);
      const bool invalid = label == "INVALID_ARGUMENT";
      ++counts[{invalid ? "" : messages[i].channel.product, std::move(label)}];
    }
    for (const auto& [labels, n] : counts) metrics_.GetCounter(kMessages, {labels.first, labels.second}).Add(n);
  }

  const PublisherOptions options_;
  redis::Client& client_;
  IdGenerator& ids_;
  Metrics& metrics_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Publisher>> NewPublisher(PublisherOptions options, redis::Client& client,
                                                        IdGenerator& ids, Metrics& metrics) {
  TRIVIUM_RETURN_IF_ERROR(CheckPublisherOptions(options));
  return std::make_unique<RedisPublisher>(options, client, ids, metrics);
}

}  // namespace trivium::fanout
