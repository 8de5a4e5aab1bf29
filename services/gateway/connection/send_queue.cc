#include "services/gateway/connection/send_queue.h"

#include <algorithm>
#include <bit>

namespace trivium::gateway {
namespace {

constexpr uintptr_t kClassBits = 7;  // Blocks are aligned to 8.
constexpr const char* kClassNames[kFrameClasses] = {"LOSSY", "ORDERED", "RELIABLE", "CONTROL"};

int SizeIndex(uint32_t capacity) { return std::countr_zero(capacity) - std::countr_zero(RingPool::kSmallest); }

// Positions wrap round; their differences don't.
bool IsBefore(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

FrameClass ClassOf(uintptr_t slot) { return static_cast<FrameClass>(slot & kClassBits); }

}  // namespace

const char* FrameClassName(FrameClass frame_class) { return kClassNames[static_cast<int>(frame_class)]; }

RingPool::~RingPool() {
  for (const auto& rings : kept_) {
    for (const uintptr_t* ring : rings) delete[] ring;
  }
}

uintptr_t* RingPool::Borrow(uint32_t capacity) {
  if (capacity > kLargestKept || kept_[SizeIndex(capacity)].empty()) return new uintptr_t[capacity];
  auto& rings = kept_[SizeIndex(capacity)];
  uintptr_t* ring = rings.back();
  rings.pop_back();
  return ring;
}

void RingPool::Return(uintptr_t* ring, uint32_t capacity) {
  if (ring == nullptr) return;
  if (capacity > kLargestKept || kept_[SizeIndex(capacity)].size() >= kMaxKept) {
    delete[] ring;
  } else {
    kept_[SizeIndex(capacity)].push_back(ring);
  }
}

SendQueue::~SendQueue() {
  for (uint32_t at = head_; at != tail_; ++at) {
    if (At(at) != 0) SharedFrame::Drop(reinterpret_cast<SharedFrame::Block*>(At(at) & ~kClassBits), 1);
  }
  pool_.Return(ring_, capacity_);
}

void SendQueue::Push(const SharedFrame& frame, FrameClass frame_class) {
  static_assert(alignof(SharedFrame::Block) > kClassBits);
  if (tail_ - head_ == capacity_) MakeRoom();
  frame.AddReferences(1);
  At(tail_++) = reinterpret_cast<uintptr_t>(frame.block_) | static_cast<uintptr_t>(frame_class);
  bytes_ += frame.size();
  ++frames_;
}

std::optional<SendQueue::Entry> SendQueue::DropOldestLossy() {
  uint32_t at = first_droppable();
  if (IsBefore(at, no_lossy_before_)) at = no_lossy_before_;
  while (at != tail_ && (At(at) == 0 || ClassOf(At(at)) != FrameClass::kLossy)) ++at;
  no_lossy_before_ = at;
  if (at == tail_) return std::nullopt;
  Entry entry = TakeOut(at);
  PopHoles();
  return entry;
}

// Leaves a hole.
SendQueue::Entry SendQueue::TakeOut(uint32_t position) {
  const uintptr_t slot = std::exchange(At(position), 0);
  Entry entry{SharedFrame(reinterpret_cast<SharedFrame::Block*>(slot & ~kClassBits)), ClassOf(slot)};
  bytes_ -= entry.frame.size();
  if (position == head_) bytes_ += std::exchange(written_, 0);
  --frames_;
  return entry;
}

int SendQueue::Gather(iovec* iov, int max) const {
  int n = 0;
  for (uint32_t at = head_; at != tail_ && n < max; ++at) {
    if (At(at) == 0) continue;
    auto* block = reinterpret_cast<SharedFrame::Block*>(At(at) & ~kClassBits);
    const size_t skip = n == 0 ? written_ : 0;
    iov[n++] = {reinterpret_cast<char*>(block + 1) + skip, block->size - skip};
  }
  return n;
}

uint32_t SendQueue::Advance(size_t written) {
  bytes_ -= written;
  written_ += written;
  uint32_t finished = 0;
  while (head_ != tail_) {
    if (At(head_) == 0) {
      ++head_;
      continue;
    }
    auto* block = reinterpret_cast<SharedFrame::Block*>(At(head_) & ~kClassBits);
    if (written_ < block->size) break;
    written_ -= block->size;
    SharedFrame::Drop(block, 1);
    ++head_;
    ++finished;
  }
  frames_ -= finished;
  PopHoles();
  return finished;
}

// Holes at the front go, and with the last frame the ring.
void SendQueue::PopHoles() {
  while (head_ != tail_ && At(head_) == 0) ++head_;
  if (IsBefore(no_lossy_before_, head_)) no_lossy_before_ = head_;
  if (frames_ > 0) return;
  pool_.Return(std::exchange(ring_, nullptr), std::exchange(capacity_, 0));
  head_ = tail_ = no_lossy_before_ = 0;
}

// The ring is full: it is packed when half of it is holes, else doubled.
void SendQueue::MakeRoom() {
  const uint32_t capacity = capacity_ == 0 ? RingPool::kSmallest : frames_ <= capacity_ / 2 ? capacity_ : capacity_ * 2;
  MoveTo(pool_.Borrow(capacity), capacity);
}

void SendQueue::MoveTo(uintptr_t* ring, uint32_t capacity) {
  uint32_t size = 0;
  for (uint32_t at = head_; at != tail_; ++at) {
    if (At(at) != 0) ring[size++] = At(at);
  }
  pool_.Return(ring_, capacity_);
  ring_ = ring;
  capacity_ = capacity;
  head_ = no_lossy_before_ = 0;
  tail_ = size;
}

}  // namespace trivium::gateway
