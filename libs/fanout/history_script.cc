#include "libs/fanout/history_script.h"

#include <string>

namespace trivium::fanout {
namespace {

// "#!lua" lets Redis check before a script starts that it may write (memory, disk, role), so none ends half-way.
constexpr char kWrites[] = "#!lua\n";
constexpr char kReads[] = "#!lua flags=no-writes\n";

// Lua's tostring turns 1e14 into text with an exponent; int does not.
constexpr char kState[] = R"lua(
local function int(number) return string.format('%.0f', number) end

local function load(meta)
  local info = redis.call('INFO', 'replication')
  local at = string.find(info, 'master_replid:', 1, true) + 14
  local lineage = string.sub(info, at, at + 39)
  local m = redis.call('HMGET', meta, 'lineage', 'epoch', 'offset', 'sequence')
  if m[1] ~= lineage then return {lineage = lineage, offset = 0, sequence = 0} end
  return {lineage = lineage, epoch = m[2], offset = tonumber(m[3]), sequence = tonumber(m[4])}
end
)lua";

// MAXLEN ~ and not =: an exact trim only marks entries of the oldest node as deleted, which frees no memory and costs a
// walk over the marks with each append. So a history holds at most one node more than its size (100 entries or 4 KiB).
constexpr char kAppend[] = R"lua(
local function begin(s)
  if s.epoch then return end
  redis.call('DEL', KEYS[1], KEYS[2])
  s.epoch = ARGV[2]
end

local function append(s, kind, sequence, payload)
  begin(s)
  s.offset = s.offset + 1
  if sequence > 0 then s.sequence = sequence end
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], int(s.offset) .. '-0', 's', int(sequence), 'd', payload)
  if kind > 0 then
    redis.call('PUBLISH', ARGV[1],
      struct.pack('>BBI8I8B', 1, kind, s.offset, sequence, #s.epoch) .. s.epoch .. payload)
  end
  s.changed = true
end

local function save(s)
  if not s.changed then return end
  redis.call('HSET', KEYS[1], 'lineage', s.lineage, 'epoch', s.epoch, 'offset', int(s.offset),
    'sequence', int(s.sequence))
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end

local function answer(code, s)
  return {code, s.epoch or '', int(s.offset), int(s.sequence)}
end
)lua";

constexpr char kAppendMessages[] = R"lua(
-- Offset of a message that is there, when it is among the newest 100.
local function offset_of(sequence)
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 100)) do
    if entry[2][2] == int(sequence) then return string.match(entry[1], '%d+') end
  end
  return '0'
end

local s = load(KEYS[1])
local answers, next_once = {}, 3
for i = 6, #ARGV, 3 do
  local sequence, once = tonumber(ARGV[i]), nil
  if ARGV[i + 1] ~= '0' then once, next_once = KEYS[next_once], next_once + 1 end
  local result = once and redis.call('GET', once)
  if result then
    local epoch, offset = string.match(result, '^(%S+) (%d+)$')
    table.insert(answers, {2, epoch, offset, int(s.sequence)})
  elseif sequence > 0 and sequence <= s.sequence then
    table.insert(answers, {2, s.epoch, offset_of(sequence), int(s.sequence)})
  elseif sequence > s.sequence + 1 then
    table.insert(answers, answer(3, s))
  else
    append(s, 1, sequence, ARGV[i + 2])
    if once then redis.call('SET', once, s.epoch .. ' ' .. int(s.offset), 'PX', ARGV[i + 1]) end
    table.insert(answers, answer(1, s))
  end
end
save(s)
return answers
)lua";

constexpr char kRestore[] = R"lua(
local s = load(KEYS[1])
local kind, after, through = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
if s.sequence >= through then return answer(2, s) end
if s.sequence < after then return answer(3, s) end
begin(s)
for i = 9, #ARGV, 2 do
  local sequence = tonumber(ARGV[i])
  if sequence > s.sequence then append(s, kind, sequence, ARGV[i + 1]) end
end
s.sequence, s.changed = through, true
save(s)
return answer(1, s)
)lua";

constexpr char kRead[] = R"lua(
local s = load(KEYS[1])
if not s.epoch then return {'', '0', '0', {}} end
local since_epoch, after = ARGV[1], tonumber(ARGV[2])
local left, newest_first, bytes = tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
if since_epoch ~= '' and since_epoch ~= s.epoch then left = 0 end

-- Growing pages, so that a history of large payloads is not read much further than it may be answered.
local entries, first, last, count = {}, after + 1, s.offset, 1
while left > 0 and bytes > 0 and first <= last do
  count = math.min(left, count)
  local page
  if newest_first then
    page = redis.call('XREVRANGE', KEYS[2], int(last) .. '-0', int(first) .. '-0', 'COUNT', count)
  else
    page = redis.call('XRANGE', KEYS[2], int(first) .. '-0', int(last) .. '-0', 'COUNT', count)
  end
  for _, entry in ipairs(page) do
    if bytes <= 0 then break end
    table.insert(entries, entry)
    bytes = bytes - #entry[2][4]
  end
  if #page < count then break end
  left, count = left - count, math.min(count * 2, 64)
  local edge = tonumber(string.match(page[#page][1], '%d+'))
  if newest_first then last = edge - 1 else first = edge + 1 end
end
return {s.epoch, int(s.offset), int(s.sequence), entries}
)lua";

}  // namespace

const redis::Script& AppendScript() {
  static const auto* const script = new redis::Script(std::string(kWrites) + kState + kAppend + kAppendMessages);
  return *script;
}

const redis::Script& RestoreScript() {
  static const auto* const script = new redis::Script(std::string(kWrites) + kState + kAppend + kRestore);
  return *script;
}

const redis::Script& ReadScript() {
  static const auto* const script = new redis::Script(std::string(kReads) + kState + kRead);
  return *script;
}

}  // namespace trivium::fanout
