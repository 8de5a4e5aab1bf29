// All SQL of live. Keys and indexes: migrations/live.
//
// Locks are taken in one order everywhere: the answer's key; the room by its primary key; the cell's drain mark; stays
// by their primary key; days by theirs.
#pragma once

namespace trivium::live::sql {

// Columns in the order in which rows.cc reads and writes them.
#define TRIVIUM_ROOM_COLUMNS                                                                                     \
  "product, room_id, room_ref, type, title, institution_id, start_time, end_time, auto_start, auto_end, seats, " \
  "stage_size, staff_slots, rtc, fast, standard, queue_size, close_delay_ms, state, reason, cell, node, "        \
  "live_time, ended_time, close_time, create_time, update_time, version"
#define TRIVIUM_STAY_COLUMNS                                                                                        \
  "product, room_id, join_id, user_id, state, reason, leave_time, sequence, cell, epoch, role, rung, seat, slice, " \
  "muted, why, full_rtc, full_fast, full_standard, placed, ticket, joined_time, placed_time"

// Rooms: PRIMARY (product, room_id), UNIQUE held_ref (product, held_ref).
inline constexpr char kInsertRoom[] = "INSERT INTO room (" TRIVIUM_ROOM_COLUMNS ", held_ref, due_time) VALUES ??*";
inline constexpr char kUpdateRoom[] =
    "UPDATE room SET title = ?, start_time = ?, end_time = ?, auto_start = ?, auto_end = ?, seats = ?, stage_size = ?, "
    "staff_slots = ?, rtc = ?, fast = ?, standard = ?, close_delay_ms = ?, state = ?, reason = ?, cell = ?, node = ?, "
    "live_time = ?, ended_time = ?, close_time = ?, update_time = ?, version = ?, held_ref = ?, due_time = ? "
    "WHERE product = ? AND room_id = ?";
inline constexpr char kGetRoom[] = "SELECT " TRIVIUM_ROOM_COLUMNS " FROM room WHERE product = ? AND room_id = ?";
inline constexpr char kLockRoom[] =
    "SELECT " TRIVIUM_ROOM_COLUMNS " FROM room WHERE product = ? AND room_id = ? FOR UPDATE";
inline constexpr char kHolderOfRef[] = "SELECT room_id FROM room WHERE product = ? AND held_ref = ?";
// KEY by_ref (product, room_ref, room_id).
inline constexpr char kGetRoomByRef[] =
    "SELECT " TRIVIUM_ROOM_COLUMNS " FROM room WHERE product = ? AND room_ref = ? ORDER BY room_id DESC LIMIT 1";
inline constexpr char kListRooms[] =
    "SELECT " TRIVIUM_ROOM_COLUMNS " FROM room WHERE product = ? AND room_id < ? ORDER BY room_id DESC LIMIT ?";
// KEY by_state (product, state, room_id).
inline constexpr char kListRoomsInState[] = "SELECT " TRIVIUM_ROOM_COLUMNS
                                            " FROM room FORCE INDEX (by_state) WHERE product = ? AND state = ? AND "
                                            "room_id < ? ORDER BY room_id DESC LIMIT ?";
// KEY by_institution (product, institution_id, room_id).
inline constexpr char kListRoomsOfInstitution[] = "SELECT " TRIVIUM_ROOM_COLUMNS
                                                  " FROM room FORCE INDEX (by_institution) WHERE product = ? AND "
                                                  "institution_id = ? AND state BETWEEN ? AND ? AND room_id < ? "
                                                  "ORDER BY room_id DESC LIMIT ?";
// KEY due (due_time).
inline constexpr char kListDueRooms[] =
    "SELECT " TRIVIUM_ROOM_COLUMNS " FROM room WHERE due_time <= ? ORDER BY due_time LIMIT ? OFFSET ?";
// KEY kept (state, update_time).
inline constexpr char kListRoomsOver[] = "SELECT " TRIVIUM_ROOM_COLUMNS
                                         " FROM room FORCE INDEX (kept) WHERE state = ? AND update_time >= ? AND "
                                         "update_time < ? ORDER BY update_time LIMIT ?";
// KEY by_cell (cell, state, room_id).
inline constexpr char kListOpenRooms[] =
    "SELECT " TRIVIUM_ROOM_COLUMNS
    " FROM room FORCE INDEX (by_cell) WHERE cell = ? AND state IN (2, 3) AND room_id > ? ORDER BY room_id LIMIT ?";
inline constexpr char kMoveRoom[] = "UPDATE room SET cell = ?, node = ? WHERE product = ? AND room_id = ?";
// Cells that rooms have left: PRIMARY (cell, product, room_id).
inline constexpr char kLeaveCell[] = "INSERT IGNORE INTO left_cell (cell, product, room_id) VALUES (?, ?, ?)";
inline constexpr char kComeBack[] = "DELETE FROM left_cell WHERE cell = ? AND product = ? AND room_id = ?";
inline constexpr char kListRoomsThatLeft[] =
    "SELECT product, room_id FROM left_cell WHERE cell = ? AND (product > ? OR (product = ? AND room_id > ?)) "
    "ORDER BY product, room_id LIMIT ?";

// Answers: PRIMARY (product, method, request_id).
inline constexpr char kGetRequest[] =
    "SELECT fingerprint, code, message, details, room_id FROM request WHERE product = ? AND method = ? AND "
    "request_id = ?";
inline constexpr char kInsertRequest[] =
    "INSERT INTO request (product, method, request_id, fingerprint, code, message, details, room_id, create_time) "
    "VALUES ??*";

// Bans: PRIMARY (product, room_id, user_id).
inline constexpr char kAddBan[] =
    "INSERT INTO ban (product, room_id, user_id, until_time) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE until_time = "
    "VALUES(until_time)";
inline constexpr char kListBans[] =
    "SELECT user_id, until_time FROM ban WHERE product = ? AND room_id = ? AND until_time > ? ORDER BY until_time "
    "DESC, "
    "user_id LIMIT ?";

// Drain marks: PRIMARY (cell).
inline constexpr char kMakeDrainMark[] = "INSERT IGNORE INTO drain_mark (cell, sequence, lost_before) VALUES (?, 0, 0)";
inline constexpr char kGetDrainMark[] = "SELECT sequence, lost_before FROM drain_mark WHERE cell = ?";
inline constexpr char kLockDrainMark[] = "SELECT sequence FROM drain_mark WHERE cell = ? FOR UPDATE";
inline constexpr char kMoveDrainMark[] = "UPDATE drain_mark SET sequence = ? WHERE cell = ?";
inline constexpr char kSetLostBefore[] = "UPDATE drain_mark SET lost_before = GREATEST(lost_before, ?) WHERE cell = ?";

inline constexpr char kSetAside[] =
    "INSERT INTO set_aside_change (cell, sequence, what, why, change_time) VALUES (?, ?, ?, ?, ?)";

// Stays: PRIMARY (product, room_id, join_id), KEY open_of_cell (cell, state, sequence).
inline constexpr char kPutStays[] =
    "INSERT INTO stay (" TRIVIUM_STAY_COLUMNS
    ") VALUES ??* ON DUPLICATE KEY UPDATE state = VALUES(state), reason = VALUES(reason), leave_time = "
    "VALUES(leave_time), sequence = VALUES(sequence), cell = VALUES(cell), epoch = VALUES(epoch), role = VALUES(role), "
    "rung = VALUES(rung), seat = VALUES(seat), slice = VALUES(slice), muted = VALUES(muted), why = VALUES(why), "
    "full_rtc = VALUES(full_rtc), full_fast = VALUES(full_fast), full_standard = VALUES(full_standard), placed = "
    "VALUES(placed), ticket = VALUES(ticket), joined_time = VALUES(joined_time), placed_time = VALUES(placed_time)";
inline constexpr char kLockLostStays[] =
    "SELECT " TRIVIUM_STAY_COLUMNS
    " FROM stay FORCE INDEX (open_of_cell) WHERE cell = ? AND state = ? AND sequence < ? ORDER BY sequence LIMIT ? FOR "
    "UPDATE";
inline constexpr char kFindStaysOfRoom[] =
    "SELECT join_id FROM stay FORCE INDEX (PRIMARY) WHERE product = ? AND room_id = ? AND state IN (1, 2) AND cell = ? "
    "LIMIT ?";
inline constexpr char kLockStaysOfRoom[] =
    "SELECT " TRIVIUM_STAY_COLUMNS
    " FROM stay FORCE INDEX (PRIMARY) WHERE product = ? AND room_id = ? AND state IN (1, 2) AND cell = ? ORDER BY "
    "join_id LIMIT ? FOR UPDATE";
inline constexpr char kListStays[] =
    "SELECT " TRIVIUM_STAY_COLUMNS
    " FROM stay WHERE product = ? AND room_id = ? AND join_id > ? ORDER BY join_id LIMIT ?";

inline constexpr char kListStaysOfRoom[] =
    "SELECT " TRIVIUM_STAY_COLUMNS
    " FROM stay WHERE product = ? AND room_id = ? AND join_id < ? ORDER BY join_id DESC LIMIT ?";
// KEY by_user (product, user_id, join_id).
inline constexpr char kListStaysOfUser[] = "SELECT " TRIVIUM_STAY_COLUMNS
                                           " FROM stay FORCE INDEX (by_user) WHERE product = ? AND user_id = ? AND "
                                           "join_id < ? ORDER BY join_id DESC LIMIT ?";
// Outbox: KEY by_room (product, message_key, seq).
inline constexpr char kListRoomEvents[] =
    "SELECT seq, payload FROM outbox FORCE INDEX (by_room) WHERE product = ? AND message_key = ? AND seq < ? ORDER BY "
    "seq DESC LIMIT ?";

// Days: PRIMARY (product, day, what, label).
inline constexpr char kAddCounts[] =
    "INSERT INTO day_count (product, day, what, label, value) VALUES ??* ON DUPLICATE KEY UPDATE value = value + "
    "VALUES(value)";
inline constexpr char kGetDay[] = "SELECT what, label, value FROM day_count WHERE product = ? AND day = ?";

// Announcements: PRIMARY (product). outbox_seq has one row for each product.
inline constexpr char kListUnannounced[] =
    "SELECT s.product FROM outbox_seq s LEFT JOIN announce_mark m ON m.product = s.product "
    "WHERE s.last_seq > COALESCE(m.seq, 0) ORDER BY s.product";
inline constexpr char kGetAnnounceMark[] = "SELECT seq FROM announce_mark WHERE product = ?";
inline constexpr char kSetAnnounceMark[] =
    "INSERT INTO announce_mark (product, seq) VALUES (?, ?) ON DUPLICATE KEY UPDATE seq = GREATEST(seq, VALUES(seq))";

// Purge. KEY kept (state, update_time); KEY kept (state, leave_time); KEYs by_time.
inline constexpr char kPurgeRooms[] = "DELETE FROM room WHERE state IN (4, 5) AND update_time < ? LIMIT ?";
inline constexpr char kPurgeStays[] = "DELETE FROM stay WHERE state = 3 AND leave_time < ? LIMIT ?";
inline constexpr char kPurgeRequests[] = "DELETE FROM request WHERE create_time < ? LIMIT ?";
inline constexpr char kPurgeBans[] = "DELETE FROM ban WHERE until_time < ? LIMIT ?";

}  // namespace trivium::live::sql
