// Forms of names in requests and config.
#pragma once

#include <string_view>

namespace trivium::control {

// A product, service, cell: part of a host name. 1-32 characters of a-z 0-9 -, beginning with a letter.
bool IsLabel(std::string_view text);
// A config item's kind or name: 1-64 characters of a-z 0-9 _ -.
bool IsItemName(std::string_view text);
// An idempotency key: 8-64 characters of A-Z a-z 0-9 . _ : -.
bool IsRequestId(std::string_view text);
// "10.0.0.1:21010" or "[::1]:21010": what an xDS endpoint may be.
bool IsIpAndPort(std::string_view text);
struct IpAndPort {
  std::string_view ip;
  int port = 0;
};
IpAndPort SplitIpAndPort(std::string_view text);  // Of a text that IsIpAndPort took.

}  // namespace trivium::control
