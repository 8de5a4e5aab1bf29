// Store in MySQL (8.0+ or MariaDB 10.11). A message that is accepted or canceled is a transaction of its own;
// deliveries, counts and marks go in batches. A commit whose answer was lost is run again: every write finds its own
// row, so it happens once; when even that cannot be found out, the caller hears ABORTED REQUEST_IN_PROGRESS, never a
// guess.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/id/id.h"
#include "libs/mysql/mysql.h"
#include "services/push/store/mysql_ledger.h"
#include "services/push/store/open_messages.h"
#include "services/push/store/store.h"

namespace trivium {
class Metrics;
}

namespace trivium::push {

// Thread-safe.
class MysqlStore : public Store {
 public:
  // pool, ids and metrics outlive it. on_commit: called after each transaction that may have written events, to wake
  // the outbox.
  MysqlStore(mysql::Pool& pool, IdGenerator& ids, Metrics& metrics, EncodeEvent encode,
             std::function<void()> on_commit = nullptr)
      : pool_(pool), ids_(ids), metrics_(metrics), encode_(std::move(encode)), on_commit_(std::move(on_commit)) {}

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

 private:
  // Runs a write until its outcome is known.
  absl::Status Write(const char* name, absl::Time deadline, const std::function<absl::Status(const Writing&)>& body);
  void Follow(const Backlogs& backlogs, absl::Time deadline);
  absl::StatusOr<mysql::Rows> Read(const char* name, absl::Time deadline, const std::string& statement,
                                   const mysql::Values& parameters);
  absl::Status Record(std::span<const Message> messages, absl::Time deadline);
  std::vector<absl::StatusOr<int64_t>> UpdateRooms(std::span<const RoomUpdate> items, Method method,
                                                   absl::Time deadline);
  absl::StatusOr<std::vector<Message>> ReadMessages(mysql::Connection& db, const std::string& product,
                                                    std::span<const Id> message_ids);
  absl::StatusOr<PendingPage> ReadPending(mysql::Connection& db, const std::string& product, const PendingQuery& query,
                                          int limit, size_t* bytes, std::map<Id, Message>* known);
  absl::StatusOr<int64_t> PurgeSome(const char* name, const char* statement, absl::Time before, int limit,
                                    absl::Time deadline);

  mysql::Pool& pool_;
  IdGenerator& ids_;
  Metrics& metrics_;
  const EncodeEvent encode_;
  const std::function<void()> on_commit_;
  OpenMessages open_messages_;
};

}  // namespace trivium::push
