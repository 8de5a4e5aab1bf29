#include "services/gateway/auth/jwt_token_checker.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "libs/jwt/jws.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::gateway {
namespace {

constexpr Metric kTokens{"trivium_gateway_tokens_total",
                         "Tokens that were checked, by whose they should be (user, backend) and what was wrong with "
                         "them (OK: nothing).",
                         {"scope", "reason"}};
constexpr Metric kRemembered{"trivium_gateway_tokens_remembered_total",
                             "Tokens of which no signature was checked, since they were good a moment ago.",
                             {"scope"}};

bool Names(const jwt::Claims& claims, std::string_view audience) {
  return std::ranges::find(claims.audience, audience) != claims.audience.end();
}

TokenIdentity IdentityOf(jwt::Claims claims) {
  return {.product = std::move(claims.product),
          .uid = std::move(claims.subject),
          .expires = claims.expires,
          .issued = claims.issued,
          .token_id = std::move(claims.token_id),
          .caps = std::move(claims.caps)};
}

}  // namespace

TokenMemory::TokenMemory(size_t max_tokens)
    : max_young_(std::max<size_t>(1, max_tokens / kShards / 2)), shards_(kShards) {}

TokenMemory::Shard& TokenMemory::ShardOf(std::string_view token) {
  return shards_[std::hash<std::string_view>()(token) % kShards];
}

std::shared_ptr<const TokenIdentity> TokenMemory::Find(std::string_view token, int64_t generation) {
  Shard& shard = ShardOf(token);
  MutexLock lock(shard.mu);
  if (const auto young = shard.young.find(ToAbsl(token)); young != shard.young.end())
    return young->second.generation == generation ? young->second.identity : nullptr;
  const auto old = shard.old.find(ToAbsl(token));
  if (old == shard.old.end() || old->second.generation != generation) return nullptr;
  std::shared_ptr<const TokenIdentity> identity = old->second.identity;
  if (shard.young.size() < max_young_) shard.young.insert(shard.old.extract(old));
  return identity;
}

void TokenMemory::Put(std::string_view token, int64_t generation, std::shared_ptr<const TokenIdentity> identity) {
  Shard& shard = ShardOf(token);
  MutexLock lock(shard.mu);
  if (shard.young.size() >= max_young_) {
    shard.old = std::move(shard.young);
    shard.young = Entries();
  }
  shard.young[std::string(token)] = {generation, std::move(identity)};
}

size_t TokenMemory::size() const {
  size_t sum = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mu);
    sum += shard.young.size() + shard.old.size();
  }
  return sum;
}

JwtTokenChecker::JwtTokenChecker(const jwt::Verifier& verifier, const Profiles& profiles, const Clock& clock,
                                 Metrics& metrics, absl::Duration clock_skew, size_t max_remembered)
    : verifier_(verifier),
      profiles_(profiles),
      clock_(clock),
      metrics_(metrics),
      clock_skew_(clock_skew),
      user_{"user", TokenMemory(max_remembered), metrics.GetCounter(kTokens, {"user", "OK"}),
            metrics.GetCounter(kRemembered, {"user"})},
      backend_{"backend", TokenMemory(max_remembered), metrics.GetCounter(kTokens, {"backend", "OK"}),
               metrics.GetCounter(kRemembered, {"backend"})} {}

absl::StatusOr<TokenIdentity> JwtTokenChecker::CheckUser(std::string_view token) { return Check(token, false); }

absl::StatusOr<TokenIdentity> JwtTokenChecker::CheckBackend(std::string_view token) { return Check(token, true); }

absl::StatusOr<Bearer> JwtTokenChecker::CheckAny(std::string_view token) {
  bool backend = Remembered(token, backend_, verifier_.generation()) != nullptr;
  if (!backend && Remembered(token, user_, verifier_.generation()) == nullptr) {
    const auto jws = jwt::ParseJws(token);
    const auto claims = jws.ok() ? jwt::ParseClaims(jws->payload) : jws.status();
    backend = claims.ok() && Names(*claims, kBackendAudience);
  }
  auto identity = Check(token, backend);
  if (!identity.ok()) return identity.status();
  return Bearer{*std::move(identity), backend};
}

absl::StatusOr<TokenIdentity> JwtTokenChecker::Check(std::string_view token, bool backend) {
  Scope& scope = backend ? backend_ : user_;
  // Before it is verified: what is verified under older keys must not be remembered for newer ones.
  const int64_t generation = verifier_.generation();
  Identity identity = Remembered(token, scope, generation);
  if (identity != nullptr) {
    scope.remembered.Add();
  } else {
    absl::StatusOr<Identity> verified = Verify(token, backend);
    if (!verified.ok()) {
      metrics_.GetCounter(kTokens, {scope.name, ReasonOf(verified.status())}).Add();
      return verified.status();
    }
    identity = *std::move(verified);
    scope.memory.Put(token, generation, identity);
  }
  if (profiles_.Find(identity->product) == nullptr) return ProductNotConfigured(identity->product);
  scope.good.Add();
  return *identity;
}

JwtTokenChecker::Identity JwtTokenChecker::Remembered(std::string_view token, Scope& scope, int64_t generation) {
  Identity identity = scope.memory.Find(token, generation);
  return identity != nullptr && identity->expires + clock_skew_ > clock_.Now() ? identity : nullptr;
}

// A token that named both audiences would be a user's and a backend's at once.
absl::StatusOr<JwtTokenChecker::Identity> JwtTokenChecker::Verify(std::string_view token, bool backend) {
  absl::StatusOr<jwt::Claims> claims = backend ? verifier_.VerifyFor(kBackendAudience, token) : verifier_.Verify(token);
  if (!claims.ok()) return claims.status();
  if (Names(*claims, kBackendAudience) && claims->audience.size() > 1)
    return jwt::Refused("aud: want trivium-backend alone, or not at all");
  return std::make_shared<const TokenIdentity>(IdentityOf(*std::move(claims)));
}

}  // namespace trivium::gateway
