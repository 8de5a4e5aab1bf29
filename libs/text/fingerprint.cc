#include "libs/text/fingerprint.h"

#include <cstdint>

namespace trivium {
namespace {

constexpr size_t kBytesPerField = 8;

uint64_t Hash(const std::string& text) {
  uint64_t h = 14695981039346656037u;
  for (const unsigned char c : text) h = (h ^ c) * 1099511628211u;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdu;
  return h ^ (h >> 33);
}

}  // namespace

std::string Fingerprint(std::initializer_list<std::string> values) {
  std::string fingerprint;
  for (const std::string& value : values) {
    const uint64_t h = Hash(value);
    for (int shift = 56; shift >= 0; shift -= 8) fingerprint.push_back(static_cast<char>(h >> shift));
  }
  return fingerprint;
}

std::string DifferingField(std::span<const char* const> fields, const std::string& a, const std::string& b) {
  if (a == b) return "";
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t at = i * kBytesPerField;
    if (at >= a.size() || at >= b.size() || a.compare(at, kBytesPerField, b, at, kBytesPerField) != 0) return fields[i];
  }
  return "request_id";
}

}  // namespace trivium
