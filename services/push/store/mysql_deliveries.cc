#include "services/push/store/mysql_deliveries.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/errors.h"
#include "services/push/store/mysql_answers.h"
#include "services/push/store/rows.h"
#include "services/push/store/statements.h"

namespace trivium::push {
namespace {

using mysql::Value;
using mysql::Values;

// The states from which the table leads to `to`: one, or two.
std::vector<DeliveryState> StatesBefore(DeliveryState to) {
  std::vector<DeliveryState> states;
  for (const DeliveryTransition& t : kDeliveryTransitions) {
    if (t.to == to) states.push_back(t.from);
  }
  return states;
}

}  // namespace

absl::StatusOr<std::vector<DeliveryKey>> MysqlDeliveries::MoveAll(const std::string& product,
                                                                  std::span<const DeliveryKey> keys,
                                                                  const DeliveryMove& move) {
  const std::vector<DeliveryState> from = StatesBefore(move.to);
  if (from.empty()) return absl::InternalError("deliveries cannot be moved back to PENDING");
  Values parameters = {product, ToValue(from.front()), ToValue(from.back())};
  const std::string lock = sql::WithKeys(sql::kLockDeliveries, keys, &parameters, sql::kLockDeliveriesEnd);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(lock, parameters));
  if (rows.empty()) return std::vector<DeliveryKey>();
  MysqlLedger ledger(w_, product, move.now);
  std::vector<DeliveryKey> moved;
  for (const mysql::Row& row : rows) {
    moved.push_back({IdAt(row, 0), row.Text(1)});
    const auto state = static_cast<DeliveryState>(row.Int(2));
    if (state == DeliveryState::kPending) w_.backlogs.moved_of[product].insert(moved.back().user_id);
    ledger.Add(moved.back().message_id, MoveChange(state, move.to, 1, move.reason));
  }
  std::ranges::sort(moved);
  parameters = {ToValue(move.to), ToValue(move.reason), ToValue(move.now), product};
  const std::string update = sql::WithKeys(sql::kMoveDeliveries, moved, &parameters);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed, w_.db.Execute(update, parameters));
  if (changed.rows != static_cast<int64_t>(moved.size())) return absl::InternalError("locked deliveries did not move");
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return moved;
}

absl::StatusOr<int64_t> MysqlDeliveries::Expire(const std::string& product, const std::vector<Id>& message_ids,
                                                absl::Time now, int64_t limit) {
  MysqlLedger ledger(w_, product, now);
  const DeliveryMove move{DeliveryState::kExpired, DropReason::kNone, now};
  int64_t expired = 0;
  for (const Id& id : message_ids) {
    if (expired == limit) break;
    TRIVIUM_ASSIGN_OR_RETURN(const int64_t moved, ledger.MovePending(id, move, limit - expired));
    if (moved > 0) ledger.Add(id, MoveChange(DeliveryState::kPending, move.to, moved));
    expired += moved;
  }
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return expired;
}

absl::StatusOr<absl::StatusOr<Message>> MysqlDeliveries::Cancel(const Cancellation& item) {
  const RequestKey key{item.product, Method::kCancelMessage, item.request_id, item.fingerprint};
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredAnswer> before, FindAnswer(w_.db, key));
  MysqlLedger ledger(w_, item.product, item.now);
  int64_t moved = 0;
  if (!before) {
    const DeliveryMove drop{DeliveryState::kDropped, DropReason::kCanceled, item.now};
    TRIVIUM_ASSIGN_OR_RETURN(moved, ledger.MovePending(item.message_id, drop, static_cast<int64_t>(kRecipientsMax)));
  } else if (!before->status.ok()) {
    return absl::StatusOr<Message>(before->status);
  }
  TRIVIUM_ASSIGN_OR_RETURN(auto locked, ledger.Lock({item.message_id}));
  absl::StatusOr<Message> answer = MessageNotFound();
  if (!locked.empty()) {
    answer = std::move(locked.begin()->second);
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                             w_.db.Query(sql::kGetData, {item.product, ToValue(item.message_id)}));
    answer->data = rows.at(0).Text(0);
  }
  if (before) return answer;
  // A scheduled message that is being released just now got its deliveries after ours were moved.
  if (answer.ok() && answer->counts.pending != moved) return RunAgain();
  const CancelVerdict verdict = answer.ok() ? CheckCancel(*answer) : CancelVerdict::kAlready;
  if (verdict == CancelVerdict::kNotCancelable) answer = NotCancelable(*answer);
  if (verdict == CancelVerdict::kCancel) {
    std::vector<Message> told;
    push::Cancel(*answer, moved, item.now, &told);
    const Counts change = MoveChange(DeliveryState::kPending, DeliveryState::kDropped, moved, DropReason::kCanceled);
    TRIVIUM_RETURN_IF_ERROR(ledger.Save(*answer, change));
    ledger.Tell(told);
    TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  }
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(w_.db, key, {answer.status(), item.message_id}, item.now));
  return answer;
}

