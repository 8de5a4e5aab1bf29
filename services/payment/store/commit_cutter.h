// A proxy between a MySQL client and the server, by unix sockets, on which the answer to a COMMIT is lost in each of
// the ways in which it can be.
#pragma once

#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"

namespace trivium::payment {

enum class Cut {
  kBeforeServer,  // The COMMIT does not arrive: the server rolls back.
  kAfterServer,   // The server has committed; its answer is lost.
  // The connection breaks; the COMMIT arrives when the client has sent its next writing statement on another one.
  kLate,
};

// Thread-safe.
class CommitCutter {
 public:
  // Listens at socket(), forwards to the server's socket.
  explicit CommitCutter(std::string server_socket);
  ~CommitCutter();
  const std::string& socket() const { return socket_; }

  // How the next `count` COMMITs are lost. down_after: after the last of them nothing comes through until Heal.
  void Arm(Cut cut, int count = 1, bool down_after = false);
  // Everything comes through.
  void Heal();
  // COMMITs that were lost since the start.
  int cuts() const;

 private:
  struct Link {
    int client = -1, server = -1;
    std::string pending;  // Of the client's, less than a packet.
    bool drop_answer = false;
  };

  void Accept();
  void Serve(int client);
  // Both: whether the link goes on.
  bool FromClient(Link& link);
  bool FromServer(Link& link);
  bool Forward(Link& link, const std::string& packet);
  bool LoseCommit(Link& link, Cut cut, const std::string& packet);
  bool TakeCut(Cut* cut);
  bool down() const;

  const std::string server_socket_;
  std::string folder_, socket_;
  int listener_ = -1;
  mutable Mutex mu_;
  CondVar changed_;
  Cut cut_ ABSL_GUARDED_BY(mu_) = Cut::kBeforeServer;
  int left_ ABSL_GUARDED_BY(mu_) = 0, cuts_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t writes_ ABSL_GUARDED_BY(mu_) = 0;  // Writing statements that were forwarded.
  bool down_after_ ABSL_GUARDED_BY(mu_) = false, down_ ABSL_GUARDED_BY(mu_) = false,
                   stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::set<int> open_ ABSL_GUARDED_BY(mu_);  // Sockets of links.
  std::list<std::thread> links_ ABSL_GUARDED_BY(mu_);
  std::thread acceptor_;
};

}  // namespace trivium::payment
