#include "libs/fanout/presence.h"

#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/fanout/presence_script.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::fanout {
namespace {

// Connections of one call of a script.
constexpr size_t kMaxCall = 128;
// Calls until a List has forgotten everything that expired before it; a full channel at most.
constexpr int kMaxListCalls = static_cast<int>(kMaxPresenceConnections / kMaxPurge) + 1;

void CheckBytes(std::string path, size_t bytes, size_t min, size_t max, Violations* violations) {
  if (bytes >= min && bytes <= max) return;
  violations->emplace_back(std::move(path), absl::StrCat(bytes, " bytes, want ", min, " to ", max));
}

absl::Status Check(const PresentConnection& item) {
  Violations violations;
  CheckChannel(item.channel, "channel", &violations);
  CheckBytes("connection.id", item.connection.id.size(), 1, kMaxConnectionIdBytes, &violations);
  CheckBytes("connection.user", item.connection.user.size(), 1, kMaxUserIdBytes, &violations);
  CheckBytes("connection.info", item.connection.info.size(), 0, kMaxInfoBytes, &violations);
  if (item.ttl < absl::Milliseconds(1) || item.ttl > kMaxPresenceTtl) {
    violations.emplace_back(
        "ttl", absl::StrCat(absl::FormatDuration(item.ttl), ", want 1ms to ", absl::FormatDuration(kMaxPresenceTtl)));
  }
  return FieldsError(violations);
}

absl::Status Check(const AbsentConnection& item) {
  Violations violations;
  CheckChannel(item.channel, "channel", &violations);
  CheckBytes("id", item.id.size(), 1, kMaxConnectionIdBytes, &violations);
  return FieldsError(violations);
}

absl::Status TooMany(size_t items) {
  return FieldsError({{"items", absl::StrCat(items, " items, want at most ", kMaxPresenceBatch)}});
}

absl::Status Full(const Channel& channel) {
  return Error(absl::StatusCode::kResourceExhausted, "PRESENCE_FULL",
               absl::StrCat("channel: ", channel.product, "/", channel.name, " has ", kMaxPresenceConnections,
                            " connections, want fewer to add one"))
      .With("limit", kMaxPresenceConnections);
}

std::vector<std::string> Keys(const Channel& channel) {
  return {KeyOf(Key::kConnections, channel), KeyOf(Key::kExpiry, channel), KeyOf(Key::kUsers, channel)};
}

// Items of one call of a script: they share the channel and, where that matters, the TTL.
struct Call {
  std::vector<size_t> items;
  redis::Command command;
};

// Cuts items into calls, in their order within a channel. TtlOf(item), Begin(item) -> Command, Add(item, command).
template <typename Item, typename TtlOf, typename Begin, typename Add>
std::vector<Call> Plan(std::span<const Item> items, std::vector<absl::Status>* results, TtlOf ttl_of, Begin begin,
                       Add add) {
  std::vector<Call> calls;
  std::map<std::tuple<std::string_view, std::string_view>, std::pair<size_t, absl::Duration>> open;  // Call and TTL.
  for (size_t i = 0; i < items.size(); ++i) {
    if ((*results)[i] = Check(items[i]); !(*results)[i].ok()) continue;
    const auto [it, first] = open.try_emplace({items[i].channel.product, items[i].channel.name});
    auto& [call, ttl] = it->second;
    if (first || calls[call].items.size() == kMaxCall || ttl != ttl_of(items[i])) {
      call = calls.size();
      ttl = ttl_of(items[i]);
      calls.push_back({.command = begin(items[i])});
    }
    calls[call].items.push_back(i);
    add(items[i], &calls[call].command);
  }
  return calls;
}

absl::Status ParseRefresh(const redis::Reply& reply, const Call& call, std::span<const PresentConnection> items,
                          std::vector<absl::Status>* results) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto answers, reply.Tuple(call.items.size()));
  for (size_t i = 0; i < answers.size(); ++i) {
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t joined, answers[i].Integer());
    if (joined == 0) (*results)[call.items[i]] = Full(items[call.items[i]].channel);
  }
  return absl::OkStatus();
}

