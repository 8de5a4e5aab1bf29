// The event of a change, as products see it: the object's whole state after it. Also the API's view of a payment and a
// refund.
#pragma once

#include <string>

#include "services/payment/domain/payment.h"

namespace trivium::payment {
namespace v1 {
class Payment;
class Refund;
}  // namespace v1

void ToProto(const Payment& payment, v1::Payment* out);
void ToProto(const Refund& refund, v1::Refund* out);

// Serialized v1::Event without its cursor.
std::string EventOf(const Id& event_id, const Payment& after);
std::string EventOf(const Id& event_id, const Refund& after);

}  // namespace trivium::payment
