// Sends commands to their nodes, reads the answers, and sends again what has to be.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "libs/redis/client_metrics.h"
#include "libs/redis/node_pool.h"
#include "libs/redis/topology.h"

namespace trivium::redis {

// What batches share. Not owned; outlives them.
struct BatchContext {
  Topology& topology;
  NodePools& pools;
  Clock& clock;
  ClientMetrics& metrics;
  absl::Duration command_timeout;
  std::atomic<uint32_t>& turn;  // Spreads commands without a key over the masters.
};

// One run of some commands; used once, by one thread. Works in rounds: every command that is not settled goes to its
// node, all nodes are written to before the first answer is read.
class Batch {
 public:
  // commands: checked; outlive this.
  Batch(const BatchContext& context, std::span<const Command> commands);
  // until: of the clock's Monotonic. An outcome for each command.
  std::vector<Outcome> Run(absl::Duration until);

 private:
  struct Item {
    const Command* command = nullptr;
    std::optional<Outcome> outcome;  // None: to be sent (again).
    absl::Status last;               // Why it was not settled by the last round.
    std::optional<Address> target;   // Of the next round only: MOVED or ASK said so.
    bool asking = false;             // Of the next round only.
    bool full_script = false;
    bool lost = false;    // An answer was lost: from now on nothing but an answer tells.
    bool unsent = false;  // Was sent again already because a connection failed before.
  };
  struct Group {
    std::vector<Item*> items;
    std::vector<size_t> ends;  // Where each item's bytes end in the write.
    std::optional<NodePool::Loan> loan;
    size_t written = 0;
    bool usable = true;  // The connection may be kept.
  };
  using Groups = std::map<Address, Group>;  // Sorted: pools are entered in one order, so two batches never lock up.
  struct ErrorRule;

  bool Unsettled() const;
  void Round(absl::Duration until);
  Groups Route(const SlotMap& map);
  std::optional<Address> NodeFor(const Item& item, const SlotMap& map, uint32_t turn);
  void Send(const Address& node, Group& group, absl::Duration until);
  std::string Encode(Group& group);
  void Receive(const Address& node, Group& group, absl::Duration until);
  absl::StatusOr<Reply> ReadAnswer(Group& group, bool asking, absl::Duration until);
  void Break(const Address& node, Group& group, size_t first, const absl::Status& why);

  void Settle(const Address& node, Group& group, Item& item, Reply reply);
  bool OnMoved(const Address& node, Group& group, Item& item, std::string_view text);
  bool OnAsk(const Address& node, Group& group, Item& item, std::string_view text);
  bool OnTryAgain(const Address& node, Group& group, Item& item, std::string_view text);
  bool OnNoScript(const Address& node, Group& group, Item& item, std::string_view text);
  bool OnClusterDown(const Address& node, Group& group, Item& item, std::string_view text);
  bool OnReadOnly(const Address& node, Group& group, Item& item, std::string_view text);
  bool Redirect(const Address& node, Item& item, std::string_view text);

  void Unsent(Item& item, const absl::Status& status, bool again);
  void Lost(Item& item, const absl::Status& status);
  void Finish(Item& item, Outcome outcome);
  void FinishRest(const absl::Status& status);

  const BatchContext& context_;
  std::vector<Item> items_;
  bool pause_ = false;  // Before the next round: the cluster asks for it.
  int round_ = 0;
};

}  // namespace trivium::redis
