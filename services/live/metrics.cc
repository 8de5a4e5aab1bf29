#include "services/live/metrics.h"

#include "libs/telemetry/metrics.h"

namespace trivium::live {
namespace {

constexpr Metric kJoins{"trivium_live_joins_total",
                        "Answers of JoinRoom, by the rung of the participant and why; coming back, too.",
                        {"product", "rung", "reason"}};
constexpr Metric kRefusals{"trivium_live_join_refusals_total", "Refused calls of JoinRoom.", {"product", "reason"}};
constexpr Metric kStaffRefusals{"trivium_live_staff_refusals_total",
                                "Teachers and assistants whom the admission refused; counted among the join refusals, too.",
                                {"product", "reason"}};
constexpr Metric kJoin{"trivium_live_join_seconds", "Time of a JoinRoom that was answered, seconds.", {"product"}};
constexpr Metric kStep{"trivium_live_join_step_seconds",
                       "Time from the click to a step of getting in, as clients say: token, signalling, connected, "
                       "first_frame; seconds.",
                       {"product", "step"}};
constexpr Metric kGaveUp{"trivium_live_joins_given_up_total", "Users who gave up before the first frame.", {"product"}};
constexpr Metric kRooms{"trivium_live_room_moves_total", "Rooms that moved, by their new state.", {"product", "to"}};
constexpr Metric kStartsRefused{"trivium_live_room_starts_refused_total",
                                "Rooms that should have started, by StartRoom or their timetable, and got no places; each try.",
                                {"product", "reason"}};
constexpr Metric kLeaves{
    "trivium_live_leaves_total", "Stays that ended, by leave_reason, once stored; without those that Redis lost.", {"product", "reason"}};
constexpr Metric kRebuilt{
    "trivium_live_rebuilds_total", "Times that the admission was begun anew, by outcome: done, failed.", {"outcome"}};
constexpr Metric kWorked{"trivium_live_worker_items_total",
                         "What the workers did, by outcome: done, failed, refused (by push, for good), set_aside "
                         "(a change that cannot be stored).",
                         {"worker", "outcome"}};
constexpr Metric kCellRooms{"trivium_live_rooms", "Rooms of the cell with places in the admission."};
constexpr Metric kCellParticipants{"trivium_live_participants", "Participants in the cell, those who wait included."};
constexpr Metric kCellWaiting{"trivium_live_waiting", "Participants in the cell's queues."};
constexpr Metric kChanges{"trivium_live_changes", "Changes of membership that are in Redis, stored or not."};
constexpr Metric kChangesMax{"trivium_live_changes_max",
                             "Changes that may wait in Redis to be stored; with more, new joins are refused."};
constexpr Metric kReady{"trivium_live_admission_ready", "1: the admission answered when it was last asked; 0: it did not."};
constexpr Metric kRebuilding{"trivium_live_rebuilding",
                             "1: after a loss of Redis only who was in is admitted; 0: everybody may join."};
constexpr Metric kNodes{
    "trivium_live_nodes", "Media nodes of the cell by state: serving, draining.", {"state"}};
constexpr Metric kOffNodes{"trivium_live_rooms_off_nodes",
                           "Open rooms on a media node that live_capacity does not name any more."};
constexpr Metric kProductRooms{
    "trivium_live_product_rooms", "Open rooms of a product in the cell; every instance reports the same.", {"product"}};
constexpr Metric kProductParticipants{
    "trivium_live_product_participants",
    "Participants of a product in the cell by rung, staff included; WAITING: in queues. Every instance reports the same.",
    {"product", "rung"}};
constexpr Metric kPlaces{"trivium_live_level_places", "Capacity of a level.", {"level", "name", "rung"}};
constexpr Metric kUse{"trivium_live_level_use", "Places of a level that are in use.", {"level", "name", "rung"}};
constexpr Metric kLag{"trivium_live_drain_lag_seconds",
                      "Age of the oldest change of membership that is not in the database yet, seconds; 0: none. Every "
                      "instance of a cell reports the same."};
constexpr Metric kCounts{"trivium_live_counts_waiting", "Counters of days that wait in memory to be added."};
constexpr Metric kWatchers{"trivium_live_event_watchers", "Open WatchEvents streams."};
constexpr Metric kFullWatchers{"trivium_live_event_watchers_full", "Of these, those that read too slowly now."};

constexpr Rung kPlaceRungs[] = {Rung::kRtc, Rung::kFast, Rung::kStandard};

}  // namespace

std::string_view RungName(Rung rung) {
  constexpr std::string_view kNames[] = {"", "RTC", "FAST", "STANDARD", "WAITING"};
  return kNames[static_cast<int>(rung)];
}

std::string_view ReasonName(const Place& place) {
  if (place.why == Why::kFreePlace) return place.rung == Rung::kRtc ? "BEST" : "FULL";
  constexpr std::string_view kNames[] = {"",           "",      "STAFF",   "FULL",   "SEATS_TAKEN", "BEHIND_QUEUE",
                                         "FROM_QUEUE", "MOVED", "RESUMED", "OUTDONE"};
  return kNames[static_cast<int>(place.why)];
}

void LiveMetrics::Joined(const std::string& product, const Standing& standing, absl::Duration took) {
  metrics_
      .GetCounter(kJoins,
                  {product, std::string(RungName(standing.place.rung)), std::string(ReasonName(standing.place))})
      .Add();
  metrics_.GetHistogram(kJoin, {product}).Observe(absl::ToDoubleSeconds(took));
}
void LiveMetrics::Refused(const std::string& product, const std::string& reason) {
  metrics_.GetCounter(kRefusals, {product, reason}).Add();
}
void LiveMetrics::StaffRefused(const std::string& product, const std::string& reason) {
  metrics_.GetCounter(kStaffRefusals, {product, reason}).Add();
}
void LiveMetrics::JoinStep(const std::string& product, const std::string& step, absl::Duration took) {
  metrics_.GetHistogram(kStep, {product, step}).Observe(absl::ToDoubleSeconds(took));
}
void LiveMetrics::GaveUp(const std::string& product) { metrics_.GetCounter(kGaveUp, {product}).Add(); }
void LiveMetrics::RoomMoved(const std::string& product, const std::string& to) {
  metrics_.GetCounter(kRooms, {product, to}).Add();
}
void LiveMetrics::StartRefused(const std::string& product, const std::string& reason) {
  metrics_.GetCounter(kStartsRefused, {product, reason}).Add();
}
void LiveMetrics::Left(const std::string& product, const std::string& reason) {
  metrics_.GetCounter(kLeaves, {product, reason}).Add();
}
void LiveMetrics::Rebuilt(const std::string& outcome) { metrics_.GetCounter(kRebuilt, {outcome}).Add(); }
void LiveMetrics::Worked(const std::string& worker, const std::string& outcome, int64_t n) {
  if (n > 0) metrics_.GetCounter(kWorked, {worker, outcome}).Add(static_cast<double>(n));
}
void LiveMetrics::Cell(const CellCounts& counts, bool rebuilding) {
  metrics_.GetGauge(kCellRooms).Set(static_cast<double>(counts.rooms));
  metrics_.GetGauge(kCellParticipants).Set(static_cast<double>(counts.participants));
  metrics_.GetGauge(kCellWaiting).Set(static_cast<double>(counts.waiting));
  metrics_.GetGauge(kChanges).Set(static_cast<double>(counts.changes));
  metrics_.GetGauge(kRebuilding).Set(rebuilding ? 1 : 0);
}
void LiveMetrics::AdmissionReady(bool ready) { metrics_.GetGauge(kReady).Set(ready ? 1 : 0); }
void LiveMetrics::ChangesMax(int64_t max) { metrics_.GetGauge(kChangesMax).Set(static_cast<double>(max)); }
void LiveMetrics::Nodes(int64_t serving, int64_t draining) {
  metrics_.GetGauge(kNodes, {"serving"}).Set(static_cast<double>(serving));
  metrics_.GetGauge(kNodes, {"draining"}).Set(static_cast<double>(draining));
}
void LiveMetrics::RoomsOffNodes(int64_t rooms) { metrics_.GetGauge(kOffNodes).Set(static_cast<double>(rooms)); }
void LiveMetrics::Product(const std::string& product, const ProductCounts& counts) {
  metrics_.GetGauge(kProductRooms, {product}).Set(static_cast<double>(counts.rooms));
  for (const Rung rung : {Rung::kRtc, Rung::kFast, Rung::kStandard, Rung::kWaiting}) {
    metrics_.GetGauge(kProductParticipants, {product, std::string(RungName(rung))})
        .Set(static_cast<double>(counts.on[Index(rung)]));
  }
}
void LiveMetrics::Level(const std::string& level, const std::string& name, const LevelCounts& counts) {
  for (const Rung rung : kPlaceRungs) {
    const std::string label(RungName(rung));
    metrics_.GetGauge(kPlaces, {level, name, label}).Set(static_cast<double>(counts.places[Index(rung)]));
    metrics_.GetGauge(kUse, {level, name, label}).Set(static_cast<double>(counts.use[Index(rung)]));
  }
}
void LiveMetrics::DrainLag(absl::Duration age) { metrics_.GetGauge(kLag).Set(absl::ToDoubleSeconds(age)); }
void LiveMetrics::CountsWaiting(size_t waiting) { metrics_.GetGauge(kCounts).Set(static_cast<double>(waiting)); }
void LiveMetrics::Watchers(int count) { metrics_.GetGauge(kWatchers).Set(count); }
void LiveMetrics::FullWatchers(int count) { metrics_.GetGauge(kFullWatchers).Set(count); }

}  // namespace trivium::live
