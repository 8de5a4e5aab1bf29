#include "libs/http/address_set.h"

#include <arpa/inet.h>

#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

constexpr int kV4Offset = 96;  // Bits of ::ffff:0:0/96, under which IPv4 addresses are kept.

bool SamePrefix(const uint8_t* a, const uint8_t* b, int bits) {
  if (std::memcmp(a, b, static_cast<size_t>(bits / 8)) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - bits % 8));
  return (a[bits / 8] & mask) == (b[bits / 8] & mask);
}

}  // namespace

bool AddressSet::ToBytes(std::string_view ip, Bytes* bytes, bool* v4) {
  const std::string text(ip);
  *v4 = true;
  bytes->fill(0);
  (*bytes)[10] = (*bytes)[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), bytes->data() + 12) == 1) return true;
  *v4 = false;
  return inet_pton(AF_INET6, text.c_str(), bytes->data()) == 1;
}

absl::StatusOr<AddressSet::Network> AddressSet::ToNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  Network network;
  bool v4 = false;
  const bool address = ToBytes(text.substr(0, slash), &network.address, &v4);
  const int most = v4 ? 32 : 128;
  int bits = most;
  const bool length =
      slash == text.npos || (absl::SimpleAtoi(ToAbsl(text.substr(slash + 1)), &bits) && bits >= 0 && bits <= most);
  if (!address || !length)
    return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\", want an address or ADDRESS/BITS"));
  network.bits = bits + (v4 ? kV4Offset : 0);
  Bytes cut{};
  for (int bit = 0; bit < network.bits; ++bit)
    cut[static_cast<size_t>(bit / 8)] |= network.address[static_cast<size_t>(bit / 8)] & (0x80 >> (bit % 8));
  if (cut != network.address)
    return absl::InvalidArgumentError(absl::StrCat("\"", ToAbsl(text), "\": bits behind the prefix, want them 0"));
  return network;
}

absl::StatusOr<AddressSet> AddressSet::Parse(const std::vector<std::string>& networks) {
  AddressSet set;
  for (size_t i = 0; i < networks.size(); ++i) {
    const auto network = ToNetwork(networks[i]);
    if (!network.ok()) return absl::InvalidArgumentError(absl::StrCat("[", i, "]: ", network.status().message()));
    set.networks_.push_back(*network);
  }
  return set;
}

bool AddressSet::Contains(std::string_view ip) const {
  Bytes bytes;
  bool v4 = false;
  if (!ToBytes(ip, &bytes, &v4)) return false;
  for (const Network& network : networks_) {
    if (SamePrefix(bytes.data(), network.address.data(), network.bits)) return true;
  }
  return false;
}

std::string_view WithoutPort(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.size() > 2 && peer.front() == '[' && peer.back() == ']') peer = peer.substr(1, peer.size() - 2);
  return peer;
}

}  // namespace trivium::http
