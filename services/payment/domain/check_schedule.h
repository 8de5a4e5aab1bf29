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

// Most that the next question is put off by one that could not be asked, by an error of the PSP's own (up to
// kErrorsAskedSoon in a row), or by the first one that was not answered.
inline constexpr absl::Duration kUnansweredDelayMax = absl::Seconds(10);
// Most that the next question is put off by further errors and silence.
inline constexpr absl::Duration kFailingDelayMax = absl::Minutes(5);
// A PSP that stumbles has often recovered within a minute; one that always fails about an object will go on.
inline constexpr int kErrorsAskedSoon = 6;

// Delay before the next question about an object that has stood as it is for `age`, after `checks` questions and one
// more that brought no news. Never longer than it has stood so: the gaps double at first, then follow the schedule.
inline absl::Duration DelayAfterNoNews(absl::Duration age, int checks) {
  return std::min(CheckDelay(checks + 1), std::max(CheckDelay(0), age));
}

// Delay before the next question about an object after `failed` questions in a row that brought nothing, of which the
// last `unanswered` were not answered and the others were answered with errors. 0 of both: it was not asked (the PSP's
// breaker is open), which says nothing about the object and must not move its next question far into the future. An
// object that stays silent is asked about ever less, at once, since each question costs a thread and a time-out; one
// with errors, which cost neither, after several.
inline absl::Duration DelayAfterFailure(absl::Duration age, int checks, int failed, int unanswered) {
  const int doublings = std::max(unanswered - 1, failed - kErrorsAskedSoon);
  if (doublings <= 0) return std::min(DelayAfterNoNews(age, checks), kUnansweredDelayMax);
  return std::min(kUnansweredDelayMax * (1 << std::min(doublings, 10)), kFailingDelayMax);
}

// Between half of a delay and all of it, by the object's id: what was refused together does not come back together.
inline absl::Duration Spread(absl::Duration delay, const Id& id) {
  return delay / 2 + delay / 2 * (static_cast<double>(id.Hash() % 1024) / 1023);
}

}  // namespace trivium::payment
