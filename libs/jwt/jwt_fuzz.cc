// Any bytes as token, claims, key set and revocation list: none may crash, hang or read outside; what is not signed is
// never accepted, and what decodes must come back when encoded again.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "libs/jwt/base64url.h"
#include "libs/jwt/claims.h"
#include "libs/jwt/jws.h"
#include "libs/jwt/revocation.h"
#include "libs/jwt/signer.h"
#include "libs/jwt/verifier.h"

namespace trivium::jwt {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// A verifier with one key, whose private half signs for the fuzzer only what is not a token of anybody.
struct Rig {
  Rig() {
    const std::string path = "/tmp/jwt_fuzz." + std::to_string(getpid()) + ".json";
    std::ofstream(path) << signer.PublicJwk().value();
    verifier = Verifier::Create({.keys = {{"acme", path, ""}}}, Clock::Real()).value();
    unlink(path.c_str());
  }
  const Signer signer = Signer::Generate(Algorithm::kEs256, "k").value();
  std::unique_ptr<Verifier> verifier;
};

const Rig& TheRig() {
  static const Rig& rig = *new Rig;
  return rig;
}

void FuzzToken(std::string_view text) { Require(!TheRig().verifier->Verify(text).ok()); }

// Past the signature: the bytes are the payload.
void FuzzSignedPayload(std::string_view text) {
  const std::string token = TheRig().signer.SignRaw(R"({"alg":"ES256","kid":"k"})", text).value();
  const auto claims = TheRig().verifier->Verify(token);
  Require(!claims.ok() || claims->product == "acme");
}

void FuzzClaims(std::string_view text) {
  const auto claims = ParseClaims(text);
  if (claims.ok()) Require(ParseClaims(FormatClaims(*claims)).value().subject == claims->subject);
}

void FuzzBase64(std::string_view text) {
  if (const auto bytes = Base64UrlDecode(text)) Require(Base64UrlEncode(*bytes) == text);
  Require(Base64UrlDecode(Base64UrlEncode(text)) == text);
}

void FuzzFiles(std::string_view text) {
  KeySet keys;
  (void)keys.AddJwks("acme", text);
  (void)keys.AddPem("acme", "k", text);
  Require(keys.size() <= kMaxKeysPerProduct);
  if (const auto list = RevocationList::Parse(text); list.ok()) {
    list->Revokes("acme", "u", "t", absl::UnixEpoch());
    Require(list->size() <= kMaxRevocations);
  }
}

}  // namespace
}  // namespace trivium::jwt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr void (*kTargets[])(std::string_view) = {trivium::jwt::FuzzToken, trivium::jwt::FuzzSignedPayload,
                                                    trivium::jwt::FuzzClaims, trivium::jwt::FuzzBase64,
                                                    trivium::jwt::FuzzFiles};
  kTargets[data[0] % std::size(kTargets)](text);
  return 0;
}
