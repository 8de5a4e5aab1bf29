#include "services/gateway/edge/client_address.h"

#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr int kMaxHops = 16;

bool IsAddress(std::string_view text) {
  return http::AddressSet::Parse({std::string(text)}).ok() && text.find('/') == text.npos;
}

// All addresses of X-Forwarded-For, the last first.
std::vector<std::string_view> Hops(const http::Request& request) {
  std::vector<std::string_view> hops;
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (header->first != "x-forwarded-for") continue;
    std::vector<absl::string_view> parts = absl::StrSplit(header->second, ',');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      hops.push_back(ToStd(absl::StripAsciiWhitespace(*part)));
  }
  return hops;
}

}  // namespace

std::string ClientAddress(const http::Request& request, const http::AddressSet& trusted) {
  std::string address(http::WithoutPort(request.peer));
  if (trusted.empty() || !trusted.Contains(address)) return address;
  int seen = 0;
  for (const std::string_view hop : Hops(request)) {
    if (++seen > kMaxHops || !IsAddress(hop)) break;
    address = std::string(hop);
    if (!trusted.Contains(address)) break;
  }
  return address;
}

}  // namespace trivium::gateway
