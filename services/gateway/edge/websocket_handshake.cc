#include "services/gateway/edge/websocket_handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kJson = "centrifuge-json", kProtobuf = "centrifuge-protobuf";
constexpr size_t kKeyBytes = 16;

http::Response Refused(int status, std::string_view what) {
  return {status, "text/plain; charset=utf-8", {}, absl::StrCat(ToAbsl(what), "\n")};
}

// Of all headers of a name: what stands between commas.
template <typename Fn>
void ForEachPart(const http::Request& request, std::string_view name, Fn fn) {
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    for (const absl::string_view part : absl::StrSplit(value, ',')) fn(absl::StripAsciiWhitespace(part));
  }
}

bool HasToken(const http::Request& request, std::string_view name, absl::string_view token) {
  bool found = false;
  ForEachPart(request, name, [&](absl::string_view part) { found = found || absl::EqualsIgnoreCase(part, token); });
  return found;
}

size_t Count(const http::Request& request, std::string_view name) {
  return static_cast<size_t>(
      std::ranges::count_if(request.headers, [&](const auto& header) { return header.first == name; }));
}

// 16 bytes in base64, one spelling.
bool IsKey(std::string_view key) {
  std::string bytes;
  return absl::Base64Unescape(ToAbsl(key), &bytes) && bytes.size() == kKeyBytes &&
         absl::Base64Escape(bytes) == ToAbsl(key);
}

std::string AcceptOf(std::string_view key) {
  const std::string text = absl::StrCat(ToAbsl(key), ToAbsl(kGuid));
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), sizeof(digest)));
}

std::optional<http::Response> Problem(const http::Request& request) {
  if (!HasToken(request, "upgrade", "websocket") || !HasToken(request, "connection", "upgrade")) {
    http::Response response = Refused(426, "want a WebSocket handshake");
    response.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
    return response;
  }
  if (request.Header("sec-websocket-version") != "13") {
    http::Response response = Refused(426, "sec-websocket-version: want 13");
    response.headers = {{"Sec-WebSocket-Version", "13"}};
    return response;
  }
  if (Count(request, "sec-websocket-key") != 1 || !IsKey(request.Header("sec-websocket-key")))
    return Refused(400, "sec-websocket-key: want 16 bytes in base64, once");
  if (Count(request, "origin") > 1) return Refused(400, "origin: want it once");
  if (!request.body.empty()) return Refused(400, "body: want none");
  return std::nullopt;
}

}  // namespace

std::variant<WebSocketHandshake, http::Response> CheckWebSocketHandshake(const http::Request& request) {
  if (std::optional<http::Response> problem = Problem(request)) return *std::move(problem);
  WebSocketHandshake handshake;
  handshake.accept = AcceptOf(request.Header("sec-websocket-key"));
  handshake.origin = std::string(request.Header("origin"));
  handshake.protobuf = request.Parameter("cf_protocol") == "protobuf";
  ForEachPart(request, "sec-websocket-protocol", [&](absl::string_view part) {
    if (!handshake.subprotocol.empty() || (part != ToAbsl(kJson) && part != ToAbsl(kProtobuf))) return;
    handshake.subprotocol = std::string(part);
    handshake.protobuf = part == ToAbsl(kProtobuf);
  });
  return handshake;
}

http::Response UpgradeAnswer(const WebSocketHandshake& handshake) {
  http::Response response{101, "", {}, ""};
  response.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", handshake.accept}};
  if (!handshake.subprotocol.empty()) response.headers.emplace_back("Sec-WebSocket-Protocol", handshake.subprotocol);
  return response;
}

}  // namespace trivium::gateway
