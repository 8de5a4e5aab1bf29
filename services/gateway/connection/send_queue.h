// What a connection has still to write: frames in order, in a ring that is borrowed only while there are any.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/gateway/connection/shared_frame.h"

namespace trivium::gateway {

// What a frame is, and so what may happen to it when its connection is slow.
enum class FrameClass : uint8_t {
  kLossy,     // The oldest ones are dropped.
  kOrdered,   // The connection is closed: the client comes back and recovers.
  kReliable,  // As kOrdered; the ledger counts it by itself.
  kControl,   // Answers, pings, pongs. As kOrdered.
};
inline constexpr int kFrameClasses = 4;
const char* FrameClassName(FrameClass frame_class);  // "LOSSY", ...

// Rings of queues, by size, for reuse by the next one. Not thread-safe.
class RingPool {
 public:
  static constexpr uint32_t kSmallest = 16, kLargestKept = 256;  // Slots.
  static constexpr size_t kMaxKept = 16384;                      // Rings of each size.

  ~RingPool();
  uintptr_t* Borrow(uint32_t capacity);
  void Return(uintptr_t* ring, uint32_t capacity);

 private:
  static constexpr int kSizes = 5;  // 16, 32, ..., 256.
  std::array<std::vector<uintptr_t*>, kSizes> kept_;
};

// Not thread-safe; no lock and, while the pool has rings, no allocation a frame.
class SendQueue {
 public:
  // pool: not owned; outlives this.
  explicit SendQueue(RingPool& pool) : pool_(pool) {}
  ~SendQueue();
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  struct Entry {
    SharedFrame frame;
    FrameClass frame_class;
  };

  bool empty() const { return frames_ == 0; }
  size_t bytes() const { return bytes_; }      // Not yet written.
  uint32_t frames() const { return frames_; }  // Not yet written whole.
  // Whether a part of the first frame was written: it can't be taken back.
  bool mid_frame() const { return written_ > 0; }

  void Push(const SharedFrame& frame, FrameClass frame_class);
  // Takes out the oldest LOSSY frame of which nothing was written; none: there is no such.
  std::optional<Entry> DropOldestLossy();
  // Takes out every frame, oldest first, and hands it to told(const Entry&). started_too: also the one of which a part
  // was written, which is right only when nothing more will be.
  template <typename Told>
  void DropAll(bool started_too, Told told) {
    const uint32_t first = started_too ? head_ : first_droppable();
    for (uint32_t at = first; at != tail_; ++at) {
      if (At(at) != 0) told(TakeOut(at));
    }
    tail_ = first;
    PopHoles();
  }

  // Fills iov with the oldest bytes; returns how many entries were used, at most max.
  int Gather(iovec* iov, int max) const;
  // So many bytes were written; returns how many frames that finished.
  uint32_t Advance(size_t written);

 private:
  uintptr_t& At(uint32_t position) { return ring_[position & (capacity_ - 1)]; }
  const uintptr_t& At(uint32_t position) const { return ring_[position & (capacity_ - 1)]; }
  uint32_t first_droppable() const { return head_ + (mid_frame() ? 1 : 0); }
  Entry TakeOut(uint32_t position);
  void PopHoles();
  void MakeRoom();
  void MoveTo(uintptr_t* ring, uint32_t capacity);

  RingPool& pool_;
  uintptr_t* ring_ = nullptr;           // Slots: a frame's block with its class in the low bits; 0: dropped, a hole.
  size_t bytes_ = 0, written_ = 0;      // written_: of the first frame.
  uint32_t capacity_ = 0, frames_ = 0;  // capacity_: 0 or a power of two.
  uint32_t head_ = 0, tail_ = 0;        // Positions, counted through: the slot is position % capacity_.
  uint32_t no_lossy_before_ = 0;        // Position: so that a search for LOSSY frames never looks twice.
};

}  // namespace trivium::gateway
