#include "services/control/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace trivium::control {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <typename Allowed>
bool Consists(std::string_view text, size_t low, size_t high, Allowed allowed) {
  return text.size() >= low && text.size() <= high && std::all_of(text.begin(), text.end(), allowed);
}

bool IsIp(std::string_view text) {
  unsigned char buffer[sizeof(in6_addr)];
  const std::string ip(text);
  return inet_pton(AF_INET, ip.c_str(), buffer) == 1 || inet_pton(AF_INET6, ip.c_str(), buffer) == 1;
}

}  // namespace

bool IsLabel(std::string_view text) {
  return Consists(text, 1, 32, [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; }) && IsLower(text[0]);
}

bool IsItemName(std::string_view text) {
  return Consists(text, 1, 64, [](char c) { return IsLower(c) || IsDigit(c) || c == '-' || c == '_'; });
}

bool IsRequestId(std::string_view text) {
  return Consists(text, 8, 64, [](char c) {
    return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

IpAndPort SplitIpAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string_view ip = text.substr(0, colon);
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  if (bracketed != (ip.find(':') != std::string_view::npos)) return {};
  int port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, port).ptr != end || digits.empty()) return {};
  return {ip, port};
}

bool IsIpAndPort(std::string_view text) {
  if (text.size() > 64) return false;
  const IpAndPort parts = SplitIpAndPort(text);
  return parts.port >= 1 && parts.port <= 65535 && IsIp(parts.ip);
}

}  // namespace trivium::control
