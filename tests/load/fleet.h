// Thousands of clients of the gateway.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/client_connection/connection.h"
#include "libs/client_connection/loop.h"
#include "tests/load/gateway_flags.h"

namespace trivium::jwt {
class Signer;
}

namespace trivium::load {

// One client: what it was told, and what came through its tap. The loop's thread, but for the atomics.
class Client : public client::SessionListener {
 public:
  explicit Client(bool samples) : samples_(samples) {}

  void OnJoined(const client::Joined& joined) override;
  void OnMessage(const client::Message& message) override;
  void OnDisconnected(uint32_t code, const std::string& reason) override;
  // Counts the messages of a Protobuf frame; of some clients also how old they are.
  void OnFrame(std::string_view frame);

  std::atomic<bool> joined = false;  // Its room.
  std::atomic<int> recovered = 0, unrecovered = 0;
  std::atomic<uint32_t> last_code = 0;  // Of its last disconnect by the server.
  std::atomic<int64_t> messages = 0;
  std::vector<float> ages_ms;

 private:
  void NoteAge(std::string_view data);
  const bool samples_;
};

struct FleetOptions {
  int connections = 0;
  int loops = 1;
  std::string room;          // Joined by all; "": none, they have their user's and the product's channel.
  int samples_of = 20;       // Of so many clients one samples ages.
  absl::Duration gather;     // LoopOptions.gather.
  size_t small_buffers = 0;  // So many, the first ones, have small receive buffers.
  absl::Duration reconnect_max = absl::Seconds(5);
  client::Form form = client::Form::kProtobuf;
};

class Fleet {
 public:
  // INVALID_ARGUMENT for a bad key; RESOURCE_EXHAUSTED.
  static absl::StatusOr<std::unique_ptr<Fleet>> Create(const GatewayFlags& flags, const FleetOptions& options);
  ~Fleet();

  // Connects all, at most some hundreds at a time. UNAVAILABLE when they have not all joined in time.
  absl::Status Open(absl::Duration patience);
  // From now on messages are counted, no more decoded; or no more.
  void Tap(bool on);
  // Forgets what was counted.
  void Reset();
  // Runs in each loop's thread: after this, what clients hold can be read.
  void Barrier();

  // Whose connection it is.
  static std::string UserOf(size_t connection);
  static constexpr int kConnectionsOfAUser = 4;  // Below max_connections_per_user.
  std::string TokenOfUser(const std::string& product, const std::string& user) const;
  size_t CountJoined() const;
  // Of the clients from here on.
  int64_t CountMessages(size_t from = 0) const;
  // Of the clients [from, to).
  std::vector<float> AgesOf(size_t from, size_t to);
  client::Connection& connection(size_t i) { return *connections_[i]; }
  Client& client(size_t i) { return *clients_[i]; }
  size_t size() const { return connections_.size(); }

 private:
  Fleet() = default;
  std::shared_ptr<const jwt::Signer> signer_;
  std::vector<std::unique_ptr<client::Loop>> loops_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<client::Connection>> connections_;  // Last: ends first.
};

// Microseconds of Unix time: what messages carry as "t".
int64_t NowMicros();
// The value of `"t":` in data; -1: none.
int64_t TimeIn(std::string_view data);
// Messages in a Protobuf frame of the client protocol; a ping is none.
int CountMessagesOf(std::string_view frame);

}  // namespace trivium::load
