#include "libs/fanout/history_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/fanout/envelope.h"
#include "libs/fanout/history_command.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::fanout {
namespace {

using Histories = std::vector<absl::StatusOr<History>>;

absl::Status CheckQuery(const Query& query) {
  Violations violations;
  CheckChannel(query.channel, "channel", &violations);
  if (query.limit < 0 || query.limit > kMaxRead) {
    violations.emplace_back("limit", absl::StrCat(query.limit, ", want 0 to ", kMaxRead));
  }
  if (query.since && (query.since->offset < 0 || query.since->offset > kMaxOffset)) {
    violations.emplace_back("since.offset", absl::StrCat(query.since->offset, ", want 0 to ", kMaxOffset));
  }
  if (query.since && query.since->epoch.size() > kMaxEpochBytes) {
    violations.emplace_back("since.epoch",
                            absl::StrCat(query.since->epoch.size(), " bytes, want at most ", kMaxEpochBytes));
  }
  return FieldsError(violations);
}

absl::Status TooMany(size_t queries) {
  return FieldsError({{"queries", absl::StrCat(queries, " queries, want at most ", kMaxQueries)}});
}

class RedisHistoryReader : public HistoryReader {
 public:
  explicit RedisHistoryReader(redis::Client& client) : client_(client) {}

  Histories Read(std::span<const Query> queries, absl::Time deadline) override {
    if (queries.size() > kMaxQueries) return Histories(queries.size(), TooMany(queries.size()));
    Histories histories(queries.size(), absl::InternalError("not sent"));
    const size_t max_bytes = std::min(kMaxReadBytes, kMaxReadBatchBytes / std::max<size_t>(queries.size(), 1));
    std::vector<redis::Command> commands;
    std::vector<size_t> sent;
    for (size_t i = 0; i < queries.size(); ++i) {
      if (absl::Status wrong = CheckQuery(queries[i]); !wrong.ok()) {
        histories[i] = std::move(wrong);
        continue;
      }
      commands.push_back(ReadCommand(queries[i], max_bytes));
      sent.push_back(i);
    }
    const std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
    for (size_t i = 0; i < sent.size(); ++i) {
      histories[sent[i]] = outcomes[i].ok() ? ParseHistory(*outcomes[i]) : outcomes[i].status();
    }
    return histories;
  }

 private:
  redis::Client& client_;
};

}  // namespace

absl::StatusOr<History> HistoryReader::Read(const Query& query, absl::Time deadline) {
  return std::move(Read(std::span(&query, 1), deadline).front());
}

absl::StatusOr<Position> HistoryReader::ReadPosition(const Channel& channel, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(History history, Read(Query{.channel = channel, .limit = 0}, deadline));
  return std::move(history.top);
}

std::unique_ptr<HistoryReader> NewHistoryReader(redis::Client& client) {
  return std::make_unique<RedisHistoryReader>(client);
}

}  // namespace trivium::fanout
