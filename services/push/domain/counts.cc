#include "services/push/domain/counts.h"

#include <algorithm>
#include <numeric>

namespace trivium::push {
namespace {

int64_t& Place(Counts& counts, DeliveryState state, DropReason reason) {
  int64_t* const places[] = {nullptr, &counts.pending, &counts.acked, &counts.vendor, &counts.expired};
  return state == DeliveryState::kDropped ? counts.Dropped(reason) : *places[static_cast<int>(state)];
}

}  // namespace

int64_t Counts::DroppedInAll() const { return std::accumulate(dropped.begin(), dropped.end(), int64_t{0}); }

Counts& Counts::operator+=(const Counts& change) {
  accepted += change.accepted;
  acked += change.acked;
  vendor += change.vendor;
  expired += change.expired;
  pending += change.pending;
  for (size_t i = 0; i < dropped.size(); ++i) dropped[i] += change.dropped[i];
  return *this;
}

bool Conserved(const Counts& c) { return c.accepted == c.acked + c.vendor + c.expired + c.pending + c.DroppedInAll(); }

bool IsLedger(const Counts& c) {
  return Conserved(c) && std::min({c.accepted, c.acked, c.vendor, c.expired, c.pending}) >= 0 &&
         std::ranges::min(c.dropped) >= 0;
}

Counts AcceptedChange(int64_t n) { return {.accepted = n, .pending = n}; }

Counts MoveChange(DeliveryState from, DeliveryState to, int64_t n, DropReason reason) {
  Counts change;
  Place(change, from, reason) -= n;
  Place(change, to, reason) += n;
  return change;
}

Counts ConnectionsChange(int64_t sent, int64_t slow_readers) {
  Counts change{.accepted = sent + slow_readers, .acked = sent};
  change.Dropped(DropReason::kSlowReader) = slow_readers;
  return change;
}

}  // namespace trivium::push
