// Signed-in people: from a name and password to a token, and from a token to the person.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/ha/concurrency_limiter.h"
#include "libs/sync/mutex.h"
#include "services/ops/domain/lockout.h"
#include "services/ops/people.h"
#include "services/ops/store/session_store.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::ops {

struct SessionOptions {
  absl::Duration ttl = absl::Hours(12);
  LockoutOptions by_name, by_address;
  int sign_ins_at_once = 3;  // Each takes 32 MiB and a core for some 80 ms.
};

struct SignedIn {
  Person person;
  std::string token;       // What the cookie holds.
  std::string csrf_token;  // What x-trivium-csrf must hold: derived from the token, which scripts cannot read.
  absl::Time expire_time;
};

// Thread-safe.
class Sessions {
 public:
  // All references outlive it.
  Sessions(SessionOptions options, const People& people, SessionStore& store, Clock& clock, Metrics& metrics);

  // Errors: INVALID_ARGUMENT with the fields; UNAUTHENTICATED CREDENTIALS_INVALID, the same and after the same work for
  // an unknown name and a wrong password; RESOURCE_EXHAUSTED SIGN_IN_LOCKED with RetryInfo; RESOURCE_EXHAUSTED
  // OVERLOADED; UNAVAILABLE of the database.
  absl::StatusOr<SignedIn> SignIn(const std::string& name, const std::string& password, const std::string& address,
                                  absl::Time deadline);
  // Errors: UNAUTHENTICATED SESSION_REQUIRED; UNAVAILABLE of the database.
  absl::StatusOr<SignedIn> Find(std::string_view token, absl::Time deadline);
  absl::Status End(std::string_view token, absl::Time deadline);

 private:
  absl::Status CountTry(const std::string& name, const std::string& address, absl::Time now);
  absl::StatusOr<SignedIn> Start(const Person& person, absl::Time now, absl::Time deadline);
  void Count(const char* outcome);

  const SessionOptions options_;
  const People& people_;
  SessionStore& store_;
  Clock& clock_;
  Metrics& metrics_;
  const std::string decoy_hash_;  // What an unknown name's password is compared with.
  ha::ConcurrencyLimiter at_once_;
  Mutex mu_;
  Lockout by_name_ ABSL_GUARDED_BY(mu_), by_address_ ABSL_GUARDED_BY(mu_);
};

// PERMISSION_DENIED CSRF_TOKEN_INVALID unless header is the session's token.
absl::Status CheckCsrf(const SignedIn& session, std::string_view header);

}  // namespace trivium::ops
