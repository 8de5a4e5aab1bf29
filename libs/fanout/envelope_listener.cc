#include "libs/fanout/envelope_listener.h"

#include <optional>

#include "libs/fanout/metrics.h"

namespace trivium::fanout {

EnvelopeListener::EnvelopeListener(ReceiverListener& listener, Metrics& metrics)
    : listener_(listener),
      malformed_(metrics.GetCounter(kMalformed)),
      received_{&metrics.GetCounter(kReceived, {"appended"}), &metrics.GetCounter(kReceived, {"transient"}),
                &metrics.GetCounter(kReceived, {"restored"})} {}

void EnvelopeListener::OnMessage(std::string_view name, std::string_view payload) {
  const std::optional<ChannelView> channel = ParseEventsName(name);
  const absl::StatusOr<Envelope> envelope = DecodeEnvelope(payload);
  if (!channel || !envelope.ok()) {
    malformed_.Add();
    return;
  }
  received_[static_cast<size_t>(envelope->kind) - 1]->Add();
  listener_.OnEnvelope(*channel, *envelope);
}

void EnvelopeListener::OnSubscribed(std::string_view name) {
  if (const std::optional<ChannelView> channel = ParseEventsName(name)) listener_.OnSubscribed(*channel);
}

}  // namespace trivium::fanout
