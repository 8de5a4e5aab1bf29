// What pub/sub says, as envelopes of channels.
#pragma once

#include <array>
#include <string_view>

#include "libs/fanout/receiver.h"
#include "libs/redis/subscriber.h"
#include "libs/telemetry/metrics.h"

namespace trivium::fanout {

// Takes names and envelopes apart without copying: a gateway hears 100,000 a second. As thread-safe as its listener.
class EnvelopeListener : public redis::SubscriberListener {
 public:
  // Both outlive it.
  EnvelopeListener(ReceiverListener& listener, Metrics& metrics);

  void OnMessage(std::string_view name, std::string_view payload) override;
  void OnSubscribed(std::string_view name) override;
  void OnLost() override { listener_.OnLost(); }

 private:
  ReceiverListener& listener_;
  Counter& malformed_;
  std::array<Counter*, 3> received_;  // By Kind.
};

}  // namespace trivium::fanout
