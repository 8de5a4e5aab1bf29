// Fields of requests that count when a request_id comes again (libs/text/fingerprint.h), in this order for ever:
// appending one is a migration.
#pragma once

#include "libs/text/fingerprint.h"

namespace trivium::push {

inline constexpr const char* kPublishFields[] = {
    "target", "class", "data", "ttl", "dedupe_key", "collapse_key", "priority", "schedule_time", "vendor_after"};
inline constexpr const char* kCancelMessageFields[] = {"message_id"};
inline constexpr const char* kRoomMembersFields[] = {"room_id", "user_ids"};
inline constexpr const char* kUpdateUserTagsFields[] = {"user_id", "set", "remove"};

}  // namespace trivium::push
