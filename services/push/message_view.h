// A message as others see it: products (the API and its events), and gateways (through Redis and DeliveryService).
#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/push/domain/message.h"
#include "services/push/store/store.h"

namespace trivium::push {
namespace v1 {
class Delivery;
class Fanout;
class Message;
class Publication;
class Recipient;
}  // namespace v1

// With its data, if the message has it.
void ToProto(const Message& message, v1::Message* out);
void ToProto(const Counts& counts, v1::Delivery* out);
void ToProto(const Delivery& delivery, v1::Recipient* out);

// Serialized v1::Event without its cursor: an EncodeEvent.
std::string EventOf(const Id& event_id, const Message& after);

// As gateways pass it on; offset and epoch are those of the envelope that it comes in.
void ToProto(const Message& message, bool repeat, v1::Publication* out);
// Serialized v1::Fanout.
std::string FanoutOf(const Message& message, bool repeat);

}  // namespace trivium::push
