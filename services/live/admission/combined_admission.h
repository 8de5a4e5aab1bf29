// Participants' calls of many threads in few steps: what is asked while a step is on its way goes together with the
// next one, in the order in which it was asked. A script costs Redis and us much more than one more item of it.
#pragma once

#include <memory>

#include "services/live/admission/admission.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::live {

struct CombinedAdmissionOptions {
  size_t batch_max = 64;      // Items of a step: it holds the server up for some 1 ms.
  size_t queue_max = 10'000;  // Calls of one kind that wait for their step.
};

// As `inner`, but for: Join, Renew and Leave of one item wait for the step before. The item's time is that of the
// newest of its batch, and it is not asked at all when its deadline passes before (DEADLINE_EXCEEDED); when it passes
// afterwards, the outcome is UNKNOWN REDIS_OUTCOME_UNKNOWN. More than queue_max: RESOURCE_EXHAUSTED OVERLOADED.
// inner, clock, metrics: not owned; outlive it. Nobody calls it when it is destroyed.
std::unique_ptr<Admission> NewCombinedAdmission(CombinedAdmissionOptions options, Admission& inner, Clock& clock,
                                                Metrics& metrics);

}  // namespace trivium::live
