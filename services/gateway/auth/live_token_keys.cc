#include "services/gateway/auth/live_token_keys.h"

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/status.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::gateway {
namespace {

constexpr Metric kRefusals{"trivium_gateway_token_keys_refusals_total",
                           "Token keys of products that came from control and could not be used."};
constexpr Metric kKeys{"trivium_gateway_token_keys", "Public keys by which tokens are checked, of all products."};

absl::Status Add(const std::string& product, const v1::TokenKeys& proto, jwt::KeySet* keys) {
  if (proto.keys().empty()) return absl::InvalidArgumentError("keys: none, want at least one");
  for (const v1::TokenKey& key : proto.keys()) {
    if (key.key_id().empty()) return absl::InvalidArgumentError("key_id: empty, want one");
    TRIVIUM_RETURN_IF_ERROR(keys->AddPem(product, key.key_id(), key.public_key_pem()));
  }
  return absl::OkStatus();
}

}  // namespace

LiveTokenKeys::LiveTokenKeys(const ConfigSource& source, jwt::Verifier& verifier, Metrics& metrics)
    : source_(source), verifier_(verifier), refusals_(metrics.GetCounter(kRefusals)), keys_(metrics.GetGauge(kKeys)) {}

void LiveTokenKeys::Refresh() {
  MutexLock lock(mu_);
  std::map<std::string, std::string> good;
  for (const std::string& product : source_.Names(kTokenKeysKind)) {
    v1::TokenKeys proto;
    if (!source_.Find(kTokenKeysKind, product, "", &proto)) continue;
    jwt::KeySet alone;
    if (const absl::Status status = Add(product, proto, &alone); !status.ok()) {
      refusals_.Add();
      TRIVIUM_LOG(kError, "a product's token keys cannot be used: the last good ones stay", {"product", product},
                  {"error", status});
      if (const auto old = good_.find(product); old != good_.end()) good.insert(*old);
    } else {
      good[product] = proto.SerializeAsString();
    }
  }
  if (good == good_) return;  // Any other item changed: what was verified stays so.
  good_ = std::move(good);
  jwt::KeySet all;
  for (const auto& [product, serialized] : good_) {
    v1::TokenKeys proto;
    if (proto.ParseFromString(serialized)) (void)Add(product, proto, &all);  // Went well before.
  }
  keys_.Set(static_cast<double>(all.size()));
  verifier_.SetKeys(std::move(all));
}

}  // namespace trivium::gateway
