// What writes. Reads: mysql_reads.cc; the purge: mysql_purge.cc.
#include "services/push/store/mysql_store.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_accept.h"
#include "services/push/store/mysql_counts.h"
#include "services/push/store/mysql_deliveries.h"
#include "services/push/store/mysql_full_users.h"
#include "services/push/store/mysql_users.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Connection;
using mysql::Rows;
using mysql::Values;

constexpr Metric kRerun{"trivium_push_store_reruns_total",
                        "Transactions that were run again, by why: a faster writer, or a commit whose answer was lost.",
                        {"transaction", "why"}};

constexpr int kMaxRuns = 5;
constexpr size_t kKeysPerTransaction = 1'000;    // Deliveries that are moved together.
constexpr size_t kMessagesPerTransaction = 500;  // Messages that are marked or recorded together.
constexpr int64_t kExpiringMessages = 100;       // Messages that one look for expired ones finds.
constexpr int kClaimsMax = 1'000;                // Deliveries of one claim.

template <typename Item>
std::vector<std::span<const Item>> Chunks(std::span<const Item> items, size_t size) {
  std::vector<std::span<const Item>> chunks;
  for (size_t at = 0; at < items.size(); at += size)
    chunks.push_back(items.subspan(at, std::min(size, items.size() - at)));
  return chunks;
}

// A value that the database refuses, as opposed to trouble that has nothing to do with the item.
bool IsBadItem(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument || status.code() == absl::StatusCode::kFailedPrecondition;
}

}  // namespace

absl::Status MysqlStore::Write(const char* name, absl::Time deadline,
                               const std::function<absl::Status(const Writing&)>& body) {
  absl::Status status;
  Backlogs backlogs;
  for (int run = 0; run < kMaxRuns; ++run) {
    // What a run that was undone has told harms nobody; a run whose answer was lost told what the next one cannot.
    status = pool_.Transact(name, deadline, [&](Connection& db) { return body({db, ids_, encode_, backlogs}); });
    const bool unknown = mysql::IsCommitUnknown(status);
    if (!unknown && ReasonOf(status) != kRunAgain) break;
    metrics_.GetCounter(kRerun, {name, unknown ? "commit_unknown" : "faster_writer"}).Add();
    if (unknown) TRIVIUM_LOG(kWarning, "a commit's answer was lost: looking for its row", {"transaction", name});
  }
  // Not committed for sure, or not to be found out now: the same request may be repeated safely in both cases.
  if (mysql::IsCommitUnknown(status) || status.code() == absl::StatusCode::kAborted) return RequestInProgress();
  if (status.ok() && on_commit_) on_commit_();
  if (status.ok()) Follow(backlogs, deadline);
  return status;
}

// Its trouble is not the caller's: what was asked for is done.
void MysqlStore::Follow(const Backlogs& backlogs, absl::Time deadline) {
  if (backlogs.empty()) return;
  const absl::Status status =
      pool_.Use("follow_backlogs", deadline, [&](Connection& db) { return MysqlFullUsers(db).Follow(backlogs); });
  if (!status.ok()) TRIVIUM_LOG(kWarning, "marks of users with too many pending are late", {"error", status});
}