absl::StatusOr<std::vector<absl::StatusOr<bool>>> MysqlDeliveries::MarkSent(const std::string& product,
                                                                            std::span<const Id> ids, absl::Time now) {
  MysqlLedger ledger(w_, product, now);
  TRIVIUM_ASSIGN_OR_RETURN(auto messages, ledger.Lock({ids.begin(), ids.end()}));
  std::vector<absl::StatusOr<bool>> outcomes;
  for (const Id& id : ids) {
    const auto it = messages.find(id);
    if (it == messages.end()) {
      outcomes.push_back(MessageNotFound());
      continue;
    }
    std::vector<Message> told;
    outcomes.push_back(Send(it->second, now, &told));
    if (*outcomes.back()) TRIVIUM_RETURN_IF_ERROR(ledger.Save(it->second, {}));
    ledger.Tell(told);
  }
  TRIVIUM_RETURN_IF_ERROR(ledger.Finish());
  return outcomes;
}

absl::StatusOr<MysqlDeliveries::DueByProduct> MysqlDeliveries::LockDue(const char* head, const char* end,
                                                                       const Products& of, absl::Time now, int limit) {
  if (of && of->empty()) return DueByProduct();
  Values parameters = {now};
  const std::string statement = sql::OfProducts(head, of, &parameters, end);
  parameters.emplace_back(static_cast<int64_t>(limit));
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
  DueByProduct due;
  for (const mysql::Row& row : rows) due[row.Text(9)].push_back(DeliveryOf(row));
  return due;
}

absl::StatusOr<std::map<Id, MysqlDeliveries::Timing>> MysqlDeliveries::TimingOf(
    const std::string& product, const std::vector<Delivery>& deliveries) {
  std::set<Id> ids;
  for (const Delivery& d : deliveries) ids.insert(d.message_id);
  std::vector<Value> values;
  std::ranges::transform(ids, std::back_inserter(values), [](const Id& id) { return ToValue(id); });
  Values parameters = {product};
  const std::string statement = sql::WithIn(sql::kTimeouts, values, &parameters);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, w_.db.Query(statement, parameters));
  std::map<Id, Timing> timing;
  for (const mysql::Row& row : rows) timing[IdAt(row, 0)] = {absl::Milliseconds(row.Int(1)), row.Time(2)};
  return timing;
}

absl::Status MysqlDeliveries::SetTime(const char* statement, const std::string& product, absl::Time time,
                                      std::vector<DeliveryKey> keys) {
  std::ranges::sort(keys);
  Values parameters = {ToValue(time), product};
  const std::string update = sql::WithKeys(statement, keys, &parameters);
  return w_.db.Execute(update, parameters).status();
}

absl::StatusOr<std::vector<DueDelivery>> MysqlDeliveries::ClaimRepeatDue(const Products& of, absl::Time now,
                                                                         int limit) {
  TRIVIUM_ASSIGN_OR_RETURN(DueByProduct due, LockDue(sql::kLockRepeatDue, sql::kLockRepeatDueEnd, of, now, limit));
  std::vector<DueDelivery> claimed;
  for (auto& [product, deliveries] : due) {
    TRIVIUM_ASSIGN_OR_RETURN(const auto timing, TimingOf(product, deliveries));
    // Few: one for each number of attempts and time-out of a product.
    std::map<absl::Time, std::vector<DeliveryKey>> keys_at;
    for (Delivery& d : deliveries) {
      const Timing& t = timing.at(d.message_id);
      d.next_attempt_time = now + RepeatDelay(t.ack_timeout, ++d.attempts);
      keys_at[d.next_attempt_time].push_back({d.message_id, d.user_id});
      if (t.expire_time > now) claimed.push_back({product, d});
    }
    for (auto& [time, keys] : keys_at) {
      TRIVIUM_RETURN_IF_ERROR(SetTime(sql::kRepeatDeliveries, product, time, std::move(keys)));
    }
  }
  return claimed;
}

absl::StatusOr<std::vector<DueDelivery>> MysqlDeliveries::ClaimVendorDue(absl::Time now, absl::Time until, int limit) {
  TRIVIUM_ASSIGN_OR_RETURN(DueByProduct due,
                           LockDue(sql::kLockVendorDue, sql::kLockVendorDueEnd, std::nullopt, now, limit));
  std::vector<DueDelivery> claimed;
  for (auto& [product, deliveries] : due) {
    TRIVIUM_ASSIGN_OR_RETURN(const auto timing, TimingOf(product, deliveries));
    std::vector<DeliveryKey> keys;
    for (Delivery& d : deliveries) {
      d.vendor_time = until;
      keys.push_back({d.message_id, d.user_id});
      if (timing.at(d.message_id).expire_time > now) claimed.push_back({product, d});
    }
    TRIVIUM_RETURN_IF_ERROR(SetTime(sql::kClaimDeliveries, product, until, std::move(keys)));
  }
  return claimed;
}

}  // namespace trivium::push
