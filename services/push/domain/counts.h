// The ledger of a message, of a day, or of a change: accepted = acked + vendor + expired + dropped + pending. A change
// has signs; what is stored never is below zero.
#pragma once

#include <array>
#include <cstdint>

#include "services/push/domain/delivery_state.h"

namespace trivium::push {

struct Counts {
  int64_t accepted = 0;
  int64_t acked = 0;
  int64_t vendor = 0;
  int64_t expired = 0;
  int64_t pending = 0;
  std::array<int64_t, kDropReasons> dropped{};  // By reason; see Dropped.

  bool operator==(const Counts&) const = default;
  int64_t& Dropped(DropReason reason) { return dropped.at(static_cast<size_t>(reason) - 1); }
  int64_t Dropped(DropReason reason) const { return dropped.at(static_cast<size_t>(reason) - 1); }
  int64_t DroppedInAll() const;
  Counts& operator+=(const Counts& change);
  bool IsZero() const { return *this == Counts{}; }
};

// Whether the ledger adds up.
bool Conserved(const Counts& counts);
// Whether it adds up and nothing is below zero.
bool IsLedger(const Counts& counts);

// The change of n new recipients.
Counts AcceptedChange(int64_t n);
// The change of n deliveries that moved. reason: of kDropped, else kNone. The move must be one of the table.
Counts MoveChange(DeliveryState from, DeliveryState to, int64_t n, DropReason reason = DropReason::kNone);
// The change of connections that a LOSSY or ORDERED message was sent and not sent to: sent is final there.
Counts ConnectionsChange(int64_t sent, int64_t slow_readers);

}  // namespace trivium::push
