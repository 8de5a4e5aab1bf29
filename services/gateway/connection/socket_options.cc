#include "services/gateway/connection/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace trivium::gateway {

void SetSocketOptions(int fd, const ReactorOptions& options) {
  const struct {
    int name, value;
  } wanted[] = {
      {TCP_NODELAY, 1},
      {TCP_USER_TIMEOUT, static_cast<int>(absl::ToInt64Milliseconds(options.dead_peer_timeout))},
      {TCP_NOTSENT_LOWAT, options.unsent_limit_bytes},
  };
  for (const auto& [name, value] : wanted) {
    if (value > 0) (void)setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
  }
}

void LiftUnsentLimit(int fd) {
  const int none = -1;  // As an unsigned number: the most there is.
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &none, sizeof(none));
}

}  // namespace trivium::gateway
