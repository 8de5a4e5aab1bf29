// All SQL of push. Keys and indexes: migrations/push.
//
// Locks are taken in one order everywhere: dedupe key; channel; deliveries by their primary key, upwards; messages by
// theirs, upwards; days by theirs. Deliveries come before their messages so that acknowledgements of many users hold a
// message's row from its UPDATE to the COMMIT only. What locks deliveries or messages names PRIMARY: through another
// index a row would be locked there first, and two writers could wait for each other. Claims take what they get (SKIP
// LOCKED) and wait for nobody.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mysql/mysql.h"
#include "services/push/store/store.h"

namespace trivium::push::sql {

// Columns in the order in which rows.cc reads and writes them.
#define TRIVIUM_COUNT_COLUMNS                                                                             \
  "accepted, acked, vendor, expired, pending, dropped_collapsed, dropped_canceled, dropped_slow_reader, " \
  "dropped_not_a_member, dropped_too_many_pending"
#define TRIVIUM_MESSAGE_COLUMNS                                                                            \
  "product, message_id, request_id, fingerprint, target_kind, target_value, class, sequence, dedupe_key, " \
  "collapse_key, priority, state, create_time, update_time, schedule_time, expire_time, vendor_after_ms, " \
  "ack_timeout_ms, day, trace_id, version, " TRIVIUM_COUNT_COLUMNS
#define TRIVIUM_DELIVERY_COLUMNS \
  "message_id, user_id, channel, state, reason, attempts, update_time, next_attempt_time, vendor_time"

// Messages: PRIMARY (product, message_id). class <> 0: what is recorded.
inline constexpr char kInsertMessage[] =
    "INSERT INTO message (" TRIVIUM_MESSAGE_COLUMNS
    ", data, channel, open_collapse_key, due_expire_time, has_deliveries) VALUES ??*";
inline constexpr char kUpdateMessage[] =
    "UPDATE message SET state = ?, update_time = ?, version = ?, sequence = ?, day = ?, accepted = ?, acked = ?, "
    "vendor = ?, expired = ?, pending = ?, dropped_collapsed = ?, dropped_canceled = ?, dropped_slow_reader = ?, "
    "dropped_not_a_member = ?, dropped_too_many_pending = ?, open_collapse_key = ?, due_expire_time = ? "
    "WHERE product = ? AND message_id = ?";
inline constexpr char kKeepDeliveries[] = "UPDATE message SET has_deliveries = 1 WHERE product = ? AND message_id = ?";
inline constexpr char kForgetDeliveries[] =
    "UPDATE message SET has_deliveries = NULL WHERE product = ? AND message_id = ?";
inline constexpr char kGetMessage[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS ", data FROM message WHERE product = ? AND message_id = ? AND class <> 0";
inline constexpr char kGetData[] = "SELECT data FROM message WHERE product = ? AND message_id = ?";
// + Marks(ids) + ")" ...
inline constexpr char kGetMessages[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS ", data FROM message WHERE product = ? AND class <> 0 AND message_id IN (";
inline constexpr char kLockMessages[] = "SELECT " TRIVIUM_MESSAGE_COLUMNS
                                        ", '' FROM message FORCE INDEX (PRIMARY) WHERE product = ? AND class <> 0 AND "
                                        "message_id IN (";
inline constexpr char kLockMessagesEnd[] = ") ORDER BY message_id FOR UPDATE";
inline constexpr char kTimeouts[] =
    "SELECT message_id, ack_timeout_ms, expire_time FROM message WHERE product = ? AND message_id IN (";
// UNIQUE request (product, request_id).
inline constexpr char kGetMessageOfRequest[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS ", data FROM message WHERE product = ? AND request_id = ?";
// KEY collapse (product, channel, open_collapse_key).
inline constexpr char kOpenOfCollapseKey[] =
    "SELECT message_id FROM message WHERE product = ? AND channel = ? AND open_collapse_key = ? AND target_value = ? "
    "ORDER BY message_id";
// KEY due_schedule (state, schedule_time); unsent (state, product, channel, sequence, message_id).
inline constexpr char kListDueScheduled[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS
    ", data FROM message FORCE INDEX (due_schedule) WHERE state = ? AND schedule_time <= ?";
inline constexpr char kListDueScheduledEnd[] = " ORDER BY schedule_time LIMIT ?";
inline constexpr char kListUnsentChannels[] =
    "SELECT DISTINCT product, channel FROM message FORCE INDEX (unsent) WHERE state = ?";
inline constexpr char kListUnsentChannelsEnd[] = " ORDER BY product, channel LIMIT ?";
inline constexpr char kListUnsent[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS
    ", data FROM message FORCE INDEX (unsent) WHERE state = ? AND product = ? AND channel = ? "
    "ORDER BY sequence, message_id LIMIT ?";
// KEY by_sequence (product, channel, sequence); for a user's channel delivery.by_user (product, user_id, message_id).
inline constexpr char kListChannelTail[] =
    "SELECT " TRIVIUM_MESSAGE_COLUMNS
    ", data FROM message FORCE INDEX (by_sequence) WHERE product = ? AND channel = ? AND sequence > 0 AND "
    "expire_time > ? AND state IN (?, ?) ORDER BY sequence DESC LIMIT ?";
inline constexpr char kListUserTail[] =
    "SELECT STRAIGHT_JOIN m.message_id FROM delivery d FORCE INDEX (by_user) JOIN message m ON m.product = d.product "
    "AND "
    "m.message_id = d.message_id WHERE d.product = ? AND d.user_id = ? AND d.channel = ? AND m.expire_time > ? AND "
    "m.state IN (?, ?) ORDER BY d.message_id DESC LIMIT ?";
// KEY due_expire (due_expire_time).
inline constexpr char kListDueExpire[] =
    "SELECT product, message_id FROM message WHERE due_expire_time <= ? ORDER BY due_expire_time LIMIT ?";
// KEY due_expire: holds product and message_id, too. message_day PRIMARY; KEY unsent.
inline constexpr char kOldestPending[] =
    "SELECT product, MIN(message_id) FROM message FORCE INDEX (due_expire) WHERE due_expire_time IS NOT NULL "
    "GROUP BY product";
inline constexpr char kCountPending[] =
    "SELECT CAST(COALESCE(SUM(pending), 0) AS SIGNED) FROM message_day WHERE product = ? AND day >= ?";
inline constexpr char kCountUnsent[] =
    "SELECT product, COUNT(*), MIN(update_time) FROM message FORCE INDEX (unsent) WHERE state = ? GROUP BY product";
// Newest first. PRIMARY; by_channel (product, channel, message_id); by_state (product, state, message_id).
#define TRIVIUM_LIST_MESSAGES(index, found)                                                              \
  "SELECT " TRIVIUM_MESSAGE_COLUMNS ", '' FROM message FORCE INDEX (" index ") WHERE product = ? " found \
  "AND message_id < ? AND class BETWEEN ? AND ? ORDER BY message_id DESC LIMIT ?"
inline constexpr char kListMessages[] = TRIVIUM_LIST_MESSAGES("PRIMARY", "");
inline constexpr char kListMessagesOfChannel[] = TRIVIUM_LIST_MESSAGES("by_channel", "AND channel = ? ");
inline constexpr char kListMessagesInState[] = TRIVIUM_LIST_MESSAGES("by_state", "AND state = ? ");
inline constexpr char kListMessagesOfChannelInState[] =
    TRIVIUM_LIST_MESSAGES("by_channel", "AND channel = ? AND state = ? ");

// Channels: PRIMARY (product, channel).
inline constexpr char kNextSequence[] =
    "INSERT INTO channel (product, channel, last_sequence) VALUES (?, ?, 1) "
    "ON DUPLICATE KEY UPDATE last_sequence = last_sequence + 1";
inline constexpr char kReadSequence[] = "SELECT last_sequence FROM channel WHERE product = ? AND channel = ?";

// Deliveries: PRIMARY (product, message_id, user_id). Keys: see KeysIn.
inline constexpr char kInsertDelivery[] = "INSERT INTO delivery (product, " TRIVIUM_DELIVERY_COLUMNS ") VALUES ??*";
inline constexpr char kLockDeliveries[] =
    "SELECT message_id, user_id, state FROM delivery FORCE INDEX (PRIMARY) WHERE product = ? AND state IN (?, ?) AND (";
inline constexpr char kLockDeliveriesEnd[] = ") FOR UPDATE";
inline constexpr char kMoveDeliveries[] =
    "UPDATE delivery FORCE INDEX (PRIMARY) SET state = ?, reason = ?, update_time = ?, next_attempt_time = NULL, "
    "vendor_time = NULL WHERE product = ? AND (";
inline constexpr char kMovePending[] =
    "UPDATE delivery FORCE INDEX (PRIMARY) SET state = ?, reason = ?, update_time = ?, next_attempt_time = NULL, "
    "vendor_time = NULL WHERE product = ? AND message_id = ? AND state = ? ORDER BY product, message_id, user_id "
    "LIMIT ?";
inline constexpr char kRepeatDeliveries[] =
    "UPDATE delivery FORCE INDEX (PRIMARY) SET attempts = attempts + 1, next_attempt_time = ? WHERE product = ? AND (";
inline constexpr char kClaimDeliveries[] =
    "UPDATE delivery FORCE INDEX (PRIMARY) SET vendor_time = ? WHERE product = ? AND (";
inline constexpr char kListRecipients[] =
    "SELECT " TRIVIUM_DELIVERY_COLUMNS
    " FROM delivery FORCE INDEX (PRIMARY) WHERE product = ? AND message_id = ? AND user_id > ? AND "
    "state BETWEEN ? AND ? ORDER BY user_id LIMIT ?";
// KEY by_user (product, user_id, message_id); pending (product, user_id, state, channel, message_id).
inline constexpr char kListUserMessages[] =
    "SELECT " TRIVIUM_DELIVERY_COLUMNS
    " FROM delivery FORCE INDEX (by_user) WHERE product = ? AND user_id = ? AND message_id < ? AND "
    "state BETWEEN ? AND ? ORDER BY message_id DESC LIMIT ?";
inline constexpr char kListPending[] =
    "SELECT message_id FROM delivery FORCE INDEX (pending) WHERE product = ? AND user_id = ? AND state = ? AND "
    "channel = ? ORDER BY message_id LIMIT ?";
// What is pending of users, up to a number of rows.
inline constexpr char kPendingOfUsers[] =
    "SELECT user_id, COUNT(*) FROM (SELECT user_id FROM delivery FORCE INDEX (pending) WHERE product = ? AND "
    "state = ? AND user_id IN (";
inline constexpr char kPendingOfUsersEnd[] = ") LIMIT ?) AS counted GROUP BY user_id";
inline constexpr char kPendingAmong[] =
    "SELECT user_id FROM delivery FORCE INDEX (PRIMARY) WHERE product = ? AND state = ? AND (";
// Of the first open messages, how many there are, and how many of these are the product's. KEY due_expire.
inline constexpr char kCountOpenMessages[] =
    "SELECT COUNT(*), CAST(COALESCE(SUM(product = ?), 0) AS SIGNED) FROM (SELECT product FROM message "
    "FORCE INDEX (due_expire) WHERE due_expire_time IS NOT NULL LIMIT ?) AS open_messages";
// KEY due_repeat (next_attempt_time); due_vendor (vendor_time).
inline constexpr char kLockRepeatDue[] =
    "SELECT " TRIVIUM_DELIVERY_COLUMNS ", product FROM delivery FORCE INDEX (due_repeat) WHERE next_attempt_time <= ?";
inline constexpr char kLockRepeatDueEnd[] = " ORDER BY next_attempt_time LIMIT ? FOR UPDATE SKIP LOCKED";
inline constexpr char kLockVendorDue[] =
    "SELECT " TRIVIUM_DELIVERY_COLUMNS ", product FROM delivery FORCE INDEX (due_vendor) WHERE vendor_time <= ?";
inline constexpr char kLockVendorDueEnd[] = " ORDER BY vendor_time LIMIT ? FOR UPDATE SKIP LOCKED";

// Users who have too many pending: PRIMARY (product, user_id), KEY by_time (count_time). Never locked by what locks
// other rows.
inline constexpr char kMarkedFull[] =
    "SELECT user_id FROM full_user FORCE INDEX (PRIMARY) WHERE product = ? AND pending >= ? AND user_id IN (";
inline constexpr char kSomeMarkedFull[] = "SELECT 1 FROM full_user WHERE product = ? LIMIT 1";
// Of one message: begins with the marked or with the recipients, whichever are fewer, and looks the other one up by
// key.
inline constexpr char kMarkedOfMessage[] =
    "SELECT f.user_id FROM full_user f JOIN delivery d FORCE INDEX (PRIMARY) ON d.product = f.product AND "
    "d.user_id = f.user_id WHERE f.product = ? AND d.message_id = ?";
inline constexpr char kMarkFull[] =
    "INSERT INTO full_user (product, user_id, pending, count_time) VALUES ??* "
    "ON DUPLICATE KEY UPDATE pending = VALUES(pending), count_time = VALUES(count_time)";
inline constexpr char kUnmarkFull[] = "DELETE FROM full_user WHERE product = ? AND user_id IN (";
inline constexpr char kListMarkedFull[] =
    "SELECT product, user_id, pending FROM full_user FORCE INDEX (by_time) WHERE count_time < ? "
    "ORDER BY count_time LIMIT ?";
inline constexpr char kTouchMarkedFull[] = "UPDATE full_user SET count_time = ? WHERE product = ? AND user_id IN (";

// Days: PRIMARY (product, day, class, shard).
inline constexpr char kAddToDays[] =
    "INSERT INTO message_day (product, day, class, shard, messages, " TRIVIUM_COUNT_COLUMNS
    ") VALUES ??* ON DUPLICATE KEY UPDATE messages = messages + VALUES(messages), accepted = accepted + "
    "VALUES(accepted), acked = acked + VALUES(acked), vendor = vendor + VALUES(vendor), expired = expired + "
    "VALUES(expired), pending = pending + VALUES(pending), dropped_collapsed = dropped_collapsed + "
    "VALUES(dropped_collapsed), dropped_canceled = dropped_canceled + VALUES(dropped_canceled), dropped_slow_reader = "
    "dropped_slow_reader + VALUES(dropped_slow_reader), dropped_not_a_member = dropped_not_a_member + "
    "VALUES(dropped_not_a_member), dropped_too_many_pending = dropped_too_many_pending + "
    "VALUES(dropped_too_many_pending)";
inline constexpr char kSummarizeDay[] =
    "SELECT class, CAST(SUM(messages) AS SIGNED), CAST(SUM(accepted) AS SIGNED), CAST(SUM(acked) AS SIGNED), "
    "CAST(SUM(vendor) AS SIGNED), CAST(SUM(expired) AS SIGNED), CAST(SUM(pending) AS SIGNED), "
    "CAST(SUM(dropped_collapsed) AS SIGNED), CAST(SUM(dropped_canceled) AS SIGNED), "
    "CAST(SUM(dropped_slow_reader) AS SIGNED), CAST(SUM(dropped_not_a_member) AS SIGNED), "
    "CAST(SUM(dropped_too_many_pending) AS SIGNED) FROM message_day WHERE product = ? AND day = ? GROUP BY class";

// Counts of LOSSY and ORDERED messages: PRIMARY. RELIABLE ones have deliveries, and scheduled ones have no day before
// they are released: both are left alone. A row of class 0 waits for its message; then it is filled in.
#define TRIVIUM_ADD(column) \
  column " = " column " + IF(class = 0 OR (class < 3 AND day IS NOT NULL), VALUES(" column "), 0)"
inline constexpr char kAddCounts[] = "INSERT INTO message (" TRIVIUM_MESSAGE_COLUMNS
                                     ", data, channel, open_collapse_key, due_expire_time, has_deliveries) VALUES ??* "
                                     "ON DUPLICATE KEY UPDATE " TRIVIUM_ADD("accepted") ", " TRIVIUM_ADD(
                                         "acked") ", " TRIVIUM_ADD("dropped_slow_reader");
inline constexpr char kFillIn[] =
    "UPDATE message SET fingerprint = ?, target_kind = ?, target_value = ?, class = ?, dedupe_key = ?, "
    "collapse_key = ?, priority = ?, state = ?, create_time = ?, update_time = ?, expire_time = ?, day = ?, "
    "trace_id = ?, version = ?, data = ?, channel = ? WHERE product = ? AND message_id = ? AND class = 0";
inline constexpr char kLockCounts[] = "SELECT message_id, class, day, " TRIVIUM_COUNT_COLUMNS
                                      " FROM message FORCE INDEX (PRIMARY) WHERE product = ? AND message_id IN (";
inline constexpr char kInsertReport[] =
    "INSERT INTO gateway_report (product, gateway, number, create_time) VALUES ??* "
    "ON DUPLICATE KEY UPDATE create_time = create_time";

// Dedupe keys: PRIMARY (product, dedupe_key).
inline constexpr char kGetDedupe[] =
    "SELECT message_id FROM dedupe WHERE product = ? AND dedupe_key = ? AND expire_time > ?";
inline constexpr char kRenewDedupe[] =
    "UPDATE dedupe SET message_id = ?, expire_time = ? WHERE product = ? AND dedupe_key = ? AND expire_time <= ?";
inline constexpr char kInsertDedupe[] = "INSERT INTO dedupe (product, dedupe_key, message_id, expire_time) VALUES ??*";
// A dedupe key whose message has been purged answers nothing.
inline constexpr char kDropDedupe[] = "DELETE FROM dedupe WHERE product = ? AND dedupe_key = ? AND message_id = ?";

// Answers to keys: PRIMARY (product, method, request_id).
inline constexpr char kInsertRequest[] =
    "INSERT INTO request (product, method, request_id, fingerprint, code, message, details, message_id, number, "
    "create_time) VALUES ??*";
inline constexpr char kGetRequest[] =
    "SELECT fingerprint, code, message, details, message_id, number FROM request WHERE product = ? AND method = ? AND "
    "request_id = ?";

// Users: PRIMARY (product, user_id). Tags: PRIMARY (product, user_id, tag_key).
inline constexpr char kSeeUsers[] =
    "INSERT INTO user (product, user_id, create_time) VALUES ??* ON DUPLICATE KEY UPDATE create_time = create_time";
inline constexpr char kGetUser[] = "SELECT create_time FROM user WHERE product = ? AND user_id = ?";
inline constexpr char kLockUser[] = "SELECT create_time FROM user WHERE product = ? AND user_id = ? FOR UPDATE";
inline constexpr char kGetTags[] = "SELECT tag_key, tag_value FROM user_tag WHERE product = ? AND user_id = ?";
inline constexpr char kSetTags[] =
    "INSERT INTO user_tag (product, user_id, tag_key, tag_value) VALUES ??* "
    "ON DUPLICATE KEY UPDATE tag_value = VALUES(tag_value)";
inline constexpr char kRemoveTags[] = "DELETE FROM user_tag WHERE product = ? AND user_id = ? AND tag_key IN (";
// Audiences: user PRIMARY; user_tag by_key (product, tag_key, user_id), by_value (product, tag_key, tag_value,
// user_id).
inline constexpr char kAllUsers[] =
    "SELECT user_id FROM user WHERE product = ? AND user_id >= ? ORDER BY user_id LIMIT ?";
inline constexpr char kUsersOfKey[] =
    "SELECT user_id FROM user_tag FORCE INDEX (by_key) WHERE product = ? AND tag_key = ? AND user_id >= ? "
    "ORDER BY user_id LIMIT ?";
inline constexpr char kUsersOfValue[] =
    "SELECT user_id FROM user_tag FORCE INDEX (by_value) WHERE product = ? AND tag_key = ? AND tag_value = ? AND "
    "user_id >= ? ORDER BY user_id LIMIT ?";

// Room members: PRIMARY (product, room_id, user_id).
inline constexpr char kAddMembers[] =
    "INSERT INTO room_member (product, room_id, user_id, create_time) VALUES ??* "
    "ON DUPLICATE KEY UPDATE create_time = create_time";
inline constexpr char kRemoveMembers[] = "DELETE FROM room_member WHERE product = ? AND room_id = ? AND user_id IN (";
inline constexpr char kListMembers[] =
    "SELECT user_id FROM room_member WHERE product = ? AND room_id = ? AND user_id >= ? ORDER BY user_id LIMIT ?";
inline constexpr char kRoomsOfMember[] =
    "SELECT room_id FROM room_member WHERE product = ? AND user_id = ? AND room_id IN (";

// Purge: KEY kept (has_deliveries, create_time); by_time. state >= 3: SENT and what comes after.
inline constexpr char kListKept[] =
    "SELECT product, message_id FROM message FORCE INDEX (kept) WHERE has_deliveries = 1 AND create_time < ? AND "
    "pending = 0 AND state >= 3 ORDER BY create_time LIMIT ?";
inline constexpr char kPurgeDeliveries[] = "DELETE FROM delivery WHERE product = ? AND message_id = ? LIMIT ?";
inline constexpr char kListEnded[] =
    "SELECT product, message_id FROM message FORCE INDEX (kept) WHERE has_deliveries IS NULL AND create_time < ? AND "
    "pending = 0 AND state >= 3 ORDER BY create_time LIMIT ?";
inline constexpr char kPurgeMessages[] = "DELETE FROM message WHERE product = ? AND message_id IN (";
inline constexpr char kPurgeRequests[] = "DELETE FROM request WHERE create_time < ? ORDER BY create_time LIMIT ?";
inline constexpr char kPurgeDedupe[] = "DELETE FROM dedupe WHERE expire_time <= ? ORDER BY expire_time LIMIT ?";
inline constexpr char kPurgeReports[] = "DELETE FROM gateway_report WHERE create_time < ? ORDER BY create_time LIMIT ?";

// "?,?,?" for an IN list.
std::string Marks(size_t count);
// A statement that ends in "IN (", over values; they are appended to *parameters.
std::string WithIn(std::string_view head, const std::vector<mysql::Value>& values, mysql::Values* parameters,
                   std::string_view end = ")");
// A statement that ends in a condition, with one more: whose rows. The products are appended to *parameters.
std::string OfProducts(std::string_view head, const Products& of, mysql::Values* parameters, std::string_view end);
// A statement that ends in "AND (", over keys, which must be sorted; what they bind is appended to *parameters. A
// message with many users, or a user with many messages, is one range or a few of PRIMARY.
std::string WithKeys(std::string_view head, std::span<const DeliveryKey> keys, mysql::Values* parameters,
                     std::string_view end = ")");

}  // namespace trivium::push::sql
