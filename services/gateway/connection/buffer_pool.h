// Buffers for unfinished messages, lent by a reactor to its connections.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace trivium::gateway {

// Keeps a few returned buffers for the next borrower; the rest is freed. Not thread-safe.
class BufferPool {
 public:
  static constexpr size_t kMaxKept = 64;
  static constexpr size_t kMaxKeptCapacity = 16 << 10;  // A buffer that grew beyond goes back to the heap.

  // An empty buffer.
  std::unique_ptr<std::string> Borrow() {
    ++lent_;
    if (kept_.empty()) return std::make_unique<std::string>();
    auto buffer = std::move(kept_.back());
    kept_.pop_back();
    return buffer;
  }
  void Return(std::unique_ptr<std::string> buffer) {
    --lent_;
    if (kept_.size() >= kMaxKept || buffer->capacity() > kMaxKeptCapacity) return;
    buffer->clear();
    kept_.push_back(std::move(buffer));
  }
  // Buffers that are out.
  size_t lent() const { return lent_; }

 private:
  std::vector<std::unique_ptr<std::string>> kept_;
  size_t lent_ = 0;
};

}  // namespace trivium::gateway
