#include "libs/http/proxy_protocol.h"

#include <arpa/inet.h>

#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

constexpr std::string_view kV1("PROXY ", 6), kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kMaxV1 = 107, kV2Head = 16;
constexpr uint8_t kLocal = 0x20, kProxied = 0x21;                                 // Version and command.
constexpr uint8_t kTcp4 = 0x11, kTcp6 = 0x21, kUnspecified = 0x00, kUnix = 0x31;  // Family and transport.

using Parsed = absl::StatusOr<std::optional<ProxyHeader>>;

Parsed Bad(std::string_view what) { return absl::InvalidArgumentError(absl::StrCat("PROXY header: ", ToAbsl(what))); }

bool IsAddress(int family, const std::string& text) {
  uint8_t bytes[16];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

bool IsPort(absl::string_view text) {
  uint32_t port = 0;
  return !text.empty() && text.size() <= 5 && (text[0] != '0' || text.size() == 1) && text[0] != '+' &&
         absl::SimpleAtoi(text, &port) && port <= 65535;
}

// "PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\r\n"
Parsed ParseV1(std::string_view bytes) {
  const size_t end = bytes.substr(0, kMaxV1).find("\r\n");
  if (end == bytes.npos) return bytes.size() < kMaxV1 ? Parsed(std::nullopt) : Bad("no line end within 107 bytes");
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(bytes.substr(0, end)), ' ');
  if (parts[1] == "UNKNOWN") return ProxyHeader{end + 2, ""};
  const int family = parts[1] == "TCP4" ? AF_INET : AF_INET6;
  if (parts.size() != 6 || (family == AF_INET6 && parts[1] != "TCP6") || !IsAddress(family, parts[2]) ||
      !IsAddress(family, parts[3]) || !IsPort(parts[4]) || !IsPort(parts[5]))
    return Bad("malformed line");
  return ProxyHeader{end + 2, absl::StrCat(parts[2], ":", parts[4])};
}

std::string PeerOf(int family, std::string_view addresses) {
  const size_t length = family == AF_INET ? 4 : 16;
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(family, addresses.data(), text, sizeof(text));
  const auto* port = reinterpret_cast<const uint8_t*>(addresses.data()) + 2 * length;
  return absl::StrCat(text, ":", port[0] << 8 | port[1]);
}

Parsed ParseV2(std::string_view bytes) {
  if (bytes.size() < kV2Head) return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t command = at(12), family = at(13);
  const size_t length = size_t{at(14)} << 8 | at(15);
  if (command != kLocal && command != kProxied) return Bad("neither LOCAL nor PROXY of version 2");
  if (kV2Head + length > kMaxProxyHeader) return Bad("too long");
  if (command == kProxied && family != kTcp4 && family != kTcp6 && family != kUnspecified && family != kUnix)
    return Bad("no TCP connection");
  if (bytes.size() < kV2Head + length) return std::nullopt;
  const bool addressed = command == kProxied && (family == kTcp4 || family == kTcp6);
  if (!addressed) return ProxyHeader{kV2Head + length, ""};
  if (length < (family == kTcp4 ? 12u : 36u)) return Bad("addresses cut short");
  return ProxyHeader{kV2Head + length, PeerOf(family == kTcp4 ? AF_INET : AF_INET6, bytes.substr(kV2Head))};
}

}  // namespace

Parsed ParseProxyHeader(std::string_view bytes) {
  if (bytes.starts_with(kV2)) return ParseV2(bytes);
  if (bytes.starts_with(kV1)) return ParseV1(bytes);
  if (kV2.starts_with(bytes) || kV1.starts_with(bytes)) return std::nullopt;
  return Bad("missing");
}

}  // namespace trivium::http
