// An encoded frame, header and payload, that any number of connections share: a message is encoded once for each form
// of the protocol, however many receive it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "services/gateway/connection/frame.h"

namespace trivium::gateway {

// Counted reference to immutable bytes in one block of memory. Copies may be used by different threads.
class SharedFrame {
 public:
  // tag: the owner's, handed back with a frame that was dropped (OnDropped); nothing here reads it.
  static SharedFrame Make(Opcode opcode, std::string_view payload, uint64_t tag = 0);
  static SharedFrame Close(uint16_t code, std::string_view reason);

  SharedFrame() = default;
  SharedFrame(const SharedFrame& other) : block_(other.block_) { AddReferences(1); }
  SharedFrame(SharedFrame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedFrame& operator=(SharedFrame other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedFrame() { Drop(block_, 1); }

  explicit operator bool() const { return block_ != nullptr; }
  // None of a null frame.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(block_ + 1), block_->size}; }
  size_t size() const { return block_->size; }
  uint64_t tag() const { return block_->tag; }
  // How many share it: 1 when the caller alone has it.
  uint64_t references() const { return block_ == nullptr ? 0 : block_->references.load(std::memory_order_acquire); }

 private:
  friend class SendQueue;
  // The bytes follow.
  struct Block {
    std::atomic<uint64_t> references{1};
    size_t size;
    uint64_t tag;
  };
  explicit SharedFrame(Block* block) : block_(block) {}
  void AddReferences(uint64_t n) const {
    if (block_ != nullptr) block_->references.fetch_add(n, std::memory_order_relaxed);
  }
  static void Drop(Block* block, uint64_t n);

  Block* block_ = nullptr;
};

}  // namespace trivium::gateway
