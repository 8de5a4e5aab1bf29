#include "services/gateway/auth/live_token_keys.h"

#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::gateway {
namespace {

constexpr Metric kRefusals{"trivium_gateway_token_keys_refusals_total",
                           "Token keys of products that came from control and could not be used."};
constexpr Metric kKeys{"trivium_gateway_token_keys", "Public keys by which tokens are checked, of all products."};

}  // namespace

LiveTokenKeys::LiveTokenKeys(const ConfigSource& source, jwt::Verifier& verifier, Metrics& metrics)
    : keys_({.products = [&source] { return source.Names(kTokenKeysKind); },
             .find = [&source](const std::string& product,
                               v1::TokenKeys* keys) { return source.Find(kTokenKeysKind, product, "", keys); }},
            verifier,
            {.on_refusal = [&refusals = metrics.GetCounter(kRefusals)] { refusals.Add(); },
             .on_keys = [&gauge = metrics.GetGauge(kKeys)](size_t keys) { gauge.Set(static_cast<double>(keys)); }}) {}

}  // namespace trivium::gateway
