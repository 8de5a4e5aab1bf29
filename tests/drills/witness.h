// A client of the gateway that remembers what it was shown, and when it was moved.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/client_connection/session.h"

namespace trivium::drills {

// The value of `"n":` in data; -1: none.
int64_t NumberIn(std::string_view data);

// An end of a connection that the client did not ask for.
struct Move {
  absl::Time at;
  uint32_t code = 0;                           // Of the protocol; 0: it just broke.
  absl::Duration away = absl::ZeroDuration();  // Until it was back in its room.
};

// Written in the loop's thread; read there, too, but for the atomics.
class Witness : public client::SessionListener {
 public:
  // room: the channel whose messages count; "": its user's own.
  explicit Witness(std::string room) : room_(std::move(room)) {}

  void OnJoined(const client::Joined& joined) override;
  void OnMessage(const client::Message& message) override;
  void OnConnected(const std::string& connection_id) override;
  void OnDisconnected(uint32_t code, const std::string& reason) override;

  std::atomic<bool> in = false;
  std::set<int64_t> reliable;  // Numbers of RELIABLE messages that it has seen.
  std::set<std::string> ids;   // Of RELIABLE messages.
  int64_t shown_twice = 0;     // RELIABLE ones that came again, unmarked.
  int64_t ordered = 0;         // ORDERED ones that it has seen.
  int64_t out_of_order = 0;    // That came after a later one.
  int64_t holes_told = 0;      // Gaps after a recovery of which it was told that it is not whole.
  int64_t holes_untold = 0;    // Other gaps.
  std::vector<Move> moves;

 private:
  void SeeOrdered(int64_t number);
  const std::string room_;
  int64_t last_ordered_ = -1;
  bool may_skip_ = false;  // It was told that something is missing.
};

}  // namespace trivium::drills
