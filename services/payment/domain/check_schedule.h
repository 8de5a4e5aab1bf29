// When the platform asks a PSP by itself about a payment or refund that is silent: soon at first, then less and less
// often, for ever.
#pragma once

#include <algorithm>
#include <iterator>

#include "absl/time/time.h"
#include "libs/id/id_value.h"

namespace trivium::payment {

// Delay before the next question, after `checks` of them.
inline absl::Duration CheckDelay(int checks) {
  static constexpr int kSeconds[] = {2, 5, 15, 60, 300, 900, 3600};
  return absl::Seconds(kSeconds[std::clamp<int>(checks, 0, std::size(kSeconds) - 1)]);
}

// Most that the next question is put off by one that could not be asked, that the PSP answered with an error of its own,
// or that was not answered for the first time.
inline constexpr absl::Duration kUnansweredDelayMax = absl::Seconds(10);
// Most that the next question about an object that stays silent is put off.
inline constexpr absl::Duration kSilentDelayMax = absl::Minutes(5);

// Delay before the next question about an object that has stood as it is for `age`, after `checks` questions and one
// more that brought no news. Never longer than it has stood so: the gaps double at first, then follow the schedule.
inline absl::Duration DelayAfterNoNews(absl::Duration age, int checks) {
  return std::min(CheckDelay(checks + 1), std::max(CheckDelay(0), age));
}

// Delay before the next question about an object that the PSP was not asked about (its breaker is open) or stumbled
// over (unanswered: 0), or did not answer about, `unanswered` times in a row. An outage says nothing about the object
// and must not move its next question far into the future; an object that was asked about and stays silent is asked
// about ever less, since each question costs a thread and a time-out.
inline absl::Duration DelayAfterNoAnswer(absl::Duration age, int checks, int unanswered) {
  if (unanswered < 2) return std::min(DelayAfterNoNews(age, checks), kUnansweredDelayMax);
  return std::min(kUnansweredDelayMax * (1 << std::min(unanswered - 1, 10)), kSilentDelayMax);
}

// Between half of a delay and all of it, by the object's id: what was refused together does not come back together.
inline absl::Duration Spread(absl::Duration delay, const Id& id) {
  return delay / 2 + delay / 2 * (static_cast<double>(id.Hash() % 1024) / 1023);
}

}  // namespace trivium::payment
