#include "services/gateway/session/recovery.h"

#include <algorithm>
#include <utility>

namespace trivium::protocol {
namespace {

// Whether entries are exactly first, first + 1, ...
bool IsContiguous(const std::vector<Entry>& entries, uint64_t first) {
  return std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.offset == first++; });
}

bool SameEpoch(const Position& client, const Position& top) {
  return client.epoch == top.epoch || (client.epoch.empty() && client.offset == 0);
}

}  // namespace

Recovery Recover(const Position& client, const Position& top, std::vector<Entry> history, size_t max) {
  // First what could overflow: a client may claim any offset.
  if (!SameEpoch(client, top) || client.offset > top.offset || top.offset - client.offset > max) return {};
  if (history.size() != top.offset - client.offset || !IsContiguous(history, client.offset + 1)) return {};
  return {true, std::move(history)};
}

PositionTracker::Verdict PositionTracker::Next(uint64_t offset, const std::string& epoch) {
  if (offset == 0) return Verdict::kDeliver;
  if (position_.epoch.empty()) position_.epoch = epoch;
  if (!epoch.empty() && epoch != position_.epoch) return Verdict::kInsufficient;
  if (offset <= position_.offset) return Verdict::kSkip;
  if (offset - position_.offset > 1) return Verdict::kInsufficient;
  position_.offset = offset;
  return Verdict::kDeliver;
}

void SubscribeBuffer::Add(const std::string& epoch, Entry entry) {
  if (entries_.size() >= max_) {
    overflown_ = true;
    return;
  }
  const bool new_epoch = entry.offset > 0 && !epoch.empty() && (epochs_.empty() || epochs_.back() != epoch);
  if (new_epoch && epochs_.size() < 2) epochs_.push_back(epoch);
  entries_.push_back(std::move(entry));
}

std::optional<SubscribeBuffer::Merged> SubscribeBuffer::Merge(std::vector<Entry> recovered, Position top) {
  Merged merged{std::move(recovered), {}, std::move(top)};
  const std::vector<Entry> buffered = std::exchange(entries_, {});
  const std::vector<std::string> epochs = std::exchange(epochs_, {});
  if (std::exchange(overflown_, false) || epochs.size() > 1) return std::nullopt;
  if (merged.position.epoch.empty() && !epochs.empty()) merged.position.epoch = epochs[0];
  if (!epochs.empty() && epochs[0] != merged.position.epoch) return std::nullopt;

  std::vector<Entry> later;
  for (const Entry& entry : buffered) {
    if (entry.offset == 0) merged.unplaced.push_back(entry);
    if (entry.offset > merged.position.offset) later.push_back(entry);
  }
  std::stable_sort(later.begin(), later.end(), [](const Entry& a, const Entry& b) { return a.offset < b.offset; });
  const auto same = [](const Entry& a, const Entry& b) { return a.offset == b.offset; };
  later.erase(std::unique(later.begin(), later.end(), same), later.end());
  if (!IsContiguous(later, merged.position.offset + 1)) return std::nullopt;
  if (!later.empty()) merged.position.offset = later.back().offset;
  merged.placed.insert(merged.placed.end(), later.begin(), later.end());
  return merged;
}

}  // namespace trivium::protocol
