#include "libs/fanout/append_plan.h"

#include <unordered_map>

#include "absl/hash/hash.h"
#include "libs/text/view.h"

namespace trivium::fanout {
namespace {

struct ChannelHash {
  size_t operator()(const ChannelView& channel) const {
    return absl::HashOf(ToAbsl(channel.product), ToAbsl(channel.name));
  }
};

// Where the next message of a channel may still go.
struct Open {
  size_t round = 0, call = 0, bytes = 0;
};

bool SameHistory(const HistoryOptions& a, const HistoryOptions& b) { return a.size == b.size && a.ttl == b.ttl; }

class Planner {
 public:
  explicit Planner(std::span<const Message> messages) : messages_(messages) {}

  void Add(size_t index) {
    const Message& message = messages_[index];
    const auto [it, first] = open_.try_emplace(ChannelView(message.channel));
    Open& open = it->second;
    if (first || !Fits(open, message)) open = Begin(first ? 0 : open.round + 1);
    rounds_[open.round][open.call].push_back(index);
    open.bytes += message.payload.size();
  }

  std::vector<AppendRound> Take() { return std::move(rounds_); }

 private:
  bool Fits(const Open& open, const Message& message) const {
    const AppendCall& call = rounds_[open.round][open.call];
    return call.size() < kMaxCallMessages && open.bytes + message.payload.size() <= kMaxCallBytes &&
           SameHistory(messages_[call.front()].history, message.history);
  }

  Open Begin(size_t round) {
    if (round == rounds_.size()) rounds_.emplace_back();
    rounds_[round].emplace_back();
    return {.round = round, .call = rounds_[round].size() - 1};
  }

  const std::span<const Message> messages_;
  std::vector<AppendRound> rounds_;
  std::unordered_map<ChannelView, Open, ChannelHash> open_;
};

}  // namespace

std::vector<AppendRound> PlanAppend(std::span<const Message> messages, std::span<const size_t> wanted) {
  Planner planner(messages);
  for (const size_t index : wanted) planner.Add(index);
  return planner.Take();
}

}  // namespace trivium::fanout
