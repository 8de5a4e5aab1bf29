// Business metrics of live. Rates and times; counts that must be exact come from SQL (GetDailySummary).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/live/admission/admission.h"
#include "services/live/domain/room.h"

namespace trivium {
class Metrics;
}

namespace trivium::live {

// What a product has open in the cell now.
struct ProductCounts {
  int64_t rooms = 0;
  std::array<int64_t, 4> on{};  // Participants on RTC, FAST, STANDARD, WAITING; staff, too.
};

// Thread-safe.
class LiveMetrics {
 public:
  explicit LiveMetrics(Metrics& metrics) : metrics_(metrics) {}

  // A JoinRoom that was answered with a place, or the queue; took: the whole call.
  void Joined(const std::string& product, const Standing& standing, absl::Duration took);
  void Refused(const std::string& product, const std::string& reason);
  // Likewise of a teacher or assistant, by the admission.
  void StaffRefused(const std::string& product, const std::string& reason);
  // A step of a client's way into a room, as it says: "token", "signalling", "connected", "first_frame".
  void JoinStep(const std::string& product, const std::string& step, absl::Duration took);
  void GaveUp(const std::string& product);
  // A room moved; to: the state's name.
  void RoomMoved(const std::string& product, const std::string& to);
  // A room that should have started got no places.
  void StartRefused(const std::string& product, const std::string& reason);
  // A stay ended; reason: the API's leave_reason.
  void Left(const std::string& product, const std::string& reason);
  // The admission was rebuilt after a loss, or could not be; outcome: "done", "failed".
  void Rebuilt(const std::string& outcome);
  // worker: "drain", "leases", "queues", "lifecycle", "announce", "sweep", "counts", "purge". outcome: "done",
  // "failed", "refused", "set_aside".
  void Worked(const std::string& worker, const std::string& outcome, int64_t n = 1);
  // Sets the gauges of the cell. rebuilding: only who was in is admitted now.
  void Cell(const CellCounts& counts, bool rebuilding);
  // Whether the admission answered when it was last asked.
  void AdmissionReady(bool ready);
  // Changes that may wait in Redis before joins are refused.
  void ChangesMax(int64_t max);
  // Media nodes that take rooms, and that take none any more.
  void Nodes(int64_t serving, int64_t draining);
  // Open rooms on a node that nobody has published any more.
  void RoomsOffNodes(int64_t rooms);
  void Product(const std::string& product, const ProductCounts& counts);
  // level: "PLATFORM", "NODE", "PRODUCT"; name: of it.
  void Level(const std::string& level, const std::string& name, const LevelCounts& counts);
  // Age of the oldest change that is in Redis, and not known to be in the database; 0: none.
  void DrainLag(absl::Duration age);
  // Counts that wait to be added to their days.
  void CountsWaiting(size_t waiting);
  void Watchers(int count);
  void FullWatchers(int count);

 private:
  Metrics& metrics_;  // Not owned.
};

// "RTC", "FROM_QUEUE": the API's names.
std::string_view RungName(Rung rung);
std::string_view ReasonName(const Place& place);

}  // namespace trivium::live
