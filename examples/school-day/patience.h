// How long a day waits for what is on its way.
#pragma once

#include <cstddef>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trivium::schoolday {

// Is over when nothing has happened for `most`: a big day takes as long as it takes, one that is stuck is noticed. Not
// thread-safe.
class Patience {
 public:
  explicit Patience(absl::Duration most) : most_(most), until_(absl::Now() + most) {}
  // happened: a count that grows whenever something happens.
  bool IsOver(size_t happened) {
    const absl::Time now = absl::Now();
    if (happened != happened_) until_ = now + most_;
    happened_ = happened;
    return now > until_;
  }

 private:
  const absl::Duration most_;
  absl::Time until_;
  size_t happened_ = 0;
};

}  // namespace trivium::schoolday
