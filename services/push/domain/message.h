// What a message and a delivery are. Times are UTC; a time that is not set is InfinitePast.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/id/id_value.h"
#include "services/push/domain/counts.h"
#include "services/push/domain/message_state.h"

namespace trivium::push {

inline constexpr std::string_view kMessageIdKind = "msg";

enum class MessageClass { kLossy = 1, kOrdered = 2, kReliable = 3 };
enum class Priority { kLow = 1, kNormal = 2, kHigh = 3 };

// "RELIABLE": the API's name.
constexpr std::string_view ClassName(MessageClass c) {
  constexpr std::string_view kNames[] = {"MESSAGE_CLASS_UNSPECIFIED", "LOSSY", "ORDERED", "RELIABLE"};
  return kNames[static_cast<int>(c)];
}

enum class TargetKind { kUser = 1, kRoom = 2, kProduct = 3, kAudience = 4 };

struct Target {
  TargetKind kind = TargetKind::kUser;
  std::string value;  // User id, room id, "" for the product, the canonical form of an audience expression.

  bool operator==(const Target&) const = default;
};

// "user:<uid>", "room:<room_id>", "product"; "" for an audience, whose copies go through each user's channel.
std::string ChannelOf(const Target& target);
std::string UserChannel(std::string_view user_id);

// When the id of a message was made, to the millisecond: it is a UUIDv7.
absl::Time TimeOf(const Id& message_id);

struct Message {
  Id id;
  std::string product;
  std::string request_id;   // Empty for what was recorded behind (LOSSY and ORDERED that were sent at once).
  std::string fingerprint;  // Of the request that made it.
  Target target;
  MessageClass message_class = MessageClass::kReliable;
  std::string channel;   // ChannelOf(target).
  int64_t sequence = 0;  // RELIABLE with a channel, once accepted: from 1 without gaps.
  std::string data;      // Empty in lists.
  std::string dedupe_key;
  std::string collapse_key;
  Priority priority = Priority::kNormal;
  MessageState state = MessageState::kAccepted;
  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();    // Last change of state.
  absl::Time schedule_time = absl::InfinitePast();  // When it is to be sent; InfinitePast: at once.
  absl::Time expire_time = absl::InfinitePast();
  absl::Duration vendor_after = absl::ZeroDuration();  // Zero: never.
  absl::Duration ack_timeout = absl::ZeroDuration();   // RELIABLE: time to the first repeat.
  std::string day;  // "YYYY-MM-DD": the business day on which it was accepted; "" while scheduled.
  std::string trace_id;
  Counts counts;
  int64_t version = 0;

  bool operator==(const Message&) const = default;
  bool IsScheduled() const { return schedule_time != absl::InfinitePast(); }
};

// One user's part of a RELIABLE message.
struct Delivery {
  Id message_id;
  std::string user_id;
  std::string channel;  // Through which it comes to the user.
  DeliveryState state = DeliveryState::kPending;
  DropReason reason = DropReason::kNone;
  int attempts = 1;  // Sendings: the first one and repeats.
  absl::Time update_time = absl::InfinitePast();
  absl::Time next_attempt_time = absl::InfiniteFuture();  // When it is to be repeated.
  absl::Time vendor_time = absl::InfiniteFuture();        // When it is to be handed to a vendor.

  bool operator==(const Delivery&) const = default;
};

}  // namespace trivium::push
