// Fields of requests that count when a request_id comes again (libs/text/fingerprint.h), in this order for ever:
// appending one is a migration.
#pragma once

#include "libs/text/fingerprint.h"

namespace trivium::payment {

inline constexpr const char* kCreatePaymentFields[] = {"order_ref", "amount.amount_minor", "amount.currency_code",
                                                       "subject",   "institution_id",      "timeout"};
inline constexpr const char* kCancelPaymentFields[] = {"payment_id"};
inline constexpr const char* kCreateRefundFields[] = {"payment_id", "amount.amount_minor", "amount.currency_code",
                                                      "reason"};

}  // namespace trivium::payment
