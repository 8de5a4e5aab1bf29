// Close codes of RFC 6455 7.4 and of the client protocol. To the client 3000-3499 and 4000-4499 mean: connect again;
// 3500-3999 and 4500-4999: don't.
#pragma once

#include <cstdint>

namespace trivium::gateway {

inline constexpr uint16_t kCloseNormal = 1000;
inline constexpr uint16_t kCloseGoingAway = 1001;
inline constexpr uint16_t kCloseProtocolError = 1002;
inline constexpr uint16_t kCloseNoStatus = 1005;  // Never sent: a close frame without a code.
inline constexpr uint16_t kCloseAbnormal = 1006;  // Never sent: the transport ended without a close frame.
inline constexpr uint16_t kCloseInvalidPayload = 1007;
inline constexpr uint16_t kClosePolicyViolation = 1008;
inline constexpr uint16_t kCloseMessageTooBig = 1009;
inline constexpr uint16_t kCloseShutdown = 3001;
inline constexpr uint16_t kCloseSlow = 3008;
inline constexpr uint16_t kCloseNoPong = 3012;
inline constexpr uint16_t kCloseTooManyRequests = 3013;
inline constexpr uint16_t kCloseStale = 3502;
inline constexpr uint16_t kCloseConnectionLimit = 3504;

// Whether the code may stand in a close frame: those registered at IANA, and 3000-4999 for libraries and applications.
constexpr bool IsSendableCloseCode(uint16_t code) {
  constexpr struct { uint16_t first, last; } kRanges[] = {{1000, 1003}, {1007, 1014}, {3000, 4999}};
  for (const auto& range : kRanges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

}  // namespace trivium::gateway
