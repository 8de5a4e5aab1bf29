// Checks the tokens that products' backends sign for their users: who is it, of which product, until when.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/jwt/claims.h"
#include "libs/jwt/key_set.h"
#include "libs/jwt/revocation.h"
#include "libs/jwt/small_file.h"
#include "libs/sync/mutex.h"

namespace trivium::jwt {

struct VerifierOptions {
  std::vector<KeySource> keys;                    // None: keys come by SetKeys, and until then no token is good.
  std::string revocation_path;                    // A RevocationList; "": none. The file must be there.
  std::string audience = "trivium";               // A token with "aud" must have it among them.
  absl::Duration clock_skew = absl::Seconds(30);  // Allowed between a backend's clock and ours; 0 or above.
};

// Thread-safe. A check costs one signature and no lock but that around a shared pointer.
class Verifier {
 public:
  // Reads all files; errors of KeySet::Read and RevocationList::Parse, with the path. clock: not owned; outlives this.
  static absl::StatusOr<std::unique_ptr<Verifier>> Create(VerifierOptions options, const Clock& clock);

  // The claims of a token that is valid now. Otherwise UNAUTHENTICATED, with the reason
  //   TOKEN_MISSING        empty
  //   TOKEN_INVALID        too long, malformed, an algorithm that is not the key's, a bad signature, bad claims, other
  //   audience TOKEN_KEY_UNKNOWN    the product has no key of this id TOKEN_EXPIRED        "exp" plus skew is not after
  //   now: the client needs a new one TOKEN_NOT_YET_VALID  "nbf" or "iat" minus skew is after now TOKEN_REVOKED in the
  //   revocation list
  // Reasons from TOKEN_EXPIRED on are given only for good signatures. Messages never hold parts of the token but its
  // key id.
  absl::StatusOr<Claims> Verify(std::string_view token) const;
  // As above, but for another audience than options.audience, which the token must name: TOKEN_INVALID without it.
  absl::StatusOr<Claims> VerifyFor(std::string_view audience, std::string_view token) const;

  // From now on these are the keys; options.keys must be empty.
  void SetKeys(KeySet keys);
  // Grows whenever keys or revocations change: what was verified under a lower one may not be good any more.
  int64_t generation() const { return generation_.load(); }

  // Reads all files again, for SIGHUP. On an error everything stays as it was.
  absl::Status Reload();
  // Reload if a file has changed since the last attempt; for a timer. True when it was done.
  absl::StatusOr<bool> ReloadIfChanged();

 private:
  struct State {
    std::shared_ptr<const KeySet> keys;
    std::shared_ptr<const RevocationList> revoked;
  };
  Verifier(VerifierOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  // The parts of it that come from files; a null part stays as it is.
  absl::StatusOr<State> Read() const;
  void Replace(State parts);
  std::vector<FileMark> Marks() const;
  State Current() const;
  absl::StatusOr<Claims> Check(std::string_view token, std::string_view audience, bool must_name_it) const;
  absl::Status CheckTimes(const Claims& claims) const;

  const VerifierOptions options_;
  const Clock& clock_;
  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = {std::make_shared<const KeySet>(),
                                       std::make_shared<const RevocationList>()};  // Parts are never null.
  std::atomic<int64_t> generation_{0};
  Mutex reload_mu_;                                          // One reload at a time.
  std::vector<FileMark> marks_ ABSL_GUARDED_BY(reload_mu_);  // Of the last attempt, in the order of the files.
};

}  // namespace trivium::jwt
