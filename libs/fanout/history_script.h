// The Lua scripts of a channel's history. Each touches the keys of one channel, so it is atomic and in one slot.
//
// Epochs and lost writes. Redis with appendfsync everysec may lose the last second in a crash, and a replica that takes
// over may lack the newest writes: an offset could then be given out twice under one epoch. So the meta hash notes the
// lineage of the data set in which it was written - master_replid of INFO replication, which Redis changes whenever a
// server starts as a master or becomes one (Redis documentation, "Replication": a replication ID marks a given history
// of the data set) - and a meta of another lineage counts as none: the channel begins again, under a new epoch. The
// check is in the script itself, so nobody can append between a restart and its discovery. Moving a slot to another
// node changes the lineage as well: it costs an epoch without need, and is rare.
#pragma once

#include <cstdint>

#include "libs/redis/script.h"

namespace trivium::fanout {

// Codes of the append and restore scripts' answers.
enum class Code : int64_t { kDone = 1, kAlready = 2, kNeedRestore = 3 };

// KEYS: meta, history, then a once key for each message that has one, in their order.
// ARGV: events name, epoch if a new one begins, history size, history TTL ms, meta TTL ms; then for each message:
//   sequence ("0": none), TTL ms of its once key ("0": it has none), payload.
// Answer: for each message {code, epoch, offset, last sequence}.
const redis::Script& AppendScript();

// KEYS: meta, history. ARGV: as AppendScript's first five; kind to publish as ("0": do not publish), after, through;
//   then for each entry: sequence, payload. Answer: {code, epoch, offset, last sequence}.
const redis::Script& RestoreScript();

// KEYS: meta, history. ARGV: epoch of since, offset of since, limit, "1" to read newest first, bytes at which it stops.
// Answer: {epoch, offset, last sequence, {{"<offset>-0", {"s", sequence, "d", payload}}, ...}}; epoch "" for no
// history.
const redis::Script& ReadScript();

}  // namespace trivium::fanout
