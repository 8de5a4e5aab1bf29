// A server on a socket that speaks RESP as a test tells it: rightly, wrongly, slowly, not at all.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/redis/reply_reader.h"
#include "libs/sync/mutex.h"

namespace trivium::redis {

// Thread-safe.
class FakeServer {
 public:
  struct Answer {
    std::string bytes;   // Sent as they are.
    bool close = false;  // Afterwards.
  };
  // Called for each whole command, by the server's thread.
  using Handler = std::function<Answer(const std::vector<std::string>& command)>;

  explicit FakeServer(Handler handler);
  ~FakeServer();  // Closes all connections.

  int port() const { return port_; }
  std::string address() const;
  int connections() const;  // That were ever accepted.
  int commands() const;     // That ever arrived.

 private:
  struct Peer {
    ReplyReader reader;
  };
  void Run();
  void Accept();
  bool Serve(int fd, Peer& peer);  // False: close it.

  const Handler handler_;
  int listener_ = -1, port_ = 0;
  int wake_[2] = {-1, -1};
  std::map<int, Peer> peers_;  // By descriptor; of the thread.
  mutable Mutex mu_;
  int connections_ ABSL_GUARDED_BY(mu_) = 0;
  int commands_ ABSL_GUARDED_BY(mu_) = 0;
  std::thread thread_;
};

}  // namespace trivium::redis
