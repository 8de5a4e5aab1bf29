// A connection to one node, logged in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/address.h"
#include "libs/redis/client.h"
#include "libs/redis/reply_reader.h"
#include "libs/redis/socket.h"

namespace trivium::redis {

struct Login {
  std::string user, password;
  int database = 0;
};

// One thread at a time. All times are of the clock's Monotonic. Requests and answers pair up in order; after an error
// of Write or Read that is no longer so, and the connection must be dropped.
class Connection {
 public:
  // UNAVAILABLE REDIS_UNAVAILABLE when it cannot be had until then; INTERNAL REDIS_ACCESS_DENIED, REDIS_ERROR when the
  // server refuses the login.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Address& address, const Login& login,
                                                          absl::Duration until, Clock& clock);

  // Sends all of it. *written: how much the kernel took, also after an error; a command of which bytes are missing
  // is not executed.
  absl::Status Write(std::string_view bytes, absl::Duration until, size_t* written);
  // The next reply, error replies included. DEADLINE_EXCEEDED, UNAVAILABLE, DATA_LOSS (no RESP2).
  absl::StatusOr<Reply> Read(absl::Duration until);
  // One command and its answer; an error reply is an error status.
  absl::StatusOr<Reply> Ask(const Command& command, absl::Duration until);
  // Whether it may be lent again: the server has said nothing unasked and not closed it.
  bool Fresh() const { return reader_.empty() && socket_.Quiet(); }

  const Address& address() const { return address_; }
  Socket& socket() { return socket_; }
  ReplyReader& reader() { return reader_; }

 private:
  Connection(const Address& address, Socket socket, Clock& clock)
      : address_(address), socket_(std::move(socket)), clock_(clock) {}
  absl::Status LogIn(const Login& login, absl::Duration until);

  const Address address_;
  Socket socket_;
  Clock& clock_;
  ReplyReader reader_;
};

}  // namespace trivium::redis
