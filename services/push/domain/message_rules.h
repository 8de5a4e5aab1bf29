// What happens to a message and its deliveries, without time or storage of their own: both store engines apply these.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/push/domain/message.h"

namespace trivium::push {

// A message in its first state: SCHEDULED when it has a schedule_time, else ACCEPTED; version 1, an empty ledger.
Message FirstState(Message draft);
// A LOSSY or ORDERED message that was sent before it is written down: SENT, known by its id alone.
Message AsRecorded(Message draft);
// A message as its Publish was answered, whatever happened since: the answer to a repeat.
Message AsCreated(Message message);

// Whether products hear of its changes: RELIABLE and scheduled ones.
bool IsTold(const Message& message);

// Moves a message by the table: state, version, update_time. Appends it to *told when it moved and IsTold. False, and
// nothing changes, when the table does not have the move.
bool Move(Message& message, MessageState to, absl::Time now, std::vector<Message>* told);
// Adds a change to the ledger, and completes the message when that was the last pending delivery of a SENT one.
void Apply(Message& message, const Counts& change, absl::Time now, std::vector<Message>* told);
// ACCEPTED -> SENT, and on to COMPLETED when nothing is pending any more. False when it is not ACCEPTED.
bool Send(Message& message, absl::Time now, std::vector<Message>* told);

// What CancelMessage means.
enum class CancelVerdict {
  kCancel,         // It becomes CANCELED, what is pending DROPPED.
  kAlready,        // Nothing is left to be canceled.
  kNotCancelable,  // LOSSY or ORDERED, and sent.
};
CancelVerdict CheckCancel(const Message& message);
// Cancels a message of which `dropped` deliveries were pending. Only after kCancel.
void Cancel(Message& message, int64_t dropped, absl::Time now, std::vector<Message>* told);

// A delivery of an accepted message to one of its recipients.
Delivery NewDelivery(const Message& message, const std::string& user_id, absl::Time now);
// Moves a delivery by the table: state, reason, update_time; what is not pending is neither repeated nor handed over.
// False, and nothing changes, when the table does not have the move.
bool Move(Delivery& delivery, DeliveryState to, absl::Time now, DropReason reason = DropReason::kNone);

// Time until the next repeat after `attempts` sendings: ack_timeout, doubled with each, at most kRepeatDelayMax.
inline constexpr absl::Duration kRepeatDelayMax = absl::Minutes(10);
absl::Duration RepeatDelay(absl::Duration ack_timeout, int attempts);

}  // namespace trivium::push
