// A token checker with a product acme whose keys a test has.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/jwt/signer.h"
#include "services/gateway/auth/jwt_token_checker.h"
#include "services/gateway/auth/live_token_keys.h"
#include "services/gateway/commands/testing.h"
#include "services/gateway/profiles/live_profiles.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::gateway {

// Products with keys and profiles, in a config source that a test may change (then Refresh). Clock: a fake one.
class TokenWorld {
 public:
  explicit TokenWorld(std::string revocation_path = "")
      : verifier_(jwt::Verifier::Create({.revocation_path = std::move(revocation_path)}, clock_).value()) {}

  // A product with one key, whose id is k0, and a profile that allows these origins.
  void AddProduct(const std::string& product, const jwt::Signer& signer, const std::vector<std::string>& origins = {}) {
    common::v1::ProductProfile profile;
    profile.mutable_gateway()->mutable_allowed_origins()->Assign(origins.begin(), origins.end());
    source_.PutItem(kProfileKind, product, profile);
    PutKeys(product, {&signer});
  }
  void PutKeys(const std::string& product, const std::vector<const jwt::Signer*>& signers) {
    v1::TokenKeys keys;
    for (const jwt::Signer* signer : signers) {
      const std::string id = "k" + std::to_string(keys.keys_size());
      v1::TokenKey* key = keys.add_keys();
      key->set_key_id(id);
      key->set_public_key_pem(signer->PublicPem().value());
    }
    source_.PutItem(kTokenKeysKind, product, keys);
    Refresh();
  }
  void Refresh() {
    profiles_.Refresh();
    keys_.Refresh();
  }
  // Valid for an hour. audience: {} or {"trivium"} for a user, {"trivium-backend"} for a backend.
  std::string Token(const jwt::Signer& signer, const std::string& product, const std::string& uid,
                    std::vector<std::string> audience = {}) const {
    jwt::Claims claims;
    claims.subject = uid;
    claims.product = product;
    claims.issued = clock_.Now();
    claims.expires = clock_.Now() + absl::Hours(1);
    claims.audience = std::move(audience);
    return signer.Sign(claims).value();
  }

  FakeConfigSource& source() { return source_; }
  LiveProfiles& profiles() { return profiles_; }
  jwt::Verifier& verifier() { return *verifier_; }
  JwtTokenChecker& checker() { return checker_; }
  FakeClock& clock() { return clock_; }
  Metrics& metrics() { return metrics_; }

 private:
  FakeClock clock_;
  Metrics metrics_;
  FakeConfigSource source_;
  LiveProfiles profiles_{source_, metrics_};
  const std::unique_ptr<jwt::Verifier> verifier_;
  LiveTokenKeys keys_{source_, *verifier_, metrics_};
  JwtTokenChecker checker_{*verifier_, profiles_, clock_, metrics_, absl::Seconds(30), 1000};
};

}  // namespace trivium::gateway
