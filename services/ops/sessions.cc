#include "services/ops/sessions.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "libs/clock/clock.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/ops/password.h"
#include "services/ops/secret.h"

namespace trivium::ops {
namespace {

constexpr Metric kSignIns{
    "trivium_ops_sign_ins_total", "Tries to sign in, by outcome: ok, wrong, locked, overloaded.", {"outcome"}};
constexpr size_t kTokenBytes = 32, kMaxNameBytes = 64;

absl::Status CheckForm(const std::string& name, const std::string& password) {
  std::vector<std::pair<std::string, std::string>> wrong;
  if (name.empty() || name.size() > kMaxNameBytes) wrong.emplace_back("user_name", "want 1-64 characters");
  if (password.empty() || password.size() > kMaxPasswordBytes) wrong.emplace_back("password", "want 1-256 bytes");
  return FieldsError(wrong);
}

absl::Status Locked(absl::Duration wait) {
  return Error(absl::StatusCode::kResourceExhausted, "SIGN_IN_LOCKED", "too many wrong tries, want a pause")
      .RetryAfter(wait);
}

absl::Status SessionRequired() {
  return Error(absl::StatusCode::kUnauthenticated, "SESSION_REQUIRED", "session: none, or it has ended; want SignIn");
}

std::string CsrfTokenOf(std::string_view token) { return ToBase64Url(Sha256("csrf\n" + std::string(token))); }

}  // namespace

Sessions::Sessions(SessionOptions options, const People& people, SessionStore& store, Clock& clock, Metrics& metrics)
    : options_(options),
      people_(people),
      store_(store),
      clock_(clock),
      metrics_(metrics),
      decoy_hash_(HashPassword(RandomBytes(kTokenBytes)).value_or("")),
      at_once_(options.sign_ins_at_once),
      by_name_(options.by_name),
      by_address_(options.by_address) {}

void Sessions::Count(const char* outcome) { metrics_.GetCounter(kSignIns, {outcome}).Add(); }

absl::Status Sessions::CountTry(const std::string& name, const std::string& address, absl::Time now) {
  MutexLock lock(mu_);
  const absl::Duration wait = std::max(by_name_.LockedFor(name, now), by_address_.LockedFor(address, now));
  if (wait > absl::ZeroDuration()) return Locked(wait);
  by_name_.Tried(name, now);
  by_address_.Tried(address, now);
  return absl::OkStatus();
}

absl::StatusOr<SignedIn> Sessions::SignIn(const std::string& name, const std::string& password,
                                          const std::string& address, absl::Time deadline) {
  TRIVIUM_RETURN_IF_ERROR(CheckForm(name, password));
  if (!at_once_.TryEnter()) {
    Count("overloaded");
    return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "too many people sign in at this moment")
        .RetryAfter(absl::Seconds(1));
  }
  const absl::Cleanup leave = [this] { at_once_.Leave(); };
  const absl::Time now = clock_.Now();
  if (absl::Status s = CountTry(name, address, now); !s.ok()) {
    Count("locked");
    TRIVIUM_LOG(kWarning, "sign-in locked", {"address", address});
    return s;
  }
  const std::optional<Person> person = people_.Find(name);
  const bool right = VerifyPassword(password, person ? person->password_hash : decoy_hash_) && person.has_value();
  if (!right) {
    Count("wrong");
    TRIVIUM_LOG(kInfo, "sign-in refused", {"address", address});
    return Error(absl::StatusCode::kUnauthenticated, "CREDENTIALS_INVALID", "user_name or password is wrong");
  }
  {
    MutexLock lock(mu_);
    by_name_.Clear(name);
    by_address_.WasRight(address, now);
  }
  Count("ok");
  return Start(*person, now, deadline);
}

absl::StatusOr<SignedIn> Sessions::Start(const Person& person, absl::Time now, absl::Time deadline) {
  const std::string token = ToBase64Url(RandomBytes(kTokenBytes));
  const absl::Time expire_time = now + options_.ttl;
  TRIVIUM_RETURN_IF_ERROR(store_.Insert({Sha256(token), person.name, person.credential, now, expire_time}, deadline));
  // Sessions that ended are few: each sign-in sweeps some. A failure costs nothing but room.
  if (absl::Status s = store_.PurgeExpired(now, deadline); !s.ok())
    TRIVIUM_LOG(kWarning, "sessions not purged", {"error", s});
  return SignedIn{person, token, CsrfTokenOf(token), expire_time};
}

absl::StatusOr<SignedIn> Sessions::Find(std::string_view token, absl::Time deadline) {
  if (token.empty() || token.size() > 2 * kTokenBytes) return SessionRequired();
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<SessionRecord> record,
                           store_.Find(Sha256(token), clock_.Now(), deadline));
  if (!record) return SessionRequired();
  // Roles come from the config of now: a person who is gone, or has a new password, is out at once.
  const std::optional<Person> person = people_.Find(record->user_name);
  if (!person || !SameSecret(person->credential, record->credential)) return SessionRequired();
  return SignedIn{*person, std::string(token), CsrfTokenOf(token), record->expire_time};
}

absl::Status Sessions::End(std::string_view token, absl::Time deadline) {
  return store_.Delete(Sha256(token), deadline);
}

absl::Status CheckCsrf(const SignedIn& session, std::string_view header) {
  if (SameSecret(session.csrf_token, header)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "CSRF_TOKEN_INVALID",
               "x-trivium-csrf: missing or wrong, want Session.csrf_token");
}

}  // namespace trivium::ops
