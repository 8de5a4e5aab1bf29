// Fields of the requests that have a request_id, in the order of their fingerprints.
#pragma once

namespace trivium::live {

inline constexpr const char* kCreateRoomFields[] = {
    "room_ref", "type",  "title",      "institution_id", "start_time", "duration",   "auto_start",
    "auto_end", "seats", "stage_size", "staff_slots",    "capacity",   "close_delay"};
inline constexpr const char* kUpdateRoomFields[] = {"room_id",     "title",    "start_time", "duration",
                                                    "auto_start",  "auto_end", "seats",      "stage_size",
                                                    "staff_slots", "capacity", "close_delay"};
inline constexpr const char* kRoomIdFields[] = {"room_id"};

}  // namespace trivium::live
