// Metrics of this library.
#pragma once

#include "libs/telemetry/metrics.h"

namespace trivium::fanout {

inline constexpr Metric kMessages{
    "trivium_fanout_messages_total",
    "Messages that a publisher was asked to write, by outcome: done, already, need_restore, published, or the error's "
    "code.",
    {"product", "outcome"}};
inline constexpr Metric kRestoreChunks{"trivium_fanout_restore_chunks_total",
                                       "Parts of a channel's order that were to be restored, by outcome.",
                                       {"outcome"}};
inline constexpr Metric kReceived{
    "trivium_fanout_received_total", "Envelopes handed to the listener, by kind.", {"kind"}};
inline constexpr Metric kMalformed{
    "trivium_fanout_malformed_total",
    "Messages from pub/sub that were dropped because they are no envelope of a channel."};

}  // namespace trivium::fanout