std::vector<absl::StatusOr<Message>> MysqlStore::Accept(std::span<const NewMessage> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Message>> outcomes;
  for (const NewMessage& item : items) {
    Message accepted;
    const absl::Status status = Write("accept", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(accepted, MysqlAccept(w, open_messages_).Accept(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<Message>(std::move(accepted)) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<Message>> MysqlStore::ReleaseScheduled(std::span<const Release> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Message>> outcomes;
  for (const Release& item : items) {
    Message released;
    const absl::Status status = Write("release", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(released, MysqlAccept(w, open_messages_).ReleaseScheduled(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<Message>(std::move(released)) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<Message>> MysqlStore::Cancel(std::span<const Cancellation> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Message>> outcomes;
  for (const Cancellation& item : items) {
    absl::StatusOr<Message> outcome = absl::UnknownError("not run");
    const absl::Status status = Write("cancel", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(outcome, MysqlDeliveries(w).Cancel(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? std::move(outcome) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MysqlStore::MarkSent(const std::string& product, std::span<const Id> message_ids,
                                                       absl::Time now, absl::Time deadline) {
  std::vector<absl::StatusOr<bool>> outcomes;
  for (const std::span<const Id> chunk : Chunks(message_ids, kMessagesPerTransaction)) {
    std::vector<absl::StatusOr<bool>> marked;
    const absl::Status status = Write("mark_sent", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(marked, MysqlDeliveries(w).MarkSent(product, chunk, now));
      return absl::OkStatus();
    });
    if (!status.ok()) marked.assign(chunk.size(), status);
    std::ranges::move(marked, std::back_inserter(outcomes));
  }
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MysqlStore::MoveDeliveries(const std::string& product,
                                                             std::span<const DeliveryKey> keys,
                                                             const DeliveryMove& move, absl::Time deadline) {
  // Sorted, so that all of a message are moved in one transaction, or few, and each counts once.
  std::vector<DeliveryKey> sorted(keys.begin(), keys.end());
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::map<DeliveryKey, absl::StatusOr<bool>> outcome_of;
  for (const std::span<const DeliveryKey> chunk : Chunks<DeliveryKey>(sorted, kKeysPerTransaction)) {
    std::vector<DeliveryKey> moved;
    const absl::Status status = Write("move_deliveries", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(moved, MysqlDeliveries(w).MoveAll(product, chunk, move));
      return absl::OkStatus();
    });
    for (const DeliveryKey& key : chunk) {
      outcome_of[key] = status.ok() ? absl::StatusOr<bool>(std::ranges::binary_search(moved, key)) : status;
    }
  }
  std::vector<absl::StatusOr<bool>> outcomes;
  for (const DeliveryKey& key : keys) {
    absl::StatusOr<bool>& outcome = outcome_of.at(key);
    outcomes.push_back(outcome);
    // A key that stands twice in the batch has moved once.
    if (outcome.ok()) outcome = false;
  }
  return outcomes;
}

absl::StatusOr<ProductCounts> MysqlStore::ExpireDue(absl::Time now, int limit, absl::Time deadline) {
  ProductCounts counts;
  int64_t expired = 0;
  while (expired < limit) {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows due,
                             Read("list_due_expire", deadline, sql::kListDueExpire, {now, kExpiringMessages}));
    std::map<std::string, std::vector<Id>> ids_of;
    for (const mysql::Row& row : due) ids_of[row.Text(0)].push_back(IdAt(row, 1));
    const int64_t before = expired;
    for (auto& of_product : ids_of) {
      if (expired == limit) break;
      std::ranges::sort(of_product.second);
      int64_t moved = 0;
      TRIVIUM_RETURN_IF_ERROR(Write("expire", deadline, [&](const Writing& w) -> absl::Status {
        TRIVIUM_ASSIGN_OR_RETURN(moved,
                                 MysqlDeliveries(w).Expire(of_product.first, of_product.second, now, limit - expired));
        return absl::OkStatus();
      }));
      expired += moved;
      if (moved > 0) counts[of_product.first] += moved;
    }
    // Others were faster, or nothing is due.
    if (expired == before) break;
  }
  return counts;
}

absl::StatusOr<std::vector<DueDelivery>> MysqlStore::ClaimRepeatDue(const Products& of, absl::Time now, int limit,
                                                                    absl::Time deadline) {
  std::vector<DueDelivery> claimed;
  TRIVIUM_RETURN_IF_ERROR(Write("claim_repeat", deadline, [&](const Writing& w) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(claimed, MysqlDeliveries(w).ClaimRepeatDue(of, now, std::min(limit, kClaimsMax)));
    return absl::OkStatus();
  }));
  return claimed;
}

absl::StatusOr<std::vector<DueDelivery>> MysqlStore::ClaimVendorDue(absl::Time now, absl::Duration claim_for, int limit,
                                                                    absl::Time deadline) {
  std::vector<DueDelivery> claimed;
  TRIVIUM_RETURN_IF_ERROR(Write("claim_vendor", deadline, [&](const Writing& w) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(claimed,
                             MysqlDeliveries(w).ClaimVendorDue(now, now + claim_for, std::min(limit, kClaimsMax)));
    return absl::OkStatus();
  }));
  return claimed;
}

absl::Status MysqlStore::Record(std::span<const Message> messages, absl::Time deadline) {
  return Write("record", deadline, [&](const Writing& w) { return MysqlCounts(w).Record(messages); });
}

std::vector<absl::Status> MysqlStore::RecordMessages(std::span<const Message> items, absl::Time deadline) {
  // By product and id, each once; at the end every item gets the outcome of its id.
  std::map<std::string, std::map<Id, Message>> messages_of;
  for (const Message& m : items) messages_of[m.product].try_emplace(m.id, m);
  std::map<std::pair<std::string, Id>, absl::Status> outcome_of;
  for (const auto& [product, by_id] : messages_of) {
    std::vector<Message> messages;
    for (const auto& [id, m] : by_id) messages.push_back(m);
    for (const std::span<const Message> chunk : Chunks<Message>(messages, kMessagesPerTransaction)) {
      const absl::Status together = Record(chunk, deadline);
      for (const Message& m : chunk) {
        const bool alone = IsBadItem(together) && chunk.size() > 1;
        outcome_of[{product, m.id}] = alone ? Record({&m, 1}, deadline) : together;
      }
    }
  }
  std::vector<absl::Status> outcomes;
  for (const Message& m : items) outcomes.push_back(outcome_of.at({m.product, m.id}));
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MysqlStore::AddCounts(std::span<const CountReport> items, absl::Time deadline) {
  std::vector<absl::StatusOr<bool>> outcomes;
  for (const CountReport& item : items) {
    bool is_new = false;
    const absl::Status status = Write("add_counts", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(is_new, MysqlCounts(w).Add(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<bool>(is_new) : status);
  }
  return outcomes;
}

absl::Status MysqlStore::SeeUsers(const std::string& product, std::span<const std::string> user_ids, absl::Time now,
                                  absl::Time deadline) {
  return Write("see_users", deadline, [&](const Writing& w) { return MysqlUsers(w.db).See(product, user_ids, now); });
}

std::vector<absl::StatusOr<User>> MysqlStore::UpdateTags(std::span<const TagUpdate> items, absl::Time deadline) {
  std::vector<absl::StatusOr<User>> outcomes;
  for (const TagUpdate& item : items) {
    User user;
    const absl::Status status = Write("update_tags", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(user, MysqlUsers(w.db).UpdateTags(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<User>(std::move(user)) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<int64_t>> MysqlStore::UpdateRooms(std::span<const RoomUpdate> items, Method method,
                                                             absl::Time deadline) {
  std::vector<absl::StatusOr<int64_t>> outcomes;
  for (const RoomUpdate& item : items) {
    int64_t changed = 0;
    const absl::Status status = Write("update_room", deadline, [&](const Writing& w) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(changed, MysqlUsers(w.db).UpdateRoom(item, method));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<int64_t>(changed) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<int64_t>> MysqlStore::AddRoomMembers(std::span<const RoomUpdate> items,
                                                                absl::Time deadline) {
  return UpdateRooms(items, Method::kAddRoomMembers, deadline);
}

std::vector<absl::StatusOr<int64_t>> MysqlStore::RemoveRoomMembers(std::span<const RoomUpdate> items,
                                                                   absl::Time deadline) {
  return UpdateRooms(items, Method::kRemoveRoomMembers, deadline);
}

}  // namespace trivium::push
