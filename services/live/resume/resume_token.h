// The resume token 续课凭证: what a participant shows to come back to its place after the loss of Redis. An HMAC-SHA256
// by a secret of the cell over who it is and which place it had when it last heard of it. Each JoinRoom and Heartbeat
// answers a new one; only the newest is worth keeping.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/live/admission/admission.h"

namespace trivium::live {

inline constexpr size_t kMinResumeSecretBytes = 32;
inline constexpr size_t kMaxResumeTokenBytes = 512;

struct ResumeToken {
  RoomId room;
  std::string user_id;
  ResumeClaim claim;
  absl::Time issued;  // In whole ms.

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

// What the place of an answer proves.
ResumeClaim ClaimOfPlace(const Place& place);

// Immutable; thread-safe.
class ResumeTokens {
 public:
  // secrets: of the cell, at least kMinResumeSecretBytes each; the first one signs, all verify: so a secret changes in
  // two steps. INVALID_ARGUMENT FIELD_INVALID.
  static absl::StatusOr<ResumeTokens> Create(std::vector<std::string> secrets);

  std::string Seal(const ResumeToken& token) const;

  // The claim of a token that is this participant's and at most max_age old (or from the future by as much: clocks
  // differ). max_age: what may have passed since the last heartbeat that got through; with the time that Redis was
  // away. Errors: INVALID_ARGUMENT RESUME_TOKEN_INVALID (not ours, changed, or another participant's),
  // RESUME_TOKEN_EXPIRED.
  absl::StatusOr<ResumeClaim> Open(std::string_view token, const RoomId& room, std::string_view user_id, absl::Time now,
                                   absl::Duration max_age) const;

 private:
  explicit ResumeTokens(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {}
  bool IsSigned(std::string_view payload, std::string_view signature) const;

  std::vector<std::string> secrets_;
};

}  // namespace trivium::live
