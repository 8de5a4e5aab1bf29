#include "libs/redis/slots.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/redis/errors.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::redis {
namespace {

// CRC-16/XMODEM: polynomial 0x1021, initial value 0. Redis Cluster specification, appendix A.
constexpr std::array<uint16_t, 256> MakeCrcTable() {
  std::array<uint16_t, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    int crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[static_cast<size_t>(byte)] = static_cast<uint16_t>(crc);
  }
  return table;
}
constexpr std::array<uint16_t, 256> kCrcTable = MakeCrcTable();

uint16_t Crc16(std::string_view text) {
  uint16_t crc = 0;
  for (const char c : text) {
    crc = static_cast<uint16_t>((crc << 8) ^ kCrcTable[((crc >> 8) ^ static_cast<unsigned char>(c)) & 0xff]);
  }
  return crc;
}

std::string_view HashedPart(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

absl::Status Malformed(std::string_view what) {
  return Error(absl::StatusCode::kInternal, "REDIS_REPLY_UNEXPECTED",
               absl::StrCat("answer to CLUSTER SLOTS: ", ToAbsl(what)));
}

// The host of a node's entry; a node that does not know its own answers nil, "" or "?".
absl::StatusOr<std::string> HostOf(const Reply& host, const Address& asked) {
  if (host.is_nil()) return asked.host;
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, host.Text());
  return text.empty() || text == "?" ? asked.host : text;
}

}  // namespace

int KeySlot(std::string_view key) { return Crc16(HashedPart(key)) % kSlots; }

std::shared_ptr<const SlotMap> SlotMap::OfOne(const Address& node) {
  std::shared_ptr<SlotMap> map(new SlotMap);
  map->masters_ = {node};
  map->node_of_slot_.fill(0);
  return map;
}

absl::StatusOr<std::shared_ptr<const SlotMap>> SlotMap::Parse(const Reply& reply, const Address& asked) {
  std::shared_ptr<SlotMap> map(new SlotMap);
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const Reply> ranges, reply.Array());
  for (const Reply& range : ranges) TRIVIUM_RETURN_IF_ERROR(map->Add(range, asked));
  if (map->masters_.empty()) return ServerError("CLUSTERDOWN no node has any slot");
  return map;
}

// {first, last, {host, port, id, ...} of the master, then its replicas}.
absl::Status SlotMap::Add(const Reply& range, const Address& asked) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const Reply> fields, range.Array());
  if (fields.size() < 3) return Malformed("a range without a node");
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t first, fields[0].Integer());
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t last, fields[1].Integer());
  if (first < 0 || last < first || last >= kSlots) return Malformed(absl::StrCat("slots ", first, "-", last));
  TRIVIUM_ASSIGN_OR_RETURN(const std::span<const Reply> node, fields[2].Array());
  if (node.size() < 2) return Malformed("a node without a port");
  TRIVIUM_ASSIGN_OR_RETURN(const std::string host, HostOf(node[0], asked));
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t port, node[1].Integer());
  if (port < 1 || port > 65535) return Malformed(absl::StrCat("port ", port));
  TRIVIUM_ASSIGN_OR_RETURN(const uint16_t index, IndexOf({host, static_cast<int>(port)}));
  std::fill(node_of_slot_.begin() + first, node_of_slot_.begin() + last + 1, index);
  return absl::OkStatus();
}

absl::StatusOr<uint16_t> SlotMap::IndexOf(const Address& node) {
  const auto it = std::find(masters_.begin(), masters_.end(), node);
  if (it != masters_.end()) return static_cast<uint16_t>(it - masters_.begin());
  if (masters_.size() == kMaxNodes) return Malformed(absl::StrCat("more than ", kMaxNodes, " masters"));
  masters_.push_back(node);
  return static_cast<uint16_t>(masters_.size() - 1);
}

std::optional<Address> SlotMap::NodeOf(int slot) const {
  const uint16_t index = node_of_slot_[static_cast<size_t>(slot)];
  return index == kNobody ? std::nullopt : std::optional(masters_[index]);
}

std::vector<int> SlotMap::SlotOfEach() const {
  std::vector<int> slots(masters_.size(), 0);
  for (int slot = kSlots - 1; slot >= 0; --slot) {
    if (const uint16_t index = node_of_slot_[static_cast<size_t>(slot)]; index != kNobody) slots[index] = slot;
  }
  return slots;
}

int SlotMap::uncovered() const {
  return static_cast<int>(std::count(node_of_slot_.begin(), node_of_slot_.end(), kNobody));
}

std::string ReadyKey(int slot) {
  for (int n = 0;; ++n) {
    std::string key = absl::StrCat("trivium:ready:", n);
    if (KeySlot(key) == slot) return key;
  }
}

}  // namespace trivium::redis
