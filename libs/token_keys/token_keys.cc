#include "libs/token_keys/token_keys.h"

#include <utility>

#include "libs/log/log.h"
#include "libs/status/status.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium {
namespace {

absl::Status Add(const std::string& product, const gateway::v1::TokenKeys& proto, jwt::KeySet* keys) {
  if (proto.keys().empty()) return absl::InvalidArgumentError("keys: none, want at least one");
  for (const gateway::v1::TokenKey& key : proto.keys()) {
    if (key.key_id().empty()) return absl::InvalidArgumentError("key_id: empty, want one");
    TRIVIUM_RETURN_IF_ERROR(keys->AddPem(product, key.key_id(), key.public_key_pem()));
  }
  return absl::OkStatus();
}

}  // namespace

TokenKeys::TokenKeys(Source source, jwt::Verifier& verifier, Observers observers)
    : source_(std::move(source)), verifier_(verifier), observers_(std::move(observers)) {}

void TokenKeys::Refresh() {
  MutexLock lock(mu_);
  std::map<std::string, std::string> good;
  for (const std::string& product : source_.products()) {
    gateway::v1::TokenKeys proto;
    if (!source_.find(product, &proto)) continue;
    jwt::KeySet alone;
    if (const absl::Status status = Add(product, proto, &alone); !status.ok()) {
      if (observers_.on_refusal) observers_.on_refusal();
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
    gateway::v1::TokenKeys proto;
    if (proto.ParseFromString(serialized)) (void)Add(product, proto, &all);  // Went well before.
  }
  if (observers_.on_keys) observers_.on_keys(all.size());
  verifier_.SetKeys(std::move(all));
}

}  // namespace trivium
