#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "libs/jwt/verifier_fixture.h"

namespace trivium::jwt {
namespace {

TEST_F(VerifierTest, RevocationListVoidsTokens) {
  Claims with_id = Good(), old = Good(), fresh = Good(), silent = Good(), other = Good();
  with_id.token_id = "t-1";
  old.subject = fresh.subject = silent.subject = "u-8";
  old.issued = clock_.Now() - absl::Hours(2);
  silent.issued = absl::InfinitePast();
  other.subject = "u-8";
  other.product = "globex";
  other.issued = old.issued;
  const std::string cutoff = std::to_string(absl::ToUnixSeconds(clock_.Now()) - 3600);
  Put("revoked.json",
      R"({"tokens":[{"product":"acme","jti":"t-1"}],"subjects":[{"product":"acme","sub":"u-8","issued_before":)" +
          cutoff + "}]}");
  EXPECT_EQ(Reason(ed_.Sign(with_id).value()), "") << "not reloaded yet";
  EXPECT_TRUE(verifier_->ReloadIfChanged().value());
  EXPECT_EQ(Reason(ed_.Sign(with_id).value()), "TOKEN_REVOKED");
  EXPECT_EQ(Reason(ed_.Sign(old).value()), "TOKEN_REVOKED");
  EXPECT_EQ(Reason(ed_.Sign(silent).value()), "TOKEN_REVOKED");
  EXPECT_EQ(Reason(ed_.Sign(fresh).value()), "");
  EXPECT_EQ(Reason(globex_.Sign(other).value()), "") << "another product's u-8 is another user";
  EXPECT_EQ(Reason(ed_.Sign(Good()).value()), "");
}

TEST_F(VerifierTest, KeysRotateWithoutRestart) {
  const Signer next = Signer::Generate(Algorithm::kEdDsa, "next").value();
  const std::string old_token = ec_.Sign(Good()).value(), new_token = next.Sign(Good()).value();
  EXPECT_EQ(Reason(new_token), "TOKEN_KEY_UNKNOWN");
  EXPECT_FALSE(verifier_->ReloadIfChanged().value());

  Put("acme.json", R"({"keys":[)" + ec_.PublicJwk().value() + "," + next.PublicJwk().value() + "]}");
  EXPECT_TRUE(verifier_->ReloadIfChanged().value());
  EXPECT_FALSE(verifier_->ReloadIfChanged().value());
  EXPECT_EQ(Reason(old_token), "") << "both live";
  EXPECT_EQ(Reason(new_token), "");

  Put("acme.json", next.PublicJwk().value());
  EXPECT_TRUE(verifier_->Reload().ok());
  EXPECT_EQ(Reason(old_token), "TOKEN_KEY_UNKNOWN");
  EXPECT_EQ(Reason(new_token), "");
}

TEST_F(VerifierTest, KeysThatComeFromElsewhereAreReplacedWhileRunning) {
  const auto verifier = Verifier::Create({.revocation_path = options_.revocation_path}, clock_).value();
  const std::string token = ed_.Sign(Good()).value();
  const auto reason = [&] { return ReasonOf(verifier->Verify(token).status()); };
  EXPECT_EQ(reason(), "TOKEN_KEY_UNKNOWN");
  const int64_t before = verifier->generation();

  KeySet keys;
  ASSERT_TRUE(keys.AddPem("acme", "ed", ed_.PublicPem().value()).ok());
  verifier->SetKeys(std::move(keys));
  EXPECT_EQ(reason(), "");
  EXPECT_GT(verifier->generation(), before);
  // A reload of the revocations leaves the keys.
  const int64_t with_keys = verifier->generation();
  Put("revoked.json", R"({"subjects":[{"product":"acme","sub":"u-7","issued_before":4000000000}]})");
  EXPECT_TRUE(verifier->ReloadIfChanged().value());
  EXPECT_GT(verifier->generation(), with_keys);
  EXPECT_EQ(reason(), "TOKEN_REVOKED");
  Put("revoked.json", "{}");
  EXPECT_TRUE(verifier->ReloadIfChanged().value());
  EXPECT_EQ(reason(), "");

  verifier->SetKeys(KeySet());
  EXPECT_EQ(reason(), "TOKEN_KEY_UNKNOWN");
}

TEST_F(VerifierTest, ATokenForOneAudienceIsNoneForAnother) {
  const auto verdicts = [&](std::vector<std::string> audience) {
    Claims claims = Good();
    claims.audience = std::move(audience);
    const std::string token = ed_.Sign(claims).value();
    return ReasonOf(verifier_->Verify(token).status()) + "/" +
           ReasonOf(verifier_->VerifyFor("trivium-backend", token).status());
  };
  EXPECT_EQ(verdicts({}), "/TOKEN_INVALID");
  EXPECT_EQ(verdicts({"trivium"}), "/TOKEN_INVALID");
  EXPECT_EQ(verdicts({"trivium-backend"}), "TOKEN_INVALID/");
  EXPECT_EQ(verdicts({"other"}), "TOKEN_INVALID/TOKEN_INVALID");
}

TEST_F(VerifierTest, ABadFileLeavesTheLastGoodState) {
  const std::string token = ec_.Sign(Good()).value();
  const std::string bad_files[][2] = {
      {"acme.json", "{"},
      {"acme.json", ""},
      {"acme.json", "{\"keys\":[]} x"},
      {"acme.json", std::string(kMaxKeyFileBytes + 1, ' ')},
      {"revoked.json", "[]"},
      {"revoked.json", "{\"token\":[]}"},
      {"revoked.json", "{\"tokens\":{}}"},
      {"revoked.json", "{\"tokens\":[{\"jti\":\"a\"}]}"},
      {"revoked.json", R"({"subjects":[{"product":"acme","sub":"u","issued_before":"x"}]})"},
      {"revoked.json", R"({"subjects":[{"product":"acme","sub":"u"}]})"}};
  for (const auto& [name, text] : bad_files) {
    Put(name, text);
    const auto reloaded = verifier_->ReloadIfChanged();
    EXPECT_TRUE(absl::IsInvalidArgument(reloaded.status())) << name << text.substr(0, 100);
    EXPECT_NE(reloaded.status().message().find(name), std::string::npos) << reloaded.status();
    EXPECT_FALSE(verifier_->ReloadIfChanged().value()) << "one error for each change";
    EXPECT_EQ(Reason(token), "");
    Put("acme.json", ec_.PublicJwk().value());
    Put("revoked.json", "{}");
    EXPECT_TRUE(verifier_->ReloadIfChanged().value());
  }
  EXPECT_EQ(std::remove(TempPath("acme.json").c_str()), 0);
  EXPECT_TRUE(absl::IsNotFound(verifier_->ReloadIfChanged().status()));
  EXPECT_EQ(Reason(token), "");
}

TEST_F(VerifierTest, RefusesToStartWithoutGoodFiles) {
  VerifierOptions options = options_;
  options.revocation_path = TempPath("not-there.json");
  EXPECT_TRUE(absl::IsNotFound(Verifier::Create(options, clock_).status()));
  options = options_;
  options.keys[0].path = testing::TempDir();
  EXPECT_TRUE(absl::IsInvalidArgument(Verifier::Create(options, clock_).status()));
  options = options_;
  options.clock_skew = absl::Seconds(-1);
  EXPECT_TRUE(absl::IsInvalidArgument(Verifier::Create(options, clock_).status()));
  options = options_;
  options.keys[0].key_id = "";
  EXPECT_NE(Verifier::Create(options, clock_).status().message().find("kid: want"), std::string::npos);
}

TEST_F(VerifierTest, VerifiesWhileReloading) {
  const std::string token = ec_.Sign(Good()).value();
  std::vector<std::thread> threads;
  std::vector<int> good(3, 0);
  for (int& count : good) {
    threads.emplace_back([&, token] {
      for (int i = 0; i < 200; ++i) count += verifier_->Verify(token).ok();
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(verifier_->Reload().ok());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(3, 200));
}

}  // namespace
}  // namespace trivium::jwt
