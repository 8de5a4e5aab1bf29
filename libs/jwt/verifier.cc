#include "libs/jwt/verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/jwt/jws.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::jwt {

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Create(VerifierOptions options, const Clock& clock) {
  if (options.clock_skew < absl::ZeroDuration()) return absl::InvalidArgumentError("clock_skew: want 0 or above");
  std::unique_ptr<Verifier> verifier(new Verifier(std::move(options), clock));
  TRIVIUM_RETURN_IF_ERROR(verifier->Reload());
  return verifier;
}

absl::StatusOr<Claims> Verifier::Verify(std::string_view token) const {
  TRIVIUM_ASSIGN_OR_RETURN(const Jws jws, ParseJws(token));
  // The product is not believed yet: it only says whose keys to try.
  TRIVIUM_ASSIGN_OR_RETURN(Claims claims, ParseClaims(jws.payload));
  const std::shared_ptr<const State> state = Current();
  const PublicKey* key = state->keys.Find(claims.product, jws.key_id);
  if (key == nullptr) {
    return Refused(absl::StrCat("kid: ", absl::CHexEscape(jws.key_id), ", want a key of the product"),
                   "TOKEN_KEY_UNKNOWN");
  }
  if (jws.algorithm != NameOf(key->algorithm())) {
    return Refused(absl::StrCat("header: alg: want ", ToAbsl(NameOf(key->algorithm())), ", which its key has"));
  }
  if (!key->Verify(jws.signing_input, jws.signature)) return Refused("signature: not of this key");
  TRIVIUM_RETURN_IF_ERROR(CheckTimes(claims));
  if (!IsForUs(claims)) return Refused(absl::StrCat("aud: want ", options_.audience, " among them"));
  if (state->revoked.Revokes(claims.product, claims.subject, claims.token_id, claims.issued)) {
    return Refused("revoked, want a new one", "TOKEN_REVOKED");
  }
  return claims;
}

absl::Status Verifier::CheckTimes(const Claims& claims) const {
  const absl::Time now = clock_.Now();
  if (claims.expires + options_.clock_skew <= now) return Refused("exp: is over, want a new one", "TOKEN_EXPIRED");
  if (std::max(claims.not_before, claims.issued) - options_.clock_skew > now) {
    return Refused("nbf, iat: in the future, want it later", "TOKEN_NOT_YET_VALID");
  }
  return absl::OkStatus();
}

// RFC 7519 section 4.1.3: a token that names its audience is refused by others.
bool Verifier::IsForUs(const Claims& claims) const {
  const auto& audience = claims.audience;
  return audience.empty() || std::find(audience.begin(), audience.end(), options_.audience) != audience.end();
}

std::shared_ptr<const Verifier::State> Verifier::Current() const {
  MutexLock lock(mu_);
  return state_;
}

absl::StatusOr<std::shared_ptr<const Verifier::State>> Verifier::Read() const {
  auto state = std::make_shared<State>();
  TRIVIUM_ASSIGN_OR_RETURN(state->keys, KeySet::Read(options_.keys));
  if (options_.revocation_path.empty()) return state;
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(options_.revocation_path, kMaxRevocationFileBytes));
  auto revoked = RevocationList::Parse(text);
  if (!revoked.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(options_.revocation_path, ": ", revoked.status().message()));
  }
  state->revoked = *std::move(revoked);
  return state;
}

absl::Status Verifier::Reload() {
  MutexLock reload(reload_mu_);
  // Before reading: a file that changes meanwhile is read again next time.
  marks_ = Marks();
  TRIVIUM_ASSIGN_OR_RETURN(std::shared_ptr<const State> state, Read());
  MutexLock lock(mu_);
  state_.swap(state);
  return absl::OkStatus();
}

absl::StatusOr<bool> Verifier::ReloadIfChanged() {
  {
    MutexLock reload(reload_mu_);
    if (Marks() == marks_) return false;
  }
  TRIVIUM_RETURN_IF_ERROR(Reload());
  return true;
}

std::vector<FileMark> Verifier::Marks() const {
  std::vector<FileMark> marks;
  for (const KeySource& source : options_.keys) marks.push_back(MarkOf(source.path));
  if (!options_.revocation_path.empty()) marks.push_back(MarkOf(options_.revocation_path));
  return marks;
}

}  // namespace trivium::jwt
