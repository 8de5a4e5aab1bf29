// The ways in which a participant's client, or its backend, calls live.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/http/client.h"
#include "libs/sync/mutex.h"

namespace google::protobuf {
class Message;
}

namespace trivium::schoolday {

class LiveClient;
class StudentClient;
struct Campus;

enum class LiveCommand { kJoin, kHeartbeat, kLeave, kList, kMove, kMute };
const char* CommandName(LiveCommand command);  // "live.join"

// Thread-safe.
class LiveDoor {
 public:
  using Answer = std::shared_ptr<google::protobuf::Message>;
  using Done = std::function<void(const absl::Status&)>;
  virtual ~LiveDoor() = default;
  // Fills in the answer and calls done once, from any thread and never from within Call; the error has live's reason.
  // CANCELLED: the connection ended first.
  virtual void Call(LiveCommand command, const google::protobuf::Message& request, Answer answer, Done done) = 0;
  // Grows when the connection is another one: live must hear of it.
  virtual int connection() const { return 0; }
};

// Some threads for calls that block. At most one call of each visit waits.
class CallThreads {
 public:
  explicit CallThreads(int threads);
  // Calls that wait are forgotten.
  ~CallThreads();
  void Run(std::function<void()> call);

 private:
  void Work();

  Mutex mu_;
  CondVar changed_;
  std::deque<std::function<void()>> calls_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

// Over the student's one connection to the gateway.
class SocketDoor : public LiveDoor {
 public:
  explicit SocketDoor(StudentClient& client) : client_(client) {}
  void Call(LiveCommand command, const google::protobuf::Message& request, Answer answer, Done done) override;
  int connection() const override;

 private:
  StudentClient& client_;  // Not owned; outlives this.
};

// Connect over HTTP, with the user's token.
class HttpDoor : public LiveDoor {
 public:
  HttpDoor(const Campus& campus, std::string user_id, http::Client& http, CallThreads& threads)
      : campus_(campus), user_id_(std::move(user_id)), http_(http), threads_(threads) {}
  void Call(LiveCommand command, const google::protobuf::Message& request, Answer answer, Done done) override;

 private:
  const Campus& campus_;  // Not owned, as the next; outlive this.
  const std::string user_id_;
  http::Client& http_;
  CallThreads& threads_;
};

// The backend, by gRPC with its certificate.
class BackendDoor : public LiveDoor {
 public:
  BackendDoor(LiveClient& client, CallThreads& threads) : client_(client), threads_(threads) {}
  void Call(LiveCommand command, const google::protobuf::Message& request, Answer answer, Done done) override;

 private:
  LiveClient& client_;  // Not owned, as the next; outlive this.
  CallThreads& threads_;
};

// An error of the client protocol, "409: ROOM_NOT_LIVE: ...", as a status with its reason. A temporary one is
// UNAVAILABLE.
absl::Status StatusOfProtocolError(const std::string& text);
// An error of Connect: its HTTP body.
absl::Status StatusOfConnectError(const std::string& body);

}  // namespace trivium::schoolday
