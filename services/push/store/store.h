// Where messages, the delivery ledger, users and rooms live. Two engines, MySQL and in-memory, under one conformance
// suite. Writes take batches and return an outcome for each item, in order: one bad item harms no other.
//
// The ledger is always true: every change of a delivery changes its message's counts, and its day's, in the same
// transaction, by the number of deliveries that really moved: accepted = acked + vendor + expired + dropped + pending.
// An event is written with every change of state of a RELIABLE or scheduled message.
//
// Errors of every write: ABORTED REQUEST_IN_PROGRESS (a row's lock was not to be had in time, or the commit's outcome
// is unknown and could not be resolved: repeat); UNAVAILABLE DATABASE_UNAVAILABLE; DEADLINE_EXCEEDED. Another product's
// object is not found. Thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/event_feed/event_source.h"
#include "services/push/domain/audience.h"
#include "services/push/domain/message.h"

namespace trivium::push {

inline constexpr size_t kRecipientsMax = 50'000;  // Of one message.
inline constexpr int64_t kPendingOfUserDefault = 10'000;
inline constexpr size_t kUserTagsMax = 100;          // Of one user.
inline constexpr size_t kPendingBytesMax = 3 << 20;  // Of data in one ListPending: its answer is one gRPC message.
inline constexpr absl::Duration kDedupeWindow = absl::Hours(24);
inline constexpr absl::Duration kRequestRetention = absl::Hours(24 * 7);
inline constexpr absl::Duration kReportRetention = absl::Hours(24);

enum class Method {
  kPublish = 1,
  kCancelMessage = 2,
  kAddRoomMembers = 3,
  kRemoveRoomMembers = 4,
  kUpdateUserTags = 5
};

// The event of a message's change, as its products see it; serialized, without a cursor.
using EncodeEvent = std::function<std::string(const Id& event_id, const Message& after)>;

// A message to be accepted. draft: id, product, request_id, fingerprint, target, class, data, keys, priority,
// create_time, schedule_time, expire_time, vendor_after, ack_timeout, day, trace_id; the rest follows.
struct NewMessage {
  Message draft;
  std::vector<std::string> present;  // Users of the room who are connected, in any order; for room targets.
  int64_t max_pending_of_user = kPendingOfUserDefault;
};

// A scheduled message whose time has come. day: the business day that it counts on.
struct Release {
  std::string product;
  Id message_id;
  std::vector<std::string> present;
  std::string day;
  absl::Time now;
  int64_t max_pending_of_user = kPendingOfUserDefault;
};

struct Cancellation {
  std::string product;
  std::string request_id;
  std::string fingerprint;
  Id message_id;
  absl::Time now;
};

struct DeliveryKey {
  Id message_id;
  std::string user_id;

  auto operator<=>(const DeliveryKey&) const = default;
};

// to: kAcked, kVendor, or kDropped with a reason.
struct DeliveryMove {
  DeliveryState to = DeliveryState::kAcked;
  DropReason reason = DropReason::kNone;
  absl::Time now;
};

struct DueDelivery {
  std::string product;
  Delivery delivery;  // After the claim: attempts counts the sending that is due.
};

// What a gateway did with LOSSY and ORDERED messages. Counts must not be negative.
struct MessageCount {
  Id message_id;
  int64_t sent = 0, slow_readers = 0;
};
struct CountReport {
  std::string product;
  std::string gateway;
  int64_t number = 0;  // Unique with gateway.
  std::vector<MessageCount> counts;
  absl::Time now;
};

struct PendingQuery {
  std::string user_id;
  std::string channel;
};
struct PendingPage {
  std::vector<Message> messages;  // Oldest first.
  bool has_more = false;
};

// Whose work is taken; nullopt: every product's. A product's channels are those of the cell that is its home, so only
// push there may send for it by itself.
using Products = std::optional<std::vector<std::string>>;
inline bool IsOf(const Products& of, const std::string& product) {
  return !of || std::find(of->begin(), of->end(), product) != of->end();
}

struct ChannelName {
  std::string product;
  std::string channel;  // "": the product's audience messages.

  auto operator<=>(const ChannelName&) const = default;
};

// Newest first. before: only older ones; zero: from the newest.
struct MessageFilter {
  std::optional<std::string> channel;
  std::optional<MessageClass> message_class;
  std::optional<MessageState> state;
  Id before;
  int limit = 50;
};
// By user. after: only greater ones.
struct RecipientFilter {
  std::optional<DeliveryState> state;
  std::string after;
  int limit = 100;
};
// Newest first.
struct UserMessageFilter {
  std::optional<DeliveryState> state;
  Id before;
  int limit = 50;
};

struct ClassDay {
  int64_t messages = 0;
  Counts counts;

  bool operator==(const ClassDay&) const = default;
};
using DaySummary = std::map<MessageClass, ClassDay>;

using ProductCounts = std::map<std::string, int64_t>;  // By product; none that are 0.

// What is open of a product now. InfiniteFuture: nothing.
struct OpenWork {
  int64_t pending = 0;                                 // Deliveries.
  absl::Time oldest_pending = absl::InfiniteFuture();  // When the oldest message with one was accepted, to the ms.
  int64_t unsent = 0;                                  // ACCEPTED messages.
  absl::Time oldest_unsent = absl::InfiniteFuture();   // Since when.

