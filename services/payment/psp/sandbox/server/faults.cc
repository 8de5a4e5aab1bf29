#include "services/payment/psp/sandbox/server/faults.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace trivium::payment::sandbox {
namespace {

using nlohmann::json;

struct RatioField {
  const char* name;
  double Faults::*member;
};
constexpr RatioField kRatios[] = {
    {"http_500_ratio", &Faults::http_500_ratio},
    {"slow_ratio", &Faults::slow_ratio},
    {"callback_drop_ratio", &Faults::callback_drop_ratio},
    {"callback_duplicate_ratio", &Faults::callback_duplicate_ratio},
    {"refund_fail_ratio", &Faults::refund_fail_ratio},
    {"refund_drop_callback_ratio", &Faults::refund_drop_callback_ratio},
    {"refund_hang_ratio", &Faults::refund_hang_ratio},
};

struct NumberField {
  const char* name;
  int64_t Faults::*member;
};
constexpr int64_t kMaxMs = 600'000;
constexpr NumberField kNumbers[] = {
    {"slow_ms", &Faults::slow_ms},
    {"callback_delay_ms", &Faults::callback_delay_ms},
    {"refund_delay_ms", &Faults::refund_delay_ms},
    {"refund_hang_ms", &Faults::refund_hang_ms},
};

Refusal Bad(const std::string& field, const char* want) {
  return {400, "PARAM_ERROR", absl::StrCat(field, ": want ", want)};
}

Refusal SetField(const std::string& name, const json& value, Faults* faults) {
  for (const RatioField& ratio : kRatios) {
    if (name != ratio.name) continue;
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) return Bad(name, "0 to 1");
    faults->*ratio.member = value.get<double>();
    return {};
  }
  for (const NumberField& number : kNumbers) {
    if (name != number.name) continue;
    if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > kMaxMs)
      return Bad(name, "0 to 600000");
    faults->*number.member = value.get<int64_t>();
    return {};
  }
  if (name != "seed" || !value.is_number_integer()) return Bad(name, "a field that exists, and a number");
  faults->seed = value.get<int64_t>();
  return {};
}

}  // namespace

double Faults::Draw(std::string_view what, std::string_view about) const {
  // FNV-1a, then a finalizer (splitmix64): neighbouring numbers give unrelated draws, on every machine the same.
  uint64_t hash = 14695981039346656037u ^ static_cast<uint64_t>(seed);
  for (const std::string_view part : {what, about}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    hash = (hash ^ 0xff) * 1099511628211u;
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  hash ^= hash >> 31;
  return static_cast<double>(hash >> 11) / 9007199254740992.0;
}

Refusal ParseFaults(const json& json, Faults* faults) {
  if (!json.is_object()) return Bad("body", "an object");
  Faults parsed;
  for (const auto& [name, value] : json.items()) {
    if (Refusal refusal = SetField(name, value, &parsed)) return refusal;
  }
  *faults = parsed;
  return {};
}

json ToJson(const Faults& faults) {
  json out = {{"seed", faults.seed}};
  for (const RatioField& ratio : kRatios) out[ratio.name] = faults.*ratio.member;
  for (const NumberField& number : kNumbers) out[number.name] = faults.*number.member;
  return out;
}

}  // namespace trivium::payment::sandbox
