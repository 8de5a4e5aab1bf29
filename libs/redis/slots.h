// Which node of a cluster has which slot.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/redis/address.h"
#include "libs/redis/client.h"
#include "libs/redis/reply.h"

namespace trivium::redis {

inline constexpr size_t kMaxNodes = 1000;  // Masters of a cluster; Redis recommends no more.

// Immutable.
class SlotMap {
 public:
  // All slots on one node: no cluster.
  static std::shared_ptr<const SlotMap> OfOne(const Address& node);
  // From the answer to CLUSTER SLOTS of the node `asked`, whose host stands for those that do not know theirs.
  // INTERNAL REDIS_REPLY_UNEXPECTED for anything malformed; UNAVAILABLE REDIS_CLUSTER_DOWN when it has no slot at all.
  static absl::StatusOr<std::shared_ptr<const SlotMap>> Parse(const Reply& reply, const Address& asked);

  // Nothing when no node has the slot. slot: 0-16383.
  std::optional<Address> NodeOf(int slot) const;
  const std::vector<Address>& masters() const { return masters_; }
  // A slot of each master, in the order of masters().
  std::vector<int> SlotOfEach() const;
  int uncovered() const;  // Slots without a node.

 private:
  SlotMap() { node_of_slot_.fill(kNobody); }
  absl::Status Add(const Reply& range, const Address& asked);
  absl::StatusOr<uint16_t> IndexOf(const Address& node);

  static constexpr uint16_t kNobody = 0xffff;
  std::vector<Address> masters_;
  std::array<uint16_t, kSlots> node_of_slot_;  // Index into masters_.
};

// A key of the form "trivium:ready:<n>" with that slot. The first of some 16,000 tries on average.
std::string ReadyKey(int slot);

}  // namespace trivium::redis
