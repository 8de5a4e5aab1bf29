// Fingerprint of a request: says whether two requests with the same request_id are the same, and which field differs. 8
// bytes a field, by an unkeyed hash (FNV-1a with an avalanche): who makes a collision fools only himself, within his
// own product's keys.
#pragma once

#include <initializer_list>
#include <span>
#include <string>

namespace trivium {

// values: one for each field, in the fields' order.
std::string Fingerprint(std::initializer_list<std::string> values);

// The first of `fields` in which two fingerprints differ; "" when they are equal.
std::string DifferingField(std::span<const char* const> fields, const std::string& a, const std::string& b);

}  // namespace trivium
