// The codes of the client protocol, each with its text and with what the client does about it.
#pragma once

#include <cstdint>
#include <string_view>

namespace trivium::protocol {

// Why a command was refused (Error.code).
enum class ErrorCode : uint32_t {
  kInternal = 100,
  kUnauthorized = 101,
  kUnknownChannel = 102,
  kPermissionDenied = 103,
  kMethodNotFound = 104,
  kAlreadySubscribed = 105,
  kLimitExceeded = 106,
  kBadRequest = 107,
  kNotAvailable = 108,
  kTokenExpired = 109,
  kExpired = 110,
  kTooManyRequests = 111,
  kUnrecoverablePosition = 112,
};

// Codes with a meaning of an application's own.
inline constexpr uint32_t kMinApplicationCode = 400, kMaxApplicationCode = 1999;

struct ErrorText {
  ErrorCode code;
  std::string_view text;
  bool temporary;  // The client may try again.
};

inline constexpr ErrorText kErrorTexts[] = {
    {ErrorCode::kInternal, "internal server error", true},
    {ErrorCode::kUnauthorized, "unauthorized", false},
    {ErrorCode::kUnknownChannel, "unknown channel", false},
    {ErrorCode::kPermissionDenied, "permission denied", false},
    {ErrorCode::kMethodNotFound, "method not found", false},
    {ErrorCode::kAlreadySubscribed, "already subscribed", false},
    {ErrorCode::kLimitExceeded, "limit exceeded", false},
    {ErrorCode::kBadRequest, "bad request", false},
    {ErrorCode::kNotAvailable, "not available", false},
    {ErrorCode::kTokenExpired, "token expired", false},
    {ErrorCode::kExpired, "expired", false},
    {ErrorCode::kTooManyRequests, "too many requests", true},
    {ErrorCode::kUnrecoverablePosition, "unrecoverable position", false},
};

// Why a connection was closed: code and reason of the WebSocket close frame.
enum class DisconnectCode : uint32_t {
  kShutdown = 3001,
  kInternal = 3004,
  kConnectionExpired = 3005,
  kSubscriptionExpired = 3006,
  kSlow = 3008,
  kWriteError = 3009,
  kInsufficientState = 3010,
  kForceReconnect = 3011,
  kNoPong = 3012,
  kTooManyRequests = 3013,
  kInvalidToken = 3500,
  kBadRequest = 3501,
  kStale = 3502,
  kForceDisconnect = 3503,
  kConnectionLimit = 3504,
  kChannelLimit = 3505,
  kPermissionDenied = 3507,
};

struct DisconnectText {
  DisconnectCode code;
  std::string_view text;  // At most 123 bytes: what a close frame holds.
  bool reconnect;         // The client connects again by itself.
};

inline constexpr DisconnectText kDisconnectTexts[] = {
    {DisconnectCode::kShutdown, "shutdown", true},
    {DisconnectCode::kInternal, "internal server error", true},
    {DisconnectCode::kConnectionExpired, "connection expired", true},
    {DisconnectCode::kSubscriptionExpired, "subscription expired", true},
    {DisconnectCode::kSlow, "slow", true},
    {DisconnectCode::kWriteError, "write error", true},
    {DisconnectCode::kInsufficientState, "insufficient state", true},
    {DisconnectCode::kForceReconnect, "force reconnect", true},
    {DisconnectCode::kNoPong, "no pong", true},
    {DisconnectCode::kTooManyRequests, "too many requests", true},
    {DisconnectCode::kInvalidToken, "invalid token", false},
    {DisconnectCode::kBadRequest, "bad request", false},
    {DisconnectCode::kStale, "stale", false},
    {DisconnectCode::kForceDisconnect, "force disconnect", false},
    {DisconnectCode::kConnectionLimit, "connection limit", false},
    {DisconnectCode::kChannelLimit, "channel limit", false},
    {DisconnectCode::kPermissionDenied, "permission denied", false},
};

// Why the server ended one subscription (Unsubscribe.code).
enum class UnsubscribeCode : uint32_t {
  kServer = 2000,             // The client stays out.
  kInsufficientState = 2500,  // The client subscribes again, with recovery.
  kExpired = 2501,            // The client subscribes again.
};

struct UnsubscribeText {
  UnsubscribeCode code;
  std::string_view text;
  bool resubscribe;
};

inline constexpr UnsubscribeText kUnsubscribeTexts[] = {
    {UnsubscribeCode::kServer, "server unsubscribe", false},
    {UnsubscribeCode::kInsufficientState, "insufficient state", true},
    {UnsubscribeCode::kExpired, "subscription expired", true},
};

namespace internal {
template <typename Code, typename Text, int n>
constexpr const Text& Find(const Text (&texts)[n], Code code) {
  for (const Text& text : texts) {
    if (text.code == code) return text;
  }
  return texts[0];
}
}  // namespace internal

// The row of a code.
constexpr const ErrorText& TextOf(ErrorCode code) { return internal::Find(kErrorTexts, code); }
constexpr const DisconnectText& TextOf(DisconnectCode code) { return internal::Find(kDisconnectTexts, code); }
constexpr const UnsubscribeText& TextOf(UnsubscribeCode code) { return internal::Find(kUnsubscribeTexts, code); }

// What every client does by the number alone, also of codes that it does not know.
constexpr bool Reconnects(uint32_t disconnect_code) {
  return disconnect_code < 3500 || (disconnect_code >= 4000 && disconnect_code < 4500) || disconnect_code >= 5000;
}

}  // namespace trivium::protocol
