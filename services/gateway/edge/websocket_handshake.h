// The opening handshake of a WebSocket (RFC 6455 section 4.2), and the form of the client protocol that it asks for.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "libs/http/message.h"

namespace trivium::gateway {

// A request that may be upgraded.
struct WebSocketHandshake {
  std::string accept;       // Sec-WebSocket-Accept.
  std::string subprotocol;  // To answer; "": none.
  bool protobuf = false;    // Frames carry Protobuf, not JSON.
  std::string origin;       // "": none was sent.
};

// Protobuf when the client offers centrifuge-protobuf before centrifuge-json, or says ?cf_protocol=protobuf. Otherwise
// an answer of 400 or 426 that says what is wrong.
std::variant<WebSocketHandshake, http::Response> CheckWebSocketHandshake(const http::Request& request);

// The answer 101, without what takes the connection over.
http::Response UpgradeAnswer(const WebSocketHandshake& handshake);

}  // namespace trivium::gateway
