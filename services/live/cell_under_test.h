// A cell on a store and an admission in memory, time as a test tells it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/memory_admission.h"
#include "services/live/cell.h"
#include "services/live/domain/room_rules.h"
#include "services/live/store/memory_store.h"

namespace trivium::live {

// Lets something happen before a room is read, and refuses changes; may be away, for rooms and changes.
class EventfulStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::StatusOr<Room> GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) override {
    ++reads;
    if (away) return absl::UnavailableError("away");
    absl::StatusOr<Room> room = MemoryStore::GetRoom(product, room_id, deadline);
    if (const auto happens = std::exchange(after_next_read, nullptr)) happens();
    return room;
  }
  absl::Status ApplyChanges(const std::string& cell, int64_t after, std::span<const Change> changes,
                            const DayOf& day_of, absl::Time deadline) override {
    if (away) return absl::UnavailableError("away");
    batches.push_back(changes.size());
    const absl::Status refused = refusal ? refusal(changes) : absl::OkStatus();
    return refused.ok() ? MemoryStore::ApplyChanges(cell, after, changes, day_of, deadline) : refused;
  }
  absl::Status SetAside(const std::string& cell, int64_t after, const Change& change, const absl::Status& why,
                        absl::Time deadline) override {
    aside.push_back(change.user_id);
    return MemoryStore::SetAside(cell, after, change, why, deadline);
  }
  absl::StatusOr<DrainMark> GetDrainMark(const std::string& cell, absl::Time deadline) override {
    if (away) return absl::UnavailableError("away");
    return MemoryStore::GetDrainMark(cell, deadline);
  }
  std::function<void()> after_next_read;
  std::function<absl::Status(std::span<const Change>)> refusal;
  std::vector<size_t> batches;     // Sizes of what was to be applied.
  std::vector<std::string> aside;  // Users.
  bool away = false;
  int reads = 0;
};

struct CellUnderTest {
  static constexpr char kCell[] = "cell-a";

  struct OneProfile : Profiles {
    std::shared_ptr<const Profile> Find(const std::string& product) override {
      Profile found = profile;
      if (const auto lease = leases.find(product); lease != leases.end()) found.lease = lease->second;
      return std::make_shared<const Profile>(found);
    }
    Profile profile;
    std::map<std::string, absl::Duration> leases;  // Of products whose lease is another.
  };
  struct OneNode : Capacities {
    std::shared_ptr<const CellCapacity> Get() override {
      return std::make_shared<const CellCapacity>(CellCapacity{{500, 1000, 2000}, nodes});
    }
    int64_t generation() const override { return 1; }
    std::vector<CellCapacity::Node> nodes = {{"node-a", {500, 500, 1000}}};
  };

  absl::Time Deadline() const { return clock.Now() + absl::Seconds(5); }
  // A SCHEDULED room that begins now and lasts an hour.
  Room MakeRoom(bool auto_start = false) {
    NewRoom item;
    Room& room = item.draft;
    room.id = ids->Next();
    room.product = "acme";
    room.room_ref = absl::StrCat("r-", ++rooms_made);
    room.type = RoomType::kLarge;
    room.institution_id = absl::StrCat("school-", rooms_made);
    room.capacity = {50, 50, 50};
    room.staff_slots = 2;
    room.auto_start = auto_start;
    room.close_delay = absl::Minutes(10);
    room.create_time = room.update_time = room.start_time = clock.Now();
    room.end_time = room.start_time + absl::Hours(1);
    item.request_id = room.room_ref;
    item.day = "2026-11-27";
    return store.CreateRooms({&item, 1}, Deadline())[0].value();
  }
  Room Move(const Room& room, RoomEvent event) {
    const RoomChange change{.product = room.product,
                            .room_id = room.id,
                            .step = {.event = event, .cell = kCell, .node = "node-a"},
                            .day = "2026-11-27",
                            .now = clock.Now()};
    return store.ChangeRooms({&change, 1}, Deadline())[0].value();
  }
  // LIVE, with its places.
  Room OpenRoom() {
    const Room room = MakeRoom();
    EXPECT_TRUE(cell.Open(room, false, Deadline()).ok());
    return Move(room, RoomEvent::kStarted);
  }
  absl::StatusOr<Standing> Join(const Room& room, const std::string& user) {
    const JoinRequest item{.room = {room.product, room.id},
                           .user_id = user,
                           .request_id = FormatId("req", ids->Next()),
                           .join_id = ids->Next(),
                           .lease = absl::Seconds(30)};
    return cell.Run<Standing>(room, Deadline(), [&](Admission& a, const Call& call) {
      return a.Join({&item, 1}, call)[0];
    });
  }
  int64_t RtcInUse() {
    const LevelName platform{.level = Level::kPlatform};
    return admission->CountLevels({&platform, 1}, cell.CallUntil(Deadline())).value()[0].use[0];
  }
  std::vector<Stay> StaysOf(const Room& room) {
    return store.ListStays(room.product, room.id, Id(), 1000, Deadline()).value();
  }
  static DayOf OneDay() {
    return [](const std::string&, absl::Time) { return std::string("2026-11-27"); };
  }

  FakeClock clock{absl::FromUnixSeconds(1'795'000'000)};
  Metrics all_metrics;
  LiveMetrics metrics{all_metrics};
  const std::unique_ptr<IdGenerator> ids = NewIdGenerator(clock);
  EventfulStore store{*ids,
                      {.room = [](const Id&, EventType, const Room&) { return std::string("room"); },
                       .stay = [](const Id&, EventType, const Stay&, absl::Time) { return std::string("stay"); }}};
  const std::unique_ptr<MemoryAdmission> admission = NewMemoryAdmission();
  OneProfile profiles;
  OneNode capacities;
  std::vector<std::string> products = {"acme"};
  Cell cell{{kCell, *admission, store, profiles, capacities, [this] { return products; }, clock, metrics}};
  int rooms_made = 0;
};

}  // namespace trivium::live