// value: one byte with the length of the user id, the user id, the info.
absl::StatusOr<Connection> ParseConnection(const redis::Reply& id, const redis::Reply& value) {
  Connection connection;
  TRIVIUM_ASSIGN_OR_RETURN(connection.id, id.Text());
  TRIVIUM_ASSIGN_OR_RETURN(connection.info, value.Text());
  const size_t user = connection.info.empty() ? 0 : static_cast<uint8_t>(connection.info.front());
  if (connection.info.size() < 1 + user) return absl::DataLossError("presence value: shorter than its user id");
  connection.user = connection.info.substr(1, user);
  connection.info.erase(0, 1 + user);
  return connection;
}

// {id, value, id, value, ...}.
absl::StatusOr<std::vector<Connection>> ParseConnections(std::span<const redis::Reply> listed) {
  std::vector<Connection> connections;
  for (size_t i = 0; i + 1 < listed.size(); i += 2) {
    TRIVIUM_ASSIGN_OR_RETURN(Connection connection, ParseConnection(listed[i], listed[i + 1]));
    connections.push_back(std::move(connection));
  }
  return connections;
}

class RedisPresence : public Presence {
 public:
  explicit RedisPresence(redis::Client& client) : client_(client) {}

  std::vector<absl::Status> Refresh(std::span<const PresentConnection> items, absl::Time deadline) override {
    if (items.size() > kMaxPresenceBatch) return std::vector<absl::Status>(items.size(), TooMany(items.size()));
    std::vector<absl::Status> results(items.size());
    std::vector<Call> calls = Plan(
        items, &results, [](const PresentConnection& item) { return item.ttl; },
        [](const PresentConnection& item) {
          return RefreshScript().Call(Keys(item.channel), {absl::StrCat(absl::ToInt64Milliseconds(item.ttl)),
                                                           absl::StrCat(kMaxPresenceConnections)});
        },
        [](const PresentConnection& item, redis::Command* command) {
          const Connection& connection = item.connection;
          command->arguments.insert(command->arguments.end(), {connection.id, connection.user, connection.info});
        });
    Run(calls, deadline, &results,
        [&](const redis::Reply& reply, const Call& call) { return ParseRefresh(reply, call, items, &results); });
    return results;
  }

  std::vector<absl::Status> Remove(std::span<const AbsentConnection> items, absl::Time deadline) override {
    if (items.size() > kMaxPresenceBatch) return std::vector<absl::Status>(items.size(), TooMany(items.size()));
    std::vector<absl::Status> results(items.size());
    std::vector<Call> calls = Plan(
        items, &results, [](const AbsentConnection&) { return absl::ZeroDuration(); },
        [](const AbsentConnection& item) { return RemoveScript().Call(Keys(item.channel)); },
        [](const AbsentConnection& item, redis::Command* command) { command->arguments.push_back(item.id); });
    Run(calls, deadline, &results, [](const redis::Reply&, const Call&) { return absl::OkStatus(); });
    return results;
  }

  absl::StatusOr<PresenceList> List(const Channel& channel, size_t limit, absl::Time deadline) override {
    TRIVIUM_RETURN_IF_ERROR(CheckList(channel, limit));
    const redis::Command command = ListCommand(channel, limit);
    PresenceList list;
    bool more = true;
    for (int call = 0; more && call < kMaxListCalls; ++call) {
      TRIVIUM_ASSIGN_OR_RETURN(const redis::Reply reply, client_.Call(command, deadline));
      TRIVIUM_ASSIGN_OR_RETURN(more, ParseList(reply, &list));
    }
    return list;
  }

  std::vector<absl::StatusOr<PresenceCount>> CountEach(std::span<const Channel> channels,
                                                       absl::Time deadline) override {
    std::vector<absl::StatusOr<PresenceCount>> counts(channels.size(), TooMany(channels.size()));
    if (channels.size() > kMaxPresenceBatch) return counts;
    std::vector<redis::Command> commands;
    std::vector<size_t> asked;
    for (size_t i = 0; i < channels.size(); ++i) {
      const absl::Status valid = CheckList(channels[i], 0);
      counts[i] = valid.ok() ? absl::StatusOr<PresenceCount>(PresenceCount()) : valid;
      if (!valid.ok()) continue;
      commands.push_back(ListCommand(channels[i], 0));
      asked.push_back(i);
    }
    const std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
    for (size_t i = 0; i < asked.size(); ++i) {
      counts[asked[i]] = CountOf(channels[asked[i]], outcomes[i], deadline);
    }
    return counts;
  }

