#include "services/gateway/connection/metrics.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "services/gateway/connection/close_code.h"

namespace trivium::gateway {
namespace {

constexpr const char* kReasonNames[kDropReasons] = {"slow", "closed"};

// A peer may send any code: only these become labels.
constexpr uint16_t kKnownCodes[] = {1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 3000, 3001, 3004, 3005,
                                    3006, 3008, 3009, 3010, 3011, 3012, 3013, 3500, 3501, 3502, 3503, 3504, 3505, 3507};

std::string CodeLabel(uint16_t code) {
  const bool known = std::find(std::begin(kKnownCodes), std::end(kKnownCodes), code) != std::end(kKnownCodes);
  return known ? std::to_string(code) : "other";
}

}  // namespace

Tally::Tally(Metrics& metrics)
    : metrics_(metrics),
      submissions_refused_(metrics.GetCounter(kSubmissionsRefused)),
      turn_seconds_(metrics.GetHistogram(kTurnSeconds)),
      levels_{Level{&connections, &metrics.GetGauge(kConnections)},
              Level{&queued_bytes, &metrics.GetGauge(kQueuedBytes)}} {
  size_t i = 0;
  sums_[i++] = {&received_bytes, &metrics.GetCounter(kReceivedBytes)};
  sums_[i++] = {&received_frames, &metrics.GetCounter(kReceivedFrames)};
  sums_[i++] = {&sent_bytes, &metrics.GetCounter(kSentBytes)};
  sums_[i++] = {&sent_frames, &metrics.GetCounter(kSentFrames)};
  sums_[i++] = {&writes, &metrics.GetCounter(kWrites)};
  for (int c = 0; c < kFrameClasses; ++c) {
    for (int why = 0; why < kDropReasons; ++why) {
      const char* name = FrameClassName(static_cast<FrameClass>(c));
      sums_[i++] = {&dropped_[c][why], &metrics.GetCounter(kDroppedFrames, {name, kReasonNames[why]})};
    }
  }
}

void Tally::Publish() {
  for (Sum& sum : sums_) {
    if (*sum.value == sum.published) continue;
    sum.counter->Add(static_cast<double>(*sum.value - sum.published));
    sum.published = *sum.value;
  }
  for (Level& level : levels_) {
    if (*level.value == level.published) continue;
    level.gauge->Add(static_cast<double>(*level.value - level.published));
    level.published = *level.value;
  }
}

void Tally::Closed(uint16_t code, bool by_peer) {
  metrics_.GetCounter(kCloses, {CodeLabel(code), by_peer ? "client" : "gateway"}).Add();
}

}  // namespace trivium::gateway
