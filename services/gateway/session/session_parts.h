// What a Session holds only while something is under way. For session*.cc alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/gateway/session/session.h"

namespace trivium::protocol {

// Between the connect command and its reply.
struct Session::Connecting {
  uint32_t command_id = 0;
  std::map<std::string, Position> positions;  // That the client has of server-side channels, by channel.
  size_t joins = 0;                           // Not answered yet.
  std::vector<Command> queued;                // Came too early; at most pending_max and queued_bytes_max.
  size_t queued_bytes = 0;
};

// Between JoinChannel and the client's reply.
struct Session::Joining {
  Ticket ticket = 0;
  std::optional<Position> from;  // Where the client wants to go on.
  SubscribeBuffer buffer;
  std::optional<JoinedChannel> joined;  // Answered, but connect is not done yet.
};

}  // namespace trivium::protocol
