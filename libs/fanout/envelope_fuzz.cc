// Any bytes as an envelope and as a pub/sub channel's name: none may crash or read outside; what decodes must come back
// when encoded again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "libs/fanout/channel.h"
#include "libs/fanout/envelope.h"

namespace trivium::fanout {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void FuzzEnvelope(std::string_view bytes) {
  const auto envelope = DecodeEnvelope(bytes);
  if (!envelope.ok()) return;
  const auto again = EncodeEnvelope(*envelope);
  Require(again.ok() && *again == bytes);
}

void FuzzName(std::string_view name) {
  const auto channel = ParseEventsName(name);
  if (!channel) return;
  Violations violations;
  CheckChannel(*channel, "channel", &violations);
  Require(violations.empty() && KeyOf(Key::kEvents, *channel) == name);
}

}  // namespace
}  // namespace trivium::fanout

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  trivium::fanout::FuzzEnvelope(text);
  trivium::fanout::FuzzName(text);
  return 0;
}
