// Tokens by libs/jwt, with a memory of those that were good a moment ago: a backend sends the same one with each call.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "libs/clock/clock.h"
#include "libs/jwt/verifier.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/auth/token_checker.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::gateway {

// The audience of a backend's own tokens.
inline constexpr std::string_view kBackendAudience = "trivium-backend";

// Tokens that were good, with what they said. Bounded: of the tokens of a shard the older half goes at once.
// Thread-safe.
class TokenMemory {
 public:
  explicit TokenMemory(size_t max_tokens);
  // nullptr: not known, or not verified under this generation (jwt::Verifier::generation).
  std::shared_ptr<const TokenIdentity> Find(std::string_view token, int64_t generation);
  void Put(std::string_view token, int64_t generation, std::shared_ptr<const TokenIdentity> identity);
  size_t size() const;

 private:
  struct Entry {
    int64_t generation = 0;
    std::shared_ptr<const TokenIdentity> identity;
  };
  using Entries = absl::flat_hash_map<std::string, Entry>;
  struct Shard {
    mutable Mutex mu;
    Entries young ABSL_GUARDED_BY(mu), old ABSL_GUARDED_BY(mu);
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(std::string_view token);

  const size_t max_young_;  // Of one shard.
  std::vector<Shard> shards_;
};

class JwtTokenChecker : public TokenChecker {
 public:
  // All outlive it. max_remembered: tokens, about 1 KiB each; of users and of backends each.
  JwtTokenChecker(const jwt::Verifier& verifier, const Profiles& profiles, const Clock& clock, Metrics& metrics,
                  absl::Duration clock_skew, size_t max_remembered);

  absl::StatusOr<TokenIdentity> CheckUser(std::string_view token) override;
  absl::StatusOr<TokenIdentity> CheckBackend(std::string_view token) override;
  absl::StatusOr<Bearer> CheckAny(std::string_view token) override;

 private:
  struct Scope {
    std::string name;
    TokenMemory memory;
    Counter &good, &remembered;
  };
  using Identity = std::shared_ptr<const TokenIdentity>;
  absl::StatusOr<TokenIdentity> Check(std::string_view token, bool backend);
  // nullptr: not remembered, or expired.
  Identity Remembered(std::string_view token, Scope& scope, int64_t generation);
  absl::StatusOr<Identity> Verify(std::string_view token, bool backend);

  const jwt::Verifier& verifier_;
  const Profiles& profiles_;
  const Clock& clock_;
  Metrics& metrics_;
  const absl::Duration clock_skew_;
  Scope user_, backend_;
};

}  // namespace trivium::gateway
