#include "libs/redis/batch.h"

#include <algorithm>
#include <utility>

#include "libs/redis/errors.h"
#include "libs/redis/slots.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::redis {
namespace {

// A command that is redirected more often than that is given back: the cluster does not agree with itself.
constexpr int kMaxRounds = 8;
constexpr absl::Duration kTryAgainPause = absl::Milliseconds(5);  // Doubled with each round.

}  // namespace

// Errors that are more than an outcome, by their first word. A handler answers whether the command is to be sent again.
struct Batch::ErrorRule {
  std::string_view code;
  bool (Batch::*handle)(const Address&, Group&, Item&, std::string_view);
};

Batch::Batch(const BatchContext& context, std::span<const Command> commands)
    : context_(context), items_(commands.size()) {
  for (size_t i = 0; i < commands.size(); ++i) items_[i].command = &commands[i];
}

std::vector<Outcome> Batch::Run(absl::Duration until) {
  for (round_ = 0; round_ < kMaxRounds && Unsettled(); ++round_) Round(until);
  FinishRest(absl::OkStatus());
  std::vector<Outcome> outcomes;
  outcomes.reserve(items_.size());
  for (Item& item : items_) outcomes.push_back(*std::move(item.outcome));
  return outcomes;
}

bool Batch::Unsettled() const {
  return std::any_of(items_.begin(), items_.end(), [](const Item& item) { return !item.outcome.has_value(); });
}

void Batch::Round(absl::Duration until) {
  const absl::Duration left = until - context_.clock.Monotonic();
  if (left <= absl::ZeroDuration()) return FinishRest(TooLate());
  if (std::exchange(pause_, false)) context_.clock.Sleep(std::min(left, kTryAgainPause * (1 << round_)));
  const absl::StatusOr<std::shared_ptr<const SlotMap>> map = context_.topology.Current(until);
  if (!map.ok()) return FinishRest(map.status());
  Groups groups = Route(**map);
  for (auto& [node, group] : groups) Send(node, group, until);
  // One time for all nodes: they work at the same time.
  const absl::Duration answered = std::min(until, context_.clock.Monotonic() + context_.command_timeout);
  for (auto& [node, group] : groups) Receive(node, group, answered);
}

Batch::Groups Batch::Route(const SlotMap& map) {
  Groups groups;
  const uint32_t turn = context_.turn.fetch_add(1);
  for (Item& item : items_) {
    if (item.outcome.has_value()) continue;
    const std::optional<Address> node = NodeFor(item, map, turn);
    if (node.has_value()) {
      groups[*node].items.push_back(&item);
    } else {
      context_.topology.MarkStale();
      Finish(item, ServerError("CLUSTERDOWN no node has the key's slot"));
    }
  }
  return groups;
}

std::optional<Address> Batch::NodeFor(const Item& item, const SlotMap& map, uint32_t turn) {
  if (item.target.has_value()) return item.target;
  const std::string* key = item.command->routing_key();
  if (key == nullptr) return map.masters()[turn % map.masters().size()];
  return map.NodeOf(KeySlot(*key));
}

void Batch::Send(const Address& node, Group& group, absl::Duration until) {
  absl::StatusOr<NodePool::Loan> loan = context_.pools.Of(node)->Borrow(until);
  if (!loan.ok()) {
    const bool unreachable = loan.status().code() == absl::StatusCode::kUnavailable;
    if (unreachable) context_.topology.Suspect(node);
    // In a cluster another node may have taken over; elsewhere there is nobody else to ask.
    for (Item* item : group.items) Unsent(*item, loan.status(), unreachable && context_.topology.cluster());
    return;
  }
  group.loan.emplace(*std::move(loan));
  const std::string wire = Encode(group);
  const absl::Duration sent = std::min(until, context_.clock.Monotonic() + context_.command_timeout);
  group.usable = (*group.loan)->Write(wire, sent, &group.written).ok();
}

std::string Batch::Encode(Group& group) {
  static const Command* const kAsking = new Command{{"ASKING"}};
  std::string wire;
  for (const Item* item : group.items) {
    if (item->asking) AppendCommand(*kAsking, false, &wire);
    AppendCommand(*item->command, item->full_script, &wire);
    group.ends.push_back(wire.size());
  }
  return wire;
}

// Also after a failed write: what was answered before is worth to be known, and often says why.
void Batch::Receive(const Address& node, Group& group, absl::Duration until) {
  if (!group.loan.has_value()) return;
  for (size_t i = 0; i < group.items.size(); ++i) {
    Item& item = *group.items[i];
    if (group.ends[i] > group.written) return Break(node, group, i, absl::UnavailableError("connection lost"));
    item.target = std::nullopt;
    absl::StatusOr<Reply> reply = ReadAnswer(group, std::exchange(item.asking, false), until);
    if (!reply.ok()) return Break(node, group, i, reply.status());
    Settle(node, group, item, *std::move(reply));
  }
  if (group.usable) group.loan->Keep();
  group.loan.reset();
}

