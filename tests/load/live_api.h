// The live API as the load calls it: stock gRPC over several connections, as a product's backend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/load/join_flags.h"
#include "tests/load/place_audit.h"

namespace trivium::load {

struct LoadRoom {
  std::string id, institution, node;
  RungPlaces places{};
  int64_t queue_size = 0, staff_slots = 0;
};

struct Joined {
  std::string join_id;
  size_t rung = 0;     // Index into kRungNames.
  std::string reason;  // With FULL, the level that had no place on the rung above: "FULL ROOM".
};

// Who is in a room, by the service.
struct RoomUse {
  RungPlaces held{};
  int64_t waiting = 0, staff = 0;
};

// Thread-safe. The asynchronous calls answer once, from a thread of gRPC's.
class LiveApi {
 public:
  // run_id makes names and request ids unique.
  static absl::StatusOr<std::unique_ptr<LiveApi>> Create(const JoinFlags& flags, const std::string& run_id);
  ~LiveApi();

  // Creates and starts the n-th room. Ends by itself some minutes after the run, should the load be killed.
  absl::StatusOr<LoadRoom> OpenRoom(int n, const std::string& institution);
  absl::StatusOr<RoomUse> ReadUse(const LoadRoom& room);
  // Stays of the product that ended today because nobody renewed their lease.
  absl::StatusOr<int64_t> CountExpired();
  absl::Status EndRoom(const LoadRoom& room);

  // The n-th user of the run. The same n again: a repeat of the same request.
  void JoinAsync(const LoadRoom& room, int64_t n, std::function<void(absl::StatusOr<Joined>)> done);
  void LeaveAsync(const LoadRoom& room, int64_t n, const std::string& join_id, std::function<void(absl::Status)> done);
  // The health check of gRPC: a call that does nothing.
  void CheckAsync(int64_t n, std::function<void(absl::Status)> done);

 private:
  struct Impl;
  explicit LiveApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::load