  absl::StatusOr<std::vector<std::string>> Users(const Channel& channel, absl::Time deadline) override {
    TRIVIUM_RETURN_IF_ERROR(CheckList(channel, 0));
    redis::Command command = UsersScript().Call(Keys(channel));
    command.idempotent = true;
    std::vector<std::string> users;
    int64_t more = 1;
    for (int call = 0; more != 0 && call < kMaxListCalls; ++call) {
      TRIVIUM_ASSIGN_OR_RETURN(const redis::Reply reply, client_.Call(command, deadline));
      TRIVIUM_ASSIGN_OR_RETURN(const auto fields, reply.Tuple(2));
      TRIVIUM_ASSIGN_OR_RETURN(more, fields[0].Integer());
      TRIVIUM_ASSIGN_OR_RETURN(users, ParseUsers(fields[1]));
    }
    return users;
  }

 private:
  static redis::Command ListCommand(const Channel& channel, size_t limit) {
    redis::Command command = ListScript().Call(Keys(channel), {absl::StrCat(limit)});
    command.idempotent = true;
    return command;
  }

  static absl::StatusOr<std::vector<std::string>> ParseUsers(const redis::Reply& reply) {
    TRIVIUM_ASSIGN_OR_RETURN(const auto names, reply.Array());
    std::vector<std::string> users;
    for (const redis::Reply& name : names) {
      TRIVIUM_ASSIGN_OR_RETURN(std::string user, name.Text());
      users.push_back(std::move(user));
    }
    return users;
  }

  // Where many expired connections are left, the counts still have them: then the channel is asked on its own.
  absl::StatusOr<PresenceCount> CountOf(const Channel& channel, const redis::Outcome& outcome, absl::Time deadline) {
    TRIVIUM_RETURN_IF_ERROR(outcome.status());
    PresenceList list;
    TRIVIUM_ASSIGN_OR_RETURN(const bool more, ParseList(*outcome, &list));
    return more ? Count(channel, deadline) : list.count;
  }

  static absl::Status CheckList(const Channel& channel, size_t limit) {
    Violations violations;
    CheckChannel(channel, "channel", &violations);
    if (limit > kMaxPresenceListed) {
      violations.emplace_back("limit", absl::StrCat(limit, ", want 0 to ", kMaxPresenceListed));
    }
    return FieldsError(violations);
  }

  // Whether expired connections are left, which the counts still have.
  static absl::StatusOr<bool> ParseList(const redis::Reply& reply, PresenceList* list) {
    TRIVIUM_ASSIGN_OR_RETURN(const auto fields, reply.Tuple(4));
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t more, fields[0].Integer());
    TRIVIUM_ASSIGN_OR_RETURN(list->count.num_connections, fields[1].Integer());
    TRIVIUM_ASSIGN_OR_RETURN(list->count.num_users, fields[2].Integer());
    TRIVIUM_ASSIGN_OR_RETURN(const auto listed, fields[3].Array());
    TRIVIUM_ASSIGN_OR_RETURN(list->connections, ParseConnections(listed));
    return more != 0;
  }

  // One pipeline of all calls. parse(reply, call): its error is that of all items of the call.
  template <typename Parse>
  void Run(std::span<Call> calls, absl::Time deadline, std::vector<absl::Status>* results, Parse parse) {
    std::vector<redis::Command> commands;
    for (Call& call : calls) {
      commands.push_back(std::move(call.command));
      commands.back().idempotent = true;
    }
    const std::vector<redis::Outcome> outcomes = client_.Pipeline(commands, deadline);
    for (size_t i = 0; i < calls.size(); ++i) {
      const absl::Status status = outcomes[i].ok() ? parse(*outcomes[i], calls[i]) : outcomes[i].status();
      if (status.ok()) continue;
      for (const size_t item : calls[i].items) (*results)[item] = status;
    }
  }

  redis::Client& client_;
};

}  // namespace

absl::StatusOr<PresenceCount> Presence::Count(const Channel& channel, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const PresenceList list, List(channel, 0, deadline));
  return list.count;
}

std::unique_ptr<Presence> NewPresence(redis::Client& client) { return std::make_unique<RedisPresence>(client); }

}  // namespace trivium::fanout
