// A student's client: one connection to the gateway, and a record of all that came through it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "examples/school-day/message_views.h"
#include "libs/client_connection/connection.h"
#include "libs/jwt/signer.h"
#include "libs/sync/mutex.h"

namespace trivium::schoolday {

// What all students of a product share.
struct Campus {
  std::string product, run_id;
  std::string gateway;  // "127.0.0.1:21092".
  std::shared_ptr<const jwt::Signer> signer;
};

// A user's token of the product.
std::string SignToken(const Campus& campus, const std::string& user_id);

// Thread-safe.
class StudentClient : private client::SessionListener {
 public:
  // loop outlives this.
  StudentClient(Attendant plan, const Campus& campus, uint64_t seed, client::Loop& loop);

  // Joins the rooms and connects.
  void Arrive();
  // Also tries what another's client must not do: to read `user_id`'s channel. And joins a room of this name, in which
  // only another product publishes.
  void Probe(const std::string& user_id, const std::string& room);
  // The connection breaks, and is back after `away`.
  void Break(absl::Duration away) { connection_.Cut(away); }
  // The app is started anew, with our SDK.
  void StartAnew(absl::Duration away);
  void Subscribe(const std::string& channel) { connection_.Subscribe(channel); }
  // A command of the gateway's, in the form of the plan; done in the loop's thread.
  void Call(const std::string& command, const std::string& data, client::CallDone done) {
    connection_.Call(command, data, std::move(done));
  }
  // kAcksByPosition: acknowledges all that was read.
  void AckPositions();

  const Attendant& plan() const { return plan_; }
  bool is_connected() const { return connection_.connected(); }
  int connects() const { return connection_.connects(); }
  int64_t acked() const { return connection_.acked(); }
  StudentRecord Record() const;

 private:
  void OnJoined(const client::Joined& joined) override;
  void OnMessage(const client::Message& message) override;
  void OnLeft(const std::string& channel, uint32_t code, bool again) override;
  void OnDisconnected(uint32_t code, const std::string& reason) override;
  void ReadData(const client::Message& message, ClientEvent& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Complain(const std::string& sentence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Attendant plan_;
  const Campus& campus_;  // Not owned; outlives this.
  mutable Mutex mu_;
  StudentRecord record_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::pair<std::string, uint64_t>> positions_ ABSL_GUARDED_BY(mu_);  // Read, by channel.
  std::vector<std::string> repeats_ ABSL_GUARDED_BY(mu_);  // Ids that have no position to acknowledge.
  std::string forbidden_ ABSL_GUARDED_BY(mu_);             // Channel that must be refused, until it is.
  std::set<std::string> optional_ ABSL_GUARDED_BY(mu_);    // Channels that may be refused.
  client::Connection connection_;                          // Last: its end comes before that of what it tells.
};

}  // namespace trivium::schoolday
