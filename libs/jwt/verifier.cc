#include "libs/jwt/verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/jwt/jws.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::jwt {
namespace {

// RFC 7519 section 4.1.3: a token that names its audience is refused by others.
bool IsFor(const Claims& claims, std::string_view audience, bool must_name_it) {
  if (claims.audience.empty()) return !must_name_it;
  return std::find(claims.audience.begin(), claims.audience.end(), audience) != claims.audience.end();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Create(VerifierOptions options, const Clock& clock) {
  if (options.clock_skew < absl::ZeroDuration()) return absl::InvalidArgumentError("clock_skew: want 0 or above");
  std::unique_ptr<Verifier> verifier(new Verifier(std::move(options), clock));
  TRIVIUM_RETURN_IF_ERROR(verifier->Reload());
  return verifier;
}

absl::StatusOr<Claims> Verifier::Verify(std::string_view token) const { return Check(token, options_.audience, false); }

absl::StatusOr<Claims> Verifier::VerifyFor(std::string_view audience, std::string_view token) const {
  return Check(token, audience, true);
}

absl::StatusOr<Claims> Verifier::Check(std::string_view token, std::string_view audience, bool must_name_it) const {
  TRIVIUM_ASSIGN_OR_RETURN(const Jws jws, ParseJws(token));
  // The product is not believed yet: it only says whose keys to try.
  TRIVIUM_ASSIGN_OR_RETURN(Claims claims, ParseClaims(jws.payload));
  const State state = Current();
  const PublicKey* key = state.keys->Find(claims.product, jws.key_id);
  if (key == nullptr) {
    return Refused(absl::StrCat("kid: ", absl::CHexEscape(jws.key_id), ", want a key of the product"),
                   "TOKEN_KEY_UNKNOWN");
  }
  if (jws.algorithm != NameOf(key->algorithm())) {
    return Refused(absl::StrCat("header: alg: want ", ToAbsl(NameOf(key->algorithm())), ", which its key has"));
  }
  if (!key->Verify(jws.signing_input, jws.signature)) return Refused("signature: not of this key");
  TRIVIUM_RETURN_IF_ERROR(CheckTimes(claims));
  if (!IsFor(claims, audience, must_name_it))
    return Refused(absl::StrCat("aud: want ", ToAbsl(audience), " among them"));
  if (state.revoked->Revokes(claims.product, claims.subject, claims.token_id, claims.issued)) {
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

Verifier::State Verifier::Current() const {
  MutexLock lock(mu_);
  return state_;
}

absl::StatusOr<Verifier::State> Verifier::Read() const {
  State state;
  if (!options_.keys.empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(KeySet keys, KeySet::Read(options_.keys));
    state.keys = std::make_shared<const KeySet>(std::move(keys));
  }
  if (options_.revocation_path.empty()) return state;
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(options_.revocation_path, kMaxRevocationFileBytes));
  auto revoked = RevocationList::Parse(text);
  if (!revoked.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(options_.revocation_path, ": ", revoked.status().message()));
  }
  state.revoked = std::make_shared<const RevocationList>(*std::move(revoked));
  return state;
}

void Verifier::Replace(State parts) {
  MutexLock lock(mu_);
  if (parts.keys != nullptr) state_.keys.swap(parts.keys);
  if (parts.revoked != nullptr) state_.revoked.swap(parts.revoked);
  ++generation_;
}

void Verifier::SetKeys(KeySet keys) { Replace({std::make_shared<const KeySet>(std::move(keys)), nullptr}); }

absl::Status Verifier::Reload() {
  MutexLock reload(reload_mu_);
  // Before reading: a file that changes meanwhile is read again next time.
  marks_ = Marks();
  TRIVIUM_ASSIGN_OR_RETURN(State state, Read());
  Replace(std::move(state));
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
