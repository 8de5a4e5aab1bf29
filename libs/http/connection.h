// One client's connection, and what it needs from its server. Private to :server.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "libs/http/message.h"
#include "libs/http/server.h"

namespace trivium::http {

class Connection;

// The server as its connections see it; they share it, so that a late answer finds it alive. Thread-safe.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const ServerOptions& options() const = 0;
  // No request is begun any more, and connections close after an answer.
  virtual bool stopping() const = 0;
  // Finds the handler and runs it. `respond` ends in Connection::Respond.
  virtual void Dispatch(Request request, Responder respond) = 0;
  // A request that never reached a handler was answered with this status.
  virtual void CountRefused(int status) = 0;
  // Runs `work` on the connection's strand; drops it once the server's threads are gone.
  virtual void Post(const boost::asio::any_io_executor& executor, std::function<void()> work) = 0;
  virtual void Opened(const std::shared_ptr<Connection>& connection) = 0;
  virtual void Closed(Connection* connection) = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Reads and answers requests until either side has enough.
  virtual void Start() = 0;
  // Answers 503 and closes.
  virtual void Reject() = 0;
  // Closes it now if it is between requests, else after the answer. now: at once in any case. From any thread.
  virtual void Shutdown(bool now) = 0;
};

// The socket's executor must be a strand of its own.
std::shared_ptr<Connection> NewConnection(std::shared_ptr<ConnectionHost> host, boost::asio::ip::tcp::socket socket);

}  // namespace trivium::http
