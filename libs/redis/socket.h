// TCP sockets that never block for longer than they are told.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/address.h"

namespace trivium::redis {

// A connected, non-blocking socket. One thread at a time.
class Socket {
 public:
  // until: of the clock's Monotonic. UNAVAILABLE when nobody listens there or time is over.
  static absl::StatusOr<Socket> Connect(const Address& address, absl::Duration until, Clock& clock);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  int fd() const { return fd_; }
  // Writes what the kernel takes now: the number of bytes, perhaps 0. UNAVAILABLE when the connection is broken.
  absl::StatusOr<size_t> WriteSome(std::string_view bytes);
  // Reads what is there now: 0 for nothing. UNAVAILABLE when the connection is broken or the peer has closed it.
  absl::StatusOr<size_t> ReadSome(char* to, size_t size);
  // Waits for a poll(2) event. DEADLINE_EXCEEDED when none came until then.
  absl::Status Await(short events, absl::Duration until, Clock& clock) const;
  // Whether the peer neither closed it nor said anything. For connections that were idle.
  bool Quiet() const;

 private:
  explicit Socket(int fd) : fd_(fd) {}

  int fd_;
};

// What is left until then, for poll(2): rounded up to a millisecond, 0 when over, at most a minute.
int PollMillis(absl::Duration left);

}  // namespace trivium::redis
