#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

#include "absl/time/time.h"
#include "libs/id/id.h"
#include "libs/sync/mutex.h"

namespace trivium {
namespace {

constexpr uint64_t kRandomBitsB = 62;  // UUIDv7's rand_b.
constexpr uint64_t kMaskB = (uint64_t{1} << kRandomBitsB) - 1;
constexpr uint64_t kMaskA = 0xfff;  // rand_a, 12 bits.
constexpr uint64_t kMaskMs = (uint64_t{1} << 48) - 1;

// Kernel randomness, fetched in blocks: a system call an id would cost more than the id.
class KernelBits {
 public:
  uint64_t operator()() {
    if (next_ == block_.size()) Refill();
    return block_[next_++];
  }

 private:
  void Refill() {
    auto* out = reinterpret_cast<char*>(block_.data());
    size_t filled = 0;
    while (filled < sizeof(block_)) {
      const ssize_t n = getrandom(out + filled, sizeof(block_) - filled, 0);
      if (n > 0) filled += static_cast<size_t>(n);
      // Only a kernel without getrandom(2) fails otherwise; ids that repeat would be worse than an end.
      if (n < 0 && errno != EINTR) std::abort();
    }
    next_ = 0;
  }

  std::array<uint64_t, 32> block_{};
  size_t next_ = block_.size();
};

struct SeededBits {
  explicit SeededBits(uint64_t seed) : engine(seed) {}
  uint64_t operator()() { return engine(); }
  std::mt19937_64 engine;
};

template <typename Bits>
class Generator : public IdGenerator {
 public:
  Generator(Clock& clock, Bits bits) : clock_(clock), bits_(std::move(bits)) {}

  Id Next() override {
    const uint64_t now_ms = static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(clock_.Now()), 0)) & kMaskMs;
    MutexLock lock(mu_);
    if (now_ms > ms_) {
      ms_ = now_ms;
      a_ = bits_() & kMaskA;
      b_ = bits_() & kMaskB;
    } else {
      Increment();
    }
    return Assemble();
  }

 private:
  // A step of 1 to 2^32 keeps the next id hard to guess (RFC 9562 section 6.2, method 2); a carry goes up to the time.
  void Increment() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    b_ += (bits_() & 0xffffffff) + 1;
    if (b_ <= kMaskB) return;
    b_ &= kMaskB;
    if (++a_ <= kMaskA) return;
    a_ = 0;
    ++ms_;
  }

  Id Assemble() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const uint64_t high = ms_ << 16 | uint64_t{7} << 12 | a_;
    const uint64_t low = uint64_t{2} << kRandomBitsB | b_;
    Id id;
    for (int i = 0; i < 8; ++i) {
      id.bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
      id.bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
    }
    return id;
  }

  Clock& clock_;  // Not owned; outlives this.
  Mutex mu_;
  Bits bits_ ABSL_GUARDED_BY(mu_);
  uint64_t ms_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t a_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t b_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

std::unique_ptr<IdGenerator> NewIdGenerator(Clock& clock) {
  return std::make_unique<Generator<KernelBits>>(clock, KernelBits());
}

std::unique_ptr<IdGenerator> NewSeededIdGenerator(Clock& clock, uint64_t seed) {
  return std::make_unique<Generator<SeededBits>>(clock, SeededBits(seed));
}

}  // namespace trivium
