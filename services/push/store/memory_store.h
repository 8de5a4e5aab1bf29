// Store in memory: for tests, simulations and as the model that the MySQL engine must equal. Forgets everything with
// the process.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/id/id.h"
#include "libs/sync/mutex.h"
#include "services/push/store/store.h"

namespace trivium::push {

class MemoryStore : public Store {
 public:
  // ids outlives it.
  MemoryStore(IdGenerator& ids, EncodeEvent encode) : ids_(ids), encode_(std::move(encode)) {}

  std::vector<absl::StatusOr<Message>> Accept(std::span<const NewMessage> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<Message>> ReleaseScheduled(std::span<const Release> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<Message>> Cancel(std::span<const Cancellation> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<bool>> MarkSent(const std::string& product, std::span<const Id> message_ids,
                                             absl::Time now, absl::Time deadline) override;
  std::vector<absl::StatusOr<bool>> MoveDeliveries(const std::string& product, std::span<const DeliveryKey> keys,
                                                   const DeliveryMove& move, absl::Time deadline) override;
  absl::StatusOr<ProductCounts> ExpireDue(absl::Time now, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<DueDelivery>> ClaimRepeatDue(const Products& of, absl::Time now, int limit,
                                                          absl::Time deadline) override;
  absl::StatusOr<std::vector<DueDelivery>> ClaimVendorDue(absl::Time now, absl::Duration claim_for, int limit,
                                                          absl::Time deadline) override;
  std::vector<absl::Status> RecordMessages(std::span<const Message> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<bool>> AddCounts(std::span<const CountReport> items, absl::Time deadline) override;
  absl::StatusOr<std::vector<Message>> ListDueScheduled(const Products& of, absl::Time now, int limit,
                                                        absl::Time deadline) override;
  absl::StatusOr<std::vector<ChannelName>> ListUnsentChannels(const Products& of, int limit,
                                                              absl::Time deadline) override;
  absl::StatusOr<std::vector<Message>> ListUnsent(const ChannelName& channel, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<PendingPage>> ListPending(const std::string& product,
                                                       std::span<const PendingQuery> queries, int limit_each,
                                                       absl::Time deadline) override;
  absl::StatusOr<std::vector<Message>> ListChannelTail(const ChannelName& channel, absl::Time now, int limit,
                                                       absl::Time deadline) override;
  absl::StatusOr<Message> GetMessage(const std::string& product, const Id& message_id, absl::Time deadline) override;
  absl::StatusOr<std::vector<Message>> GetMessages(const std::string& product, std::span<const Id> message_ids,
                                                   absl::Time deadline) override;
  absl::StatusOr<std::vector<Message>> ListMessages(const std::string& product, const MessageFilter& filter,
                                                    absl::Time deadline) override;
  absl::StatusOr<std::vector<Delivery>> ListRecipients(const std::string& product, const Id& message_id,
                                                       const RecipientFilter& filter, absl::Time deadline) override;
  absl::StatusOr<std::vector<Delivery>> ListUserMessages(const std::string& product, const std::string& user_id,
                                                         const UserMessageFilter& filter, absl::Time deadline) override;
  absl::StatusOr<DaySummary> SummarizeDay(const std::string& product, const std::string& day,
                                          absl::Time deadline) override;
  absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                      absl::Time deadline) override;
  absl::StatusOr<EventRange> RangeOfEvents(const std::string& product, absl::Time deadline) override;
  absl::StatusOr<std::map<std::string, OpenWork>> CountOpenWork(absl::Time now, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeDeliveries(absl::Time before, int limit, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeMessages(absl::Time before, int limit, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeRecords(absl::Time now, int limit, absl::Time deadline) override;
  absl::Status SeeUsers(const std::string& product, std::span<const std::string> user_ids, absl::Time now,
                        absl::Time deadline) override;
  absl::StatusOr<User> GetUser(const std::string& product, const std::string& user_id, absl::Time deadline) override;
  std::vector<absl::StatusOr<User>> UpdateTags(std::span<const TagUpdate> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<int64_t>> AddRoomMembers(std::span<const RoomUpdate> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<int64_t>> RemoveRoomMembers(std::span<const RoomUpdate> items,
                                                         absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> ListRoomMembers(const std::string& product, const std::string& room_id,
                                                           const std::string& after, int limit,
                                                           absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> RoomsOfMember(const std::string& product, const std::string& user_id,
                                                         std::span<const std::string> room_ids,
                                                         absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> ListAudience(const std::string& product, const std::string& expression,
                                                        const std::string& after, int limit,
                                                        absl::Time deadline) override;

  // For tests: forgets the product's events up to this one, as the purge of old ones does.
  void DropEvents(const std::string& product, int64_t up_to);

 private:
  // What a key was answered that made no message of its own.
  struct Answer {
    std::string fingerprint;
    absl::Status status;
    Id message_id;
    int64_t number = 0;
    absl::Time create_time;
  };
  struct Dedupe {
    Id message_id;
    absl::Time expire_time;
  };
  // All of one product.
  struct Book {
    std::map<Id, Message> messages;
    std::map<std::string, Id> message_of_request;
    std::map<DeliveryKey, Delivery> deliveries;
    std::map<std::string, int64_t> last_sequence;  // By channel.
    std::map<std::string, Dedupe> dedupe;
    std::map<std::string, int64_t> pending_of_user;
    std::map<std::pair<Method, std::string>, Answer> answers;
    std::map<std::pair<std::string, int64_t>, absl::Time> reports;
    std::map<Id, Counts> early_counts;  // Of messages that are not recorded yet.
    std::map<std::pair<std::string, MessageClass>, ClassDay> days;
    std::map<std::string, User> users;
    std::map<std::string, std::set<std::string>> rooms;
    std::vector<StoredEvent> events;
    int64_t last_seq = 0;
  };
  class BookReader;

  absl::StatusOr<Message> Accept(const NewMessage& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::optional<Message>> AnswerOf(Book& book, const Message& draft) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes m ACCEPTED's deliveries, place and day.
  void Start(Book& book, Message& m, const std::vector<std::string>& recipients, int64_t max_pending, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether one more would be too many for the user. What m takes the place of does not count.
  bool IsFull(const Book& book, const Message& m, const std::string& user, int64_t max_pending)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Collapse(Book& book, const Message& newer, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::vector<std::string>> RecipientsOf(const Book& book, const Message& m,
                                                        const std::vector<std::string>& present)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Message> ReleaseOne(const Release& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Message> CancelOne(const Cancellation& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<bool> Report(const CountReport& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MoveOne(Book& book, Delivery& delivery, const DeliveryMove& move) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Moves a message's pending deliveries, at most limit; how many. Its counts are the caller's.
  int64_t MovePending(Book& book, const Id& message_id, const DeliveryMove& move, int64_t limit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell(Book& book, const std::vector<Message>& told) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Change(Book& book, Message& m, const Counts& change, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<User> UpdateTags(const TagUpdate& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<int64_t> UpdateRoom(const RoomUpdate& item, bool add) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void See(Book& book, const std::string& user_id, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const Book& Find(const std::string& product) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Deliveries whose time has come, oldest first, at most limit, with their products.
  std::vector<Delivery*> Due(const Products& of, absl::Time Delivery::*time, absl::Time now, int limit,
                             std::vector<std::string>* products) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  IdGenerator& ids_;  // Not owned.
  const EncodeEvent encode_;
  mutable Mutex mu_;
  std::map<std::string, Book> books_ ABSL_GUARDED_BY(mu_);  // By product.
};

}  // namespace trivium::push
