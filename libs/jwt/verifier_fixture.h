// A verifier with keys of two products, and files that a test replaces.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "libs/jwt/signer.h"
#include "libs/jwt/verifier.h"
#include "libs/status/error.h"

namespace trivium::jwt {

inline std::string TempPath(const std::string& name) { return testing::TempDir() + "/" + name; }

// By rename, as a careful operator does: also a new inode.
inline std::string Put(const std::string& name, const std::string& text) {
  std::ofstream(TempPath(name + ".new")) << text;
  EXPECT_EQ(std::rename(TempPath(name + ".new").c_str(), TempPath(name).c_str()), 0);
  return TempPath(name);
}

class VerifierTest : public testing::Test {
 protected:
  VerifierTest() {
    options_.keys = {{"acme", Put("acme.pem", ed_.PublicPem().value()), "ed"},
                     {"acme", Put("acme.json", ec_.PublicJwk().value()), ""},
                     {"globex", Put("globex.json", globex_.PublicJwk().value()), ""}};
    options_.revocation_path = Put("revoked.json", "{}");
    verifier_ = Verifier::Create(options_, clock_).value();
  }

  // Claims of acme's user u-7 that are valid for an hour.
  Claims Good() const {
    Claims claims;
    claims.subject = "u-7";
    claims.product = "acme";
    claims.issued = clock_.Now();
    claims.expires = clock_.Now() + absl::Hours(1);
    return claims;
  }
  std::string Reason(const std::string& token) const { return ReasonOf(verifier_->Verify(token).status()); }

  FakeClock clock_;
  const Signer ed_ = Signer::Generate(Algorithm::kEdDsa, "ed").value();
  const Signer ec_ = Signer::Generate(Algorithm::kEs256, "ec").value();
  const Signer globex_ = Signer::Generate(Algorithm::kEdDsa, "ed").value();
  VerifierOptions options_;
  std::unique_ptr<Verifier> verifier_;
};

}  // namespace trivium::jwt