  bool operator==(const OpenWork&) const = default;
};

struct User {
  std::string user_id;
  Tags tags;
  absl::Time create_time = absl::InfinitePast();

  bool operator==(const User&) const = default;
};
struct TagUpdate {
  std::string product;
  std::string request_id;
  std::string fingerprint;
  std::string user_id;
  Tags set;
  std::vector<std::string> remove;  // What is also in set is set.
  absl::Time now;
};
struct RoomUpdate {
  std::string product;
  std::string request_id;
  std::string fingerprint;
  std::string room_id;
  std::vector<std::string> user_ids;
  absl::Time now;
};

// Events (EventSource): what EncodeEvent made.
class Store : public EventSource {
 public:
  // RELIABLE: writes the message, its place in the channel, a delivery for each recipient and the event, and drops what
  // is pending of older messages with the same channel, target and collapse key. A scheduled message gets no
  // recipients yet. For a recipient of whom max_pending_of_user deliveries are pending, but for those that the message
  // takes the place of, it is dropped at once (kTooManyPending); where so many have long backlogs that they cannot all
  // be counted, some get a few more. LOSSY and ORDERED come here only when they are
  // scheduled. OK: the message as it was first accepted, also on a repeat of request_id; with a dedupe key that was
  // used in the last 24 h, the first message with it. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED, AUDIENCE_INVALID;
  // RESOURCE_EXHAUSTED AUDIENCE_TOO_LARGE.
  virtual std::vector<absl::StatusOr<Message>> Accept(std::span<const NewMessage> items, absl::Time deadline) = 0;
  // SCHEDULED -> ACCEPTED, as Accept does. OK: the message as it is now, also when it was no longer scheduled.
  // NOT_FOUND MESSAGE_NOT_FOUND; RESOURCE_EXHAUSTED AUDIENCE_TOO_LARGE, and it stays scheduled.
  virtual std::vector<absl::StatusOr<Message>> ReleaseScheduled(std::span<const Release> items,
                                                                absl::Time deadline) = 0;
  // OK: the message, CANCELED, or COMPLETED when nothing was left to be canceled; a repeat: as it is now.
  // INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED; recorded: NOT_FOUND MESSAGE_NOT_FOUND, FAILED_PRECONDITION
  // MESSAGE_NOT_CANCELABLE.
  virtual std::vector<absl::StatusOr<Message>> Cancel(std::span<const Cancellation> items, absl::Time deadline) = 0;
  // ACCEPTED -> SENT. OK: whether it was ACCEPTED. NOT_FOUND MESSAGE_NOT_FOUND.
  virtual std::vector<absl::StatusOr<bool>> MarkSent(const std::string& product, std::span<const Id> message_ids,
                                                     absl::Time now, absl::Time deadline) = 0;

  // Moves deliveries: acknowledged by their users, handed to a vendor, or given up. OK: whether it moved; what the
  // state machine does not allow, and what is not there, does not. After a lost commit it may say false for what it
  // moved.
  virtual std::vector<absl::StatusOr<bool>> MoveDeliveries(const std::string& product,
                                                           std::span<const DeliveryKey> keys, const DeliveryMove& move,
                                                           absl::Time deadline) = 0;
  // Expires pending deliveries of messages whose expire_time has come, at most limit; how many. Call again at limit.
  virtual absl::StatusOr<ProductCounts> ExpireDue(absl::Time now, int limit, absl::Time deadline) = 0;
  // Claims pending deliveries whose repeat is due, oldest first: attempts grows, and the next repeat is due after
  // RepeatDelay. Those of expired messages are not returned. Several workers never get the same one at once.
  virtual absl::StatusOr<std::vector<DueDelivery>> ClaimRepeatDue(const Products& of, absl::Time now, int limit,
                                                                  absl::Time deadline) = 0;
  // Claims pending deliveries that are to go to a vendor, until now + claim_for: move them to kVendor by then.
  virtual absl::StatusOr<std::vector<DueDelivery>> ClaimVendorDue(absl::Time now, absl::Duration claim_for, int limit,
                                                                  absl::Time deadline) = 0;

  // LOSSY and ORDERED messages that were sent already (write-behind), in state SENT. One that is there stays as it is:
  // OK too. Counts that came before count from now on.
  virtual std::vector<absl::Status> RecordMessages(std::span<const Message> items, absl::Time deadline) = 0;
  // Adds a report's counts, all or none, once: OK says whether it is new. Counts of a message that is not recorded wait
  // for it; those of RELIABLE messages are ignored. INVALID_ARGUMENT FIELD_INVALID for a negative count.
  virtual std::vector<absl::StatusOr<bool>> AddCounts(std::span<const CountReport> items, absl::Time deadline) = 0;

