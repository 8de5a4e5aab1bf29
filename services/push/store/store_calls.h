// What tests ask of a store: requests with good values, calls that say what they expect, and the ledger afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "services/push/store/store.h"
#include "services/push/store/store_conformance.h"

namespace trivium::push {

// When everything happens.
inline const absl::Time kNow = absl::FromUnixSeconds(1795334400);
inline constexpr char kDay[] = "2026-11-22";

// Thread-safe, apart from the calls that start with Must or Expect: they report through gtest.
class StoreCalls {
 public:
  // under_test outlives it. Its product is one of its own, which keeps a test apart from others on the same database.
  explicit StoreCalls(StoreUnderTest& under_test);
  static absl::Time Deadline() { return absl::Now() + absl::Seconds(60); }

  // A RELIABLE message to room "math", which expires after an hour.
  NewMessage Draft(const std::string& request_id, Target target = {TargetKind::kRoom, "math"},
                   MessageClass message_class = MessageClass::kReliable);
  absl::StatusOr<Message> Accept(const NewMessage& item);
  Message MustAccept(const NewMessage& item);
  // Members of room "math".
  void MustJoin(const std::vector<std::string>& users);
  void MustSend(const std::vector<Message>& messages);
  absl::StatusOr<Message> Release(const Message& message, absl::Time now, std::vector<std::string> present = {});
  absl::StatusOr<Message> Cancel(const std::string& request_id, const Message& message);
  // How many moved.
  int64_t Move(const Message& message, const std::vector<std::string>& users, DeliveryState to = DeliveryState::kAcked,
               DropReason reason = DropReason::kNone);
  Message Get(const Message& message);
  std::vector<Delivery> Recipients(const Message& message);
  std::vector<std::string> UsersOf(const Message& message);
  absl::StatusOr<User> Tag(const std::string& user, Tags set, std::vector<std::string> remove = {},
                           const std::string& request_id = "");

  // Every message's ledger is the fold of its deliveries and adds up, and every day's that of its messages.
  void ExpectLedgerIsTrue();
  // One event for each change of state, versions dense, the last one as the row is.
  void ExpectEventsEqualStates();
  std::vector<std::string> Events();

 protected:
  StoreUnderTest& under_test_;  // Not owned.
  Store& store_;
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::string product_;
};

}  // namespace trivium::push
