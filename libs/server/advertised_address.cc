#include "libs/server/advertised_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace trivium::server {
namespace {

std::string Numbers(const addrinfo& found) {
  char text[INET6_ADDRSTRLEN] = "";
  if (found.ai_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(found.ai_addr)->sin6_addr, text, sizeof(text));
    return absl::StrCat("[", text, "]");
  }
  inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(found.ai_addr)->sin_addr, text, sizeof(text));
  return text;
}

// The less the better: a machine's own name often means 127.0.1.1, too.
int Rank(const addrinfo& found) {
  if (found.ai_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(found.ai_addr)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&address) ? 3 : IN6_IS_ADDR_LINKLOCAL(&address) ? 4 : 1;
  }
  const uint32_t address = ntohl(reinterpret_cast<const sockaddr_in*>(found.ai_addr)->sin_addr.s_addr);
  return address >> 24 == IN_LOOPBACKNET ? 2 : 0;
}

}  // namespace

absl::StatusOr<std::string> ResolveAdvertised(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return absl::UnavailableError(absl::StrCat("server.advertise_address: ", address, ": ", gai_strerror(error),
                                               "; want an IP address, or a name that means this process's machine"));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  const addrinfo* best = nullptr;
  for (const addrinfo* found = list; found != nullptr; found = found->ai_next) {
    if (found->ai_family != AF_INET && found->ai_family != AF_INET6) continue;
    if (best == nullptr || Rank(*found) < Rank(*best)) best = found;
  }
  if (best == nullptr)
    return absl::UnavailableError(absl::StrCat("server.advertise_address: ", address, ": has no IP address"));
  return absl::StrCat(Numbers(*best), address.substr(colon));
}

}  // namespace trivium::server
