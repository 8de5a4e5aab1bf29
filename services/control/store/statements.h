// All SQL of control, beside the index that each statement uses.
#pragma once

#include <string_view>

namespace trivium::control::sql {

// Primary key. Serializes all changes.
inline constexpr std::string_view kLockChanges = "SELECT value FROM counter WHERE name = 'change' FOR UPDATE";
inline constexpr std::string_view kSelectCounters = "SELECT name, value, update_time FROM counter";
inline constexpr std::string_view kRaiseRevision =
    "UPDATE counter SET value = value + 1, update_time = ? WHERE name = 'config_revision'";
inline constexpr std::string_view kSelectRevision = "SELECT value FROM counter WHERE name = 'config_revision'";
inline constexpr std::string_view kSetPlanEpoch =
    "UPDATE counter SET value = ?, update_time = ? WHERE name = 'plan_epoch'";

// Primary key (caller, request_id).
inline constexpr std::string_view kSelectRequest =
    "SELECT method, request, code, message, details, response FROM change_request WHERE caller = ? AND request_id = ?";
inline constexpr std::string_view kInsertRequest =
    "INSERT INTO change_request (caller, request_id, method, request, code, message, details, response, create_time) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
// by_time; in pieces, so that no lock is held for long.
inline constexpr std::string_view kPurgeRequests = "DELETE FROM change_request WHERE create_time < ? LIMIT 1000";

// Columns in the order in which ReadConfig takes them; `i` is config_item, `v` config_version.
#define TRIVIUM_CONTROL_CONFIG_COLUMNS                                                                           \
  "SELECT v.kind, v.name, v.version, v.revision, v.type_url, v.value, v.percentage, v.previous_value, v.actor, " \
  "v.reason, "                                                                                                   \
  "v.create_time FROM config_version v "
#define TRIVIUM_CONTROL_NEWEST "JOIN config_item i ON v.kind = i.kind AND v.name = i.name AND v.version = i.version "
// Primary keys.
inline constexpr std::string_view kSelectNewest =
    TRIVIUM_CONTROL_CONFIG_COLUMNS TRIVIUM_CONTROL_NEWEST "WHERE i.kind = ? AND i.name = ?";
inline constexpr std::string_view kSelectVersion =
    TRIVIUM_CONTROL_CONFIG_COLUMNS "WHERE v.kind = ? AND v.name = ? AND v.version = ?";
inline constexpr std::string_view kListNewest = TRIVIUM_CONTROL_CONFIG_COLUMNS TRIVIUM_CONTROL_NEWEST
    "WHERE (i.kind > ? OR (i.kind = ? AND i.name > ?)) AND (? = '' OR i.kind = ?) ORDER BY i.kind, i.name LIMIT ?";
// Primary key's prefix.
inline constexpr std::string_view kSelectKind =
    TRIVIUM_CONTROL_CONFIG_COLUMNS TRIVIUM_CONTROL_NEWEST "WHERE i.kind = ? ORDER BY i.name";
inline constexpr std::string_view kListVersions = TRIVIUM_CONTROL_CONFIG_COLUMNS
    "WHERE v.kind = ? AND v.name = ? AND (? = 0 OR v.version < ?) ORDER BY v.version DESC LIMIT ?";
// by_revision.
inline constexpr std::string_view kSelectSince =
    TRIVIUM_CONTROL_CONFIG_COLUMNS TRIVIUM_CONTROL_NEWEST "WHERE i.revision > ? ORDER BY i.revision";
#undef TRIVIUM_CONTROL_CONFIG_COLUMNS
#undef TRIVIUM_CONTROL_NEWEST
inline constexpr std::string_view kInsertVersion =
    "INSERT INTO config_version (kind, name, version, revision, type_url, value, percentage, previous_value, actor, "
    "reason, create_time) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
inline constexpr std::string_view kSetNewest =
    "INSERT INTO config_item (kind, name, version, revision) VALUES (?, ?, ?, ?) "
    "ON DUPLICATE KEY UPDATE version = VALUES(version), revision = VALUES(revision)";

// The whole table: a row a cell of a route.
inline constexpr std::string_view kSelectPlan =
    "SELECT product, service, cell, drained, epoch, canary_version, canary_percent FROM route_cell "
    "ORDER BY service, product, position";
// Primary key's prefix.
inline constexpr std::string_view kDeleteRoute = "DELETE FROM route_cell WHERE product = ? AND service = ?";
inline constexpr std::string_view kInsertCells =
    "INSERT INTO route_cell (product, service, position, cell, drained, epoch, canary_version, canary_percent) VALUES "
    "??*";

inline constexpr std::string_view kInsertAudit =
    "INSERT INTO audit (audit_time, actor, caller, action, object, product, reason, before_json, after_json, trace_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// Of this connection.
inline constexpr std::string_view kSelectInsertId = "SELECT LAST_INSERT_ID()";
// Primary key, backwards.
inline constexpr std::string_view kListAudit =
    "SELECT audit_id, audit_time, actor, caller, action, object, product, reason, before_json, after_json, trace_id "
    "FROM audit "
    "WHERE (? = 0 OR audit_id < ?) ORDER BY audit_id DESC LIMIT ?";
// by_object, backwards.
inline constexpr std::string_view kListAuditOfObject =
    "SELECT audit_id, audit_time, actor, caller, action, object, product, reason, before_json, after_json, trace_id "
    "FROM audit "
    "WHERE object = ? AND (? = 0 OR audit_id < ?) ORDER BY audit_id DESC LIMIT ?";

// The whole table: as many rows as instances.
inline constexpr std::string_view kSelectInstances =
    "SELECT instance_id, service, cell, address, version, ready, start_time, alive, kept, was_ready, last_heartbeat, "
    "lost_time, owner "
    "FROM instance";
inline constexpr std::string_view kTakeInstance =
    "REPLACE INTO instance (service, cell, address, version, ready, start_time, alive, kept, was_ready, "
    "last_heartbeat, lost_time, owner, "
    "instance_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// Primary key.
inline constexpr std::string_view kUpdateInstance =
    "UPDATE instance SET service = ?, cell = ?, address = ?, version = ?, ready = ?, start_time = ?, alive = ?, kept = "
    "?, was_ready = ?, "
    "last_heartbeat = ?, lost_time = ? WHERE owner = ? AND instance_id = ?";
// by_lost_time.
inline constexpr std::string_view kPurgeInstances = "DELETE FROM instance WHERE lost_time < ? LIMIT 1000";

}  // namespace trivium::control::sql