  // SCHEDULED messages whose time has come, oldest time first, with data.
  virtual absl::StatusOr<std::vector<Message>> ListDueScheduled(const Products& of, absl::Time now, int limit,
                                                                absl::Time deadline) = 0;
  // Channels that have ACCEPTED messages, and these of one channel in its order, with data.
  virtual absl::StatusOr<std::vector<ChannelName>> ListUnsentChannels(const Products& of, int limit,
                                                                      absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Message>> ListUnsent(const ChannelName& channel, int limit,
                                                          absl::Time deadline) = 0;
  // For each query what its user has not acknowledged in the channel, at most limit_each. The data of all together are
  // at most kPendingBytesMax, or one message: then has_more says to ask again.
  virtual absl::StatusOr<std::vector<PendingPage>> ListPending(const std::string& product,
                                                               std::span<const PendingQuery> queries, int limit_each,
                                                               absl::Time deadline) = 0;
  // The last RELIABLE messages that were sent through a channel and have not expired, oldest first, with data: by
  // sequence, in a user's channel by message id (audience messages have no sequence).
  virtual absl::StatusOr<std::vector<Message>> ListChannelTail(const ChannelName& channel, absl::Time now, int limit,
                                                               absl::Time deadline) = 0;

  // With data. NOT_FOUND MESSAGE_NOT_FOUND.
  virtual absl::StatusOr<Message> GetMessage(const std::string& product, const Id& message_id, absl::Time deadline) = 0;
  // With data, by id; those that are not there are left out.
  virtual absl::StatusOr<std::vector<Message>> GetMessages(const std::string& product, std::span<const Id> message_ids,
                                                           absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Message>> ListMessages(const std::string& product, const MessageFilter& filter,
                                                            absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Delivery>> ListRecipients(const std::string& product, const Id& message_id,
                                                               const RecipientFilter& filter, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Delivery>> ListUserMessages(const std::string& product, const std::string& user_id,
                                                                 const UserMessageFilter& filter,
                                                                 absl::Time deadline) = 0;
  // day: "YYYY-MM-DD".
  virtual absl::StatusOr<DaySummary> SummarizeDay(const std::string& product, const std::string& day,
                                                  absl::Time deadline) = 0;
  // By product, those with something open. Costs a walk over an index of the messages that are open.
  virtual absl::StatusOr<std::map<std::string, OpenWork>> CountOpenWork(absl::Time now, absl::Time deadline) = 0;

  // Deletes at most limit delivery rows of messages older than `before` of which nothing is pending; their counts stay.
  // The number that went.
  virtual absl::StatusOr<int64_t> PurgeDeliveries(absl::Time before, int limit, absl::Time deadline) = 0;
  // Deletes at most limit messages older than `before` that have ended and have no delivery rows; their days stay.
  virtual absl::StatusOr<int64_t> PurgeMessages(absl::Time before, int limit, absl::Time deadline) = 0;
  // Deletes answers to keys, dedupe keys and reports that have had their time: at most limit of each. Also looks again
  // at users who were found to have too many pending.
  virtual absl::StatusOr<int64_t> PurgeRecords(absl::Time now, int limit, absl::Time deadline) = 0;

  // Makes users known; who is known already stays as he is.
  virtual absl::Status SeeUsers(const std::string& product, std::span<const std::string> user_ids, absl::Time now,
                                absl::Time deadline) = 0;
  // NOT_FOUND USER_NOT_FOUND.
  virtual absl::StatusOr<User> GetUser(const std::string& product, const std::string& user_id, absl::Time deadline) = 0;
  // OK: the user as he is now; makes him known. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED, FIELD_INVALID (more than
  // kUserTagsMax tags).
  virtual std::vector<absl::StatusOr<User>> UpdateTags(std::span<const TagUpdate> items, absl::Time deadline) = 0;
  // OK: how many were not members before (were members), also on a repeat. Makes members known.
  virtual std::vector<absl::StatusOr<int64_t>> AddRoomMembers(std::span<const RoomUpdate> items,
                                                              absl::Time deadline) = 0;
  virtual std::vector<absl::StatusOr<int64_t>> RemoveRoomMembers(std::span<const RoomUpdate> items,
                                                                 absl::Time deadline) = 0;
  // Ordered; only those > after.
  virtual absl::StatusOr<std::vector<std::string>> ListRoomMembers(const std::string& product,
                                                                   const std::string& room_id, const std::string& after,
                                                                   int limit, absl::Time deadline) = 0;
  // Those of the rooms of which the user is a member, in their order.
  virtual absl::StatusOr<std::vector<std::string>> RoomsOfMember(const std::string& product, const std::string& user_id,
                                                                 std::span<const std::string> room_ids,
                                                                 absl::Time deadline) = 0;
  // Users whom an audience means now, ordered; only those > after. INVALID_ARGUMENT AUDIENCE_INVALID.
  virtual absl::StatusOr<std::vector<std::string>> ListAudience(const std::string& product,
                                                                const std::string& expression, const std::string& after,
                                                                int limit, absl::Time deadline) = 0;
};

}  // namespace trivium::push