absl::StatusOr<Reply> Batch::ReadAnswer(Group& group, bool asking, absl::Duration until) {
  Connection& connection = *group.loan->operator->();
  if (asking) TRIVIUM_RETURN_IF_ERROR(connection.Read(until).status());
  return connection.Read(until);
}

// The connection is lost; no answer comes from item `first` on.
void Batch::Break(const Address& node, Group& group, size_t first, const absl::Status& why) {
  const std::string name = node.ToString();
  for (size_t i = first; i < group.items.size(); ++i) {
    Item& item = *group.items[i];
    item.target = std::nullopt;
    item.asking = false;
    if (group.ends[i] > group.written) Unsent(item, NotExecuted(name, ToStd(why.message())), /*again=*/true);
    if (group.ends[i] <= group.written) Lost(item, OutcomeUnknown(name, ToStd(why.message())));
  }
  group.loan.reset();
  // A time-out may be the caller's own haste: that says nothing about the other connections.
  if (!absl::IsDeadlineExceeded(why)) context_.pools.Of(node)->DropIdle();
  context_.topology.Suspect(node);
}

void Batch::Settle(const Address& node, Group& group, Item& item, Reply reply) {
  static constexpr ErrorRule kRules[] = {
      {"MOVED", &Batch::OnMoved},
      {"ASK", &Batch::OnAsk},
      {"TRYAGAIN", &Batch::OnTryAgain},
      {"NOSCRIPT", &Batch::OnNoScript},
      {"CLUSTERDOWN", &Batch::OnClusterDown},
      {"READONLY", &Batch::OnReadOnly},
  };
  if (reply.type() != Reply::Type::kError) return Finish(item, std::move(reply));
  // What the script had done by then is done.
  if (IsScriptCut(reply.error())) return Lost(item, OutcomeUnknown(node.ToString(), reply.error()));
  item.last = ServerError(reply.error());
  for (const ErrorRule& rule : kRules) {
    if (rule.code != ErrorCode(reply.error())) continue;
    if ((this->*rule.handle)(node, group, item, reply.error())) return;
  }
  Finish(item, item.last);
}

bool Batch::OnMoved(const Address& node, Group&, Item& item, std::string_view text) {
  if (!Redirect(node, item, text)) return false;
  context_.topology.MarkStale(item.target);
  context_.metrics.Repeated("moved", 1);
  return true;
}

// The slot is on its way: this key is there already, the map stays as it is.
bool Batch::OnAsk(const Address& node, Group&, Item& item, std::string_view text) {
  if (!Redirect(node, item, text)) return false;
  item.asking = true;
  context_.metrics.Repeated("ask", 1);
  return true;
}

bool Batch::Redirect(const Address& node, Item& item, std::string_view text) {
  const std::optional<Redirection> to = ParseRedirection(text);
  if (!context_.topology.cluster() || !to.has_value()) return false;
  const absl::StatusOr<Address> address = ParseAddress(to->node, node.host);
  if (address.ok()) item.target = *address;
  return address.ok();
}

// Some of the command's keys have moved, others not yet.
bool Batch::OnTryAgain(const Address&, Group&, Item&, std::string_view) {
  context_.metrics.Repeated("try_again", 1);
  return pause_ = true;
}

bool Batch::OnNoScript(const Address&, Group&, Item& item, std::string_view) {
  if (item.command->script == nullptr || item.full_script) return false;
  context_.metrics.Repeated("no_script", 1);
  return item.full_script = true;
}

bool Batch::OnClusterDown(const Address& node, Group&, Item&, std::string_view) {
  context_.topology.Suspect(node);
  return false;
}

// A master that became a replica: a new connection may lead to the new one, when the address is a name.
bool Batch::OnReadOnly(const Address& node, Group& group, Item&, std::string_view) {
  group.usable = false;
  context_.pools.Of(node)->DropIdle();
  context_.topology.MarkStale();
  return false;
}

void Batch::Unsent(Item& item, const absl::Status& status, bool again) {
  item.target = std::nullopt;
  item.asking = false;
  item.last = status;
  if (!again || std::exchange(item.unsent, true)) Finish(item, status);
}

void Batch::Lost(Item& item, const absl::Status& status) {
  item.last = status;
  if (!item.command->idempotent || std::exchange(item.lost, true)) return Finish(item, status);
  context_.metrics.Repeated("lost", 1);
}

void Batch::Finish(Item& item, Outcome outcome) {
  // A repetition that did not come through says nothing about the first sending.
  const absl::StatusCode code = outcome.status().code();
  const bool tells = code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kResourceExhausted &&
                     code != absl::StatusCode::kDeadlineExceeded;
  if (item.lost && !tells) outcome = OutcomeUnknown("repetition", ToStd(outcome.status().message()));
  item.outcome = std::move(outcome);
}

void Batch::FinishRest(const absl::Status& status) {
  for (Item& item : items_) {
    if (item.outcome.has_value()) continue;
    // What the last round said tells more than that time is over.
    Finish(item, item.last.ok() ? status : item.last);
  }
}

}  // namespace trivium::redis
