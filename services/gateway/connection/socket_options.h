// What a client's socket needs of the kernel.
#pragma once

#include "services/gateway/connection/options.h"

namespace trivium::gateway {

// Small frames leave at once; a peer that acknowledges nothing is given up after options.dead_peer_timeout; the kernel
// takes little more than it can send, so that queues are ours to judge. What the socket doesn't know (a unix socket,
// in tests) is left out.
void SetSocketOptions(int fd, const ReactorOptions& options);

// The kernel takes as much as it has room for, from now on.
void LiftUnsentLimit(int fd);

}  // namespace trivium::gateway
