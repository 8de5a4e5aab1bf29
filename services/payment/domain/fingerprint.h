// Fingerprint of a request: says whether two requests with the same request_id are the same, and which field differs. 8
// bytes a field, by an unkeyed hash (FNV-1a with an avalanche): who makes a collision fools only himself, within his
// own product's keys.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>

namespace trivium::payment {

// Fields that count, in this order for ever: appending one is a migration.
inline constexpr const char* kCreatePaymentFields[] = {"order_ref", "amount.amount_minor", "amount.currency_code",
                                                       "subject",   "institution_id",      "timeout"};
inline constexpr const char* kCancelPaymentFields[] = {"payment_id"};
inline constexpr const char* kCreateRefundFields[] = {"payment_id", "amount.amount_minor", "amount.currency_code",
                                                      "reason"};

// values: one for each field, in the fields' order.
std::string Fingerprint(std::initializer_list<std::string> values);

// The first of `fields` in which two fingerprints differ; "" when they are equal.
std::string DifferingField(std::span<const char* const> fields, const std::string& a, const std::string& b);

}  // namespace trivium::payment
