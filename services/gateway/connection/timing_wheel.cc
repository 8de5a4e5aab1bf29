#include "services/gateway/connection/timing_wheel.h"

#include <algorithm>
#include <bit>

namespace trivium::gateway {

TimingWheel::TimingWheel(uint64_t now_ms) : now_ms_(now_ms) {}

void TimingWheel::Set(Timer& timer, uint64_t due_ms) {
  Cancel(timer);
  timer.due_ms = due_ms;
  Insert(timer);
}

void TimingWheel::Cancel(Timer& timer) {
  if (!timer.armed()) return;
  Unlink(timer);
  const Slot& slot = slots_[timer.level][timer.slot];
  if (slot.next == &slot) occupied_[timer.level] &= ~(uint64_t{1} << timer.slot);
}

void TimingWheel::Unlink(Timer& timer) {
  timer.previous->next = timer.next;
  timer.next->previous = timer.previous;
  timer.next = timer.previous = nullptr;
}

// The level is that of the highest group of six bits in which the due time differs from now: there its slot comes up
// before the wheel of that level has turned once.
void TimingWheel::Insert(Timer& timer) {
  const uint64_t horizon = now_ms_ + (uint64_t{1} << (kBits * kLevels)) - (uint64_t{1} << (kBits * (kLevels - 1)));
  const uint64_t at = std::clamp(timer.due_ms, now_ms_, horizon);
  const int highest_bit = 63 - std::countl_zero((at ^ now_ms_) | 1);
  const int level = std::min(highest_bit / kBits, kLevels - 1);
  timer.level = static_cast<uint8_t>(level);
  timer.slot = static_cast<uint8_t>(at >> (kBits * level) & (kSlots - 1));
  Slot& slot = slots_[level][timer.slot];
  timer.previous = slot.previous;
  timer.next = &slot;
  slot.previous->next = &timer;
  slot.previous = &timer;
  occupied_[level] |= uint64_t{1} << timer.slot;
}

Timer* TimingWheel::PopDue(uint64_t now_ms) {
  while (true) {
    Slot& slot = slots_[0][now_ms_ & (kSlots - 1)];
    if (slot.next != &slot) {
      Timer& timer = *slot.next;
      Cancel(timer);
      return &timer;
    }
    if (now_ms_ >= now_ms) return nullptr;
    now_ms_ = std::min(NextWake(), now_ms);
    // Timers of a higher level whose slot has just come up move down.
    for (int level = kLevels - 1; level > 0; --level) {
      if ((now_ms_ & ((uint64_t{1} << (kBits * level)) - 1)) == 0) Cascade(level);
    }
  }
}

// Each goes to a lower level, or, when it lay beyond the horizon, to another slot of this one.
void TimingWheel::Cascade(int level) {
  Slot& slot = slots_[level][now_ms_ >> (kBits * level) & (kSlots - 1)];
  while (slot.next != &slot) {
    Timer& timer = *slot.next;
    Cancel(timer);
    Insert(timer);
  }
}

uint64_t TimingWheel::NextWake() const {
  uint64_t wake = kNever;
  for (int level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const int shift = kBits * level;
    const uint64_t turn = now_ms_ >> shift;
    // Level 0's own slot is due now; above, the current slot has been moved down, so it means the next time round.
    const int from = static_cast<int>(turn & (kSlots - 1)) + (level == 0 ? 0 : 1);
    const uint64_t ahead = std::countr_zero(std::rotr(occupied_[level], from));
    const uint64_t distance = ahead + (level == 0 ? 0 : 1);
    wake = std::min(wake, (turn + distance) << shift);
  }
  return std::max(wake, now_ms_);
}

}  // namespace trivium::gateway
