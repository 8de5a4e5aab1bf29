#include "libs/clock/clock.h"

#include <chrono>
#include <thread>

namespace trivium {
namespace {

class RealClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Monotonic() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
  void Sleep(absl::Duration d) override { std::this_thread::sleep_for(absl::ToChronoNanoseconds(d)); }
};

}  // namespace

Clock& Clock::Real() {
  static RealClock* clock = new RealClock;
  return *clock;
}

}  // namespace trivium
