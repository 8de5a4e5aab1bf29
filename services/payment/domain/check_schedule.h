// When the platform asks a PSP by itself about a payment or refund that is silent: soon at first, then less and less
// often, for ever.
#pragma once

#include <algorithm>
#include <iterator>

#include "absl/time/time.h"

namespace trivium::payment {

// Delay before the next question, after `checks` of them.
inline absl::Duration CheckDelay(int checks) {
  static constexpr int kSeconds[] = {2, 5, 15, 60, 300, 900, 3600};
  return absl::Seconds(kSeconds[std::clamp<int>(checks, 0, std::size(kSeconds) - 1)]);
}

// Most that the next question is put off by one that the PSP did not answer.
inline constexpr absl::Duration kUnansweredDelayMax = absl::Seconds(10);

// Delay before the next question about an object that has stood as it is for `age`, after `checks` questions and one
// more that brought no news. Never longer than it has stood so: the gaps double at first, then follow the schedule.
// A question that the PSP did not answer says nothing about the object: an outage must not move the next one far into
// the future, however many were asked in it.
inline absl::Duration DelayAfterNoNews(absl::Duration age, int checks, bool answered) {
  const absl::Duration delay = std::min(CheckDelay(checks + 1), std::max(CheckDelay(0), age));
  return answered ? delay : std::min(delay, kUnansweredDelayMax);
}

}  // namespace trivium::payment
