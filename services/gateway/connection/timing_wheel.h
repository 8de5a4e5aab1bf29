// Timers of a reactor: hierarchical timing wheel (Varghese and Lauck 1987, scheme 7). Setting and cancelling cost a
// few pointers; a wheel with 10,000 pings a long time off costs nothing while it turns.
#pragma once

#include <array>
#include <cstdint>

namespace trivium::gateway {

// A place in the wheel; part of what it is for. kind and owner are the user's.
struct Timer {
  Timer(void* owner, uint8_t kind) : owner(owner), kind(kind) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  bool armed() const { return next != nullptr; }

  Timer* next = nullptr;
  Timer* previous = nullptr;
  uint64_t due_ms = 0;
  void* const owner;
  const uint8_t kind;
  uint8_t level = 0, slot = 0;
};

// Times are milliseconds of one clock that never goes back. Not thread-safe. Timers outlive their stay in it.
class TimingWheel {
 public:
  static constexpr int kLevels = 5;  // 64^5 ms: 12 days; what is due later is looked at again then.
  static constexpr uint64_t kNever = ~uint64_t{0};

  explicit TimingWheel(uint64_t now_ms);

  // Sets or moves a timer. A time that has passed is due at the next Advance.
  void Set(Timer& timer, uint64_t due_ms);
  void Cancel(Timer& timer);
  // Moves on to now_ms and hands every timer that is due to fire, oldest first by the millisecond; fire may set and
  // cancel any timer.
  template <typename Fire>
  void Advance(uint64_t now_ms, Fire fire) {
    while (Timer* timer = PopDue(now_ms)) fire(*timer);
  }
  // A time until which Advance would find nothing, at most the next timer's; kNever when no timer is set.
  uint64_t NextWake() const;

 private:
  static constexpr int kBits = 6, kSlots = 1 << kBits;

  Timer* PopDue(uint64_t now_ms);
  void Cascade(int level);
  void Insert(Timer& timer);
  static void Unlink(Timer& timer);

  uint64_t now_ms_;  // All that was due before it has been fired.
  // Circular lists; each begins with a Timer that stands for the list.
  struct Slot : Timer {
    Slot() : Timer(nullptr, 0) { next = previous = this; }
  };
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
  std::array<uint64_t, kLevels> occupied_{};  // A bit for each slot that isn't empty.
};

}  // namespace trivium::gateway
