// Messages under the drill: a backend publishes to a room, all of whose members are connected through the gateway.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/client_connection/connection.h"
#include "libs/client_connection/loop.h"
#include "libs/sync/mutex.h"
#include "tests/drills/call_log.h"
#include "tests/drills/flags.h"
#include "tests/drills/witness.h"
#include "tests/drills/workers.h"

namespace trivium::jwt {
class Signer;
}

namespace trivium::drills {

struct MessageFindings {
  int64_t reliable = 0, ordered = 0;  // Published.
  int64_t lost = 0, shown_twice = 0;  // RELIABLE ones, by what clients saw; one a client.
  int64_t accepted = 0, acked = 0;    // Of RELIABLE ones, by push's ledger.
  int64_t ordered_seen = 0, holes_told = 0, holes_untold = 0, out_of_order = 0;
  std::vector<Move> moves;  // Of all clients, by time.
};

// Signs tokens of a product, as its backend does.
class Tokens {
 public:
  // NOT_FOUND without a key.
  static absl::StatusOr<Tokens> Create(const DrillFlags& flags);
  std::string Of(const std::string& user) const;
  // The credential of the backend itself.
  std::string OfBackend() const;

 private:
  std::string Sign(const std::string& subject, std::vector<std::string> audience) const;
  Tokens(std::string product, std::shared_ptr<const jwt::Signer> signer)
      : product_(std::move(product)), signer_(std::move(signer)) {}
  std::string product_;
  std::shared_ptr<const jwt::Signer> signer_;
};

// Users with a connection each, in one thread.
class Clients {
 public:
  // room: joined by all; "": none.
  static absl::StatusOr<std::unique_ptr<Clients>> Create(const DrillFlags& flags, const Tokens& tokens,
                                                         const std::vector<std::string>& users,
                                                         const std::string& room);
  ~Clients();
  // UNAVAILABLE when they have not all come in.
  absl::Status Open(absl::Duration patience);
  // Reads what a witness holds, in its thread.
  void Look(const std::function<void(size_t, const Witness&)>& look);
  size_t size() const { return witnesses_.size(); }

 private:
  Clients() = default;
  std::unique_ptr<client::Loop> loop_;
  std::vector<std::unique_ptr<Witness>> witnesses_;
  std::vector<std::unique_ptr<client::Connection>> connections_;  // Last: ends first.
};

class Messages {
 public:
  static absl::StatusOr<std::unique_ptr<Messages>> Create(const DrillFlags& flags, const std::string& run_id,
                                                          CallLog& log);
  ~Messages();
  // Everybody becomes a member, and comes in.
  absl::Status Open();
  void Start();
  // Publishes no more.
  void Stop();
  // After Stop: waits until everybody has everything and the ledger says so, at most `patience`.
  MessageFindings Find(absl::Duration patience);

  // RELIABLE messages to users who are not connected, one each: user -> message id.
  absl::StatusOr<std::map<std::string, std::string>> PublishToTheAbsent(const std::vector<std::string>& users);

 private:
  struct Impl;
  explicit Messages(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::drills
