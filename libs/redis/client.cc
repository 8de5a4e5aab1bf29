#include "libs/redis/client.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/address.h"
#include "libs/redis/batch.h"
#include "libs/redis/client_metrics.h"
#include "libs/redis/errors.h"
#include "libs/redis/node_pool.h"
#include "libs/redis/slots.h"
#include "libs/redis/topology.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/sync/mutex.h"

namespace trivium::redis {
namespace {

constexpr char kReadyMillis[] = "10000";  // Life of the key that Ready writes.

std::vector<Address> ParseAll(const std::vector<std::string>& texts) {
  std::vector<Address> addresses;
  for (const std::string& text : texts) addresses.push_back(*ParseAddress(text));
  return addresses;
}

absl::Status CheckBatch(std::span<const Command> commands) {
  if (commands.size() > kMaxPipeline) {
    return FieldsError({{"commands", absl::StrCat(commands.size(), ", want <= ", kMaxPipeline)}});
  }
  size_t bytes = 0;
  for (const Command& command : commands) {
    TRIVIUM_RETURN_IF_ERROR(CheckCommand(command));
    bytes += command.bytes();
  }
  if (bytes <= kMaxPipelineBytes) return absl::OkStatus();
  return FieldsError({{"commands.bytes", absl::StrCat(bytes, ", want <= ", kMaxPipelineBytes)}});
}

class PooledClient : public Client {
 public:
  PooledClient(ClientOptions options, Clock& clock, Metrics& metrics)
      : options_(std::move(options)),
        clock_(clock),
        metrics_(options_.name, metrics),
        pools_(login(), limits(options_.pool_size), clock, metrics_),
        probe_pools_(login(), limits(1), clock, metrics_),
        topology_({.seeds = ParseAll(options_.addresses),
                   .cluster = options_.cluster,
                   .login = login(),
                   .node_timeout = options_.connect_timeout},
                  clock, metrics_, [this](const SlotMap& map) { Adopt(map); }),
        context_{topology_, pools_, clock, metrics_, options_.command_timeout, turn_},
        probe_context_{topology_, probe_pools_, clock, metrics_, options_.command_timeout, turn_} {}

  Outcome Call(const Command& command, absl::Time deadline) override {
    const absl::Duration start = clock_.Monotonic();
    std::vector<Outcome> outcomes = Run(context_, {&command, 1}, deadline);
    metrics_.Took(CommandLabel(command.name()), clock_.Monotonic() - start);
    return std::move(outcomes.front());
  }

  std::vector<Outcome> Pipeline(std::span<const Command> commands, absl::Time deadline) override {
    const absl::Duration start = clock_.Monotonic();
    std::vector<Outcome> outcomes = Run(context_, commands, deadline);
    metrics_.Took("PIPELINE", clock_.Monotonic() - start);
    return outcomes;
  }

  absl::Status Ready() override {
    // One probe at a time: its pools have one connection per node.
    MutexLock lock(ready_mu_);
    const absl::Duration until = clock_.Monotonic() + options_.connect_timeout + options_.command_timeout;
    TRIVIUM_ASSIGN_OR_RETURN(const std::shared_ptr<const SlotMap> map, topology_.Current(until));
    if (map->uncovered() > 0) return ServerError(absl::StrCat("CLUSTERDOWN ", map->uncovered(), " slots have no node"));
    std::vector<Command> commands = ReadyWrites(*map);
    if (!options_.cluster) commands.push_back({.arguments = {"ROLE"}, .idempotent = true});
    const std::vector<Outcome> outcomes = Batch(probe_context_, commands).Run(until);
    for (const Outcome& outcome : outcomes) TRIVIUM_RETURN_IF_ERROR(outcome.status());
    return options_.cluster ? absl::OkStatus() : CheckRole(*outcomes.back());
  }

 private:
  Login login() const { return {options_.user, options_.password, options_.database}; }
  PoolLimits limits(int connections) const { return {connections, options_.acquire_timeout, options_.connect_timeout}; }

  std::vector<Outcome> Run(const BatchContext& context, std::span<const Command> commands, absl::Time deadline) {
    const absl::Status checked = CheckBatch(commands);
    std::vector<Outcome> outcomes = checked.ok()
                                        ? Batch(context, commands).Run(clock_.Monotonic() + (deadline - clock_.Now()))
                                        : std::vector<Outcome>(commands.size(), checked);
    for (size_t i = 0; i < commands.size(); ++i) metrics_.Ended(commands[i].name(), outcomes[i].status().code());
    return outcomes;
  }

  static std::vector<Command> ReadyWrites(const SlotMap& map) {
    std::vector<Command> commands;
    for (const int slot : map.SlotOfEach()) {
      commands.push_back({.arguments = {"SET", ReadyKey(slot), "1", "PX", kReadyMillis}, .idempotent = true});
    }
    return commands;
  }

  // A replica that takes writes would lose them at its master's next word.
  static absl::Status CheckRole(const Reply& role) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::span<const Reply> fields, role.Array());
    if (fields.empty()) return role.Tuple(1).status();
    TRIVIUM_ASSIGN_OR_RETURN(const std::string name, fields[0].Text());
    return name == "master" ? absl::OkStatus() : ServerError("READONLY the server is a " + name);
  }

  void Adopt(const SlotMap& map) {
    pools_.KeepOnly(map.masters());
    probe_pools_.KeepOnly(map.masters());
  }

  const ClientOptions options_;
  Clock& clock_;
  ClientMetrics metrics_;
  NodePools pools_, probe_pools_;
  Topology topology_;
  std::atomic<uint32_t> turn_{0};
  const BatchContext context_, probe_context_;
  Mutex ready_mu_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> NewClient(ClientOptions options, Clock& clock, Metrics& metrics) {
  TRIVIUM_RETURN_IF_ERROR(CheckOptions(options));
  return std::make_unique<PooledClient>(std::move(options), clock, metrics);
}

}  // namespace trivium::redis
