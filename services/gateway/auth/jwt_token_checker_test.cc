#include "services/gateway/auth/jwt_token_checker.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/status/error.h"
#include "services/gateway/auth/testing.h"

namespace trivium::gateway {
namespace {

using jwt::Algorithm;
using jwt::Signer;

class JwtTokenCheckerTest : public testing::Test {
 protected:
  JwtTokenCheckerTest() {
    world_.AddProduct("acme", acme_);
    world_.AddProduct("globex", globex_);
  }
  std::string User(const std::string& token) { return ReasonOf(world_.checker().CheckUser(token).status()); }
  std::string Backend(const std::string& token) { return ReasonOf(world_.checker().CheckBackend(token).status()); }
  double Remembered() {
    return world_.metrics().GetCounter({"trivium_gateway_tokens_remembered_total", "", {"scope"}}, {"user"}).Value();
  }

  const std::string revocations_ = testing::TempDir() + "/revoked.json";
  const bool written_ = (std::ofstream(revocations_) << "{}").good();
  TokenWorld world_{revocations_};
  const Signer acme_ = Signer::Generate(Algorithm::kEdDsa, "k0").value();
  const Signer globex_ = Signer::Generate(Algorithm::kEs256, "k0").value();
};

TEST_F(JwtTokenCheckerTest, SaysWhoHoldsAToken) {
  jwt::Claims claims;
  claims.subject = "u-7";
  claims.product = "acme";
  claims.expires = world_.clock().Now() + absl::Hours(1);
  claims.issued = world_.clock().Now();
  claims.token_id = "t-1";
  claims.caps = {"monitor"};
  const auto identity = world_.checker().CheckUser(acme_.Sign(claims).value());
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->product, "acme");
  EXPECT_EQ(identity->uid, "u-7");
  EXPECT_EQ(identity->token_id, "t-1");
  EXPECT_EQ(identity->caps, std::vector<std::string>{"monitor"});
  EXPECT_EQ(identity->expires, absl::FromUnixSeconds(absl::ToUnixSeconds(claims.expires)));
}

TEST_F(JwtTokenCheckerTest, AUserIsNoBackendAndABackendNoUser) {
  const std::string plain = world_.Token(acme_, "acme", "u-7"), user = world_.Token(acme_, "acme", "u-7", {"trivium"}),
                    backend = world_.Token(acme_, "acme", "shop", {"trivium-backend"}),
                    both = world_.Token(acme_, "acme", "u-7", {"trivium", "trivium-backend"});
  for (int round = 0; round < 2; ++round) {  // The second time some are remembered.
    EXPECT_EQ(User(plain), "");
    EXPECT_EQ(User(user), "");
    EXPECT_EQ(User(backend), "TOKEN_INVALID");
    EXPECT_EQ(User(both), "TOKEN_INVALID");
    EXPECT_EQ(Backend(plain), "TOKEN_INVALID");
    EXPECT_EQ(Backend(user), "TOKEN_INVALID");
    EXPECT_EQ(Backend(backend), "");
    EXPECT_EQ(Backend(both), "TOKEN_INVALID");
    EXPECT_FALSE(world_.checker().CheckAny(plain)->is_backend);
    EXPECT_TRUE(world_.checker().CheckAny(backend)->is_backend);
    EXPECT_EQ(world_.checker().CheckAny(backend)->identity.uid, "shop");
    EXPECT_FALSE(world_.checker().CheckAny(both).ok());
    EXPECT_EQ(ReasonOf(world_.checker().CheckAny("").status()), "TOKEN_MISSING");
    EXPECT_EQ(ReasonOf(world_.checker().CheckAny("a.b.c").status()), "TOKEN_INVALID");
  }
}

TEST_F(JwtTokenCheckerTest, OneProductsKeysSignNothingForAnother) {
  EXPECT_EQ(User(world_.Token(globex_, "acme", "u-7")), "TOKEN_INVALID");
  EXPECT_EQ(Backend(world_.Token(globex_, "acme", "shop", {"trivium-backend"})), "TOKEN_INVALID");
  EXPECT_EQ(User(world_.Token(acme_, "initech", "u-7")), "TOKEN_KEY_UNKNOWN");
}

TEST_F(JwtTokenCheckerTest, AProductWithoutAProfileHasNoClients) {
  const std::string token = world_.Token(acme_, "acme", "u-7");
  EXPECT_EQ(User(token), "");
  world_.source().RemoveItem(kProfileKind, "acme");
  world_.Refresh();
  EXPECT_EQ(User(token), "PRODUCT_NOT_CONFIGURED") << "also one that is remembered";
}

TEST_F(JwtTokenCheckerTest, ARememberedTokenEndsAsAnyOther) {
  const std::string token = world_.Token(acme_, "acme", "u-7");
  EXPECT_EQ(User(token), "");
  EXPECT_EQ(Remembered(), 0);
  EXPECT_EQ(User(token), "");
  EXPECT_EQ(Remembered(), 1);
  world_.clock().Advance(absl::Hours(1) + absl::Seconds(31));
  EXPECT_EQ(User(token), "TOKEN_EXPIRED");
  EXPECT_EQ(Remembered(), 1);
}

TEST_F(JwtTokenCheckerTest, ARevokedTokenIsForgottenAtOnce) {
  const std::string token = world_.Token(acme_, "acme", "u-7");
  EXPECT_EQ(User(token), "");
  std::ofstream(revocations_) << R"({"subjects":[{"product":"acme","sub":"u-7","issued_before":4000000000}]})";
  ASSERT_TRUE(world_.verifier().ReloadIfChanged().value());
  EXPECT_EQ(User(token), "TOKEN_REVOKED");
}

TEST_F(JwtTokenCheckerTest, KeysChangeWhileRunning) {
  const Signer next = Signer::Generate(Algorithm::kEdDsa, "k1").value();
  const std::string old_token = world_.Token(acme_, "acme", "u-7"), new_token = world_.Token(next, "acme", "u-7");
  EXPECT_EQ(User(old_token), "");
  EXPECT_EQ(User(new_token), "TOKEN_KEY_UNKNOWN");
  world_.PutKeys("acme", {&acme_, &next});
  EXPECT_EQ(User(old_token), "");
  EXPECT_EQ(User(new_token), "");
  world_.PutKeys("acme", {&next});
  EXPECT_EQ(User(old_token), "TOKEN_INVALID") << "k0 is another key now";
  world_.source().RemoveItem(kTokenKeysKind, "acme");
  world_.Refresh();
  EXPECT_EQ(User(new_token), "TOKEN_KEY_UNKNOWN");
  EXPECT_EQ(User(world_.Token(globex_, "globex", "u")), "") << "the other product's are untouched";
}

TEST_F(JwtTokenCheckerTest, BadKeysLeaveTheLastGoodOnes) {
  const std::string token = world_.Token(acme_, "acme", "u-7");
  v1::TokenKeys bad;
  bad.add_keys()->set_key_id("k0");
  bad.mutable_keys(0)->set_public_key_pem("nonsense");
  world_.source().PutItem(kTokenKeysKind, "acme", bad);
  world_.Refresh();
  EXPECT_EQ(User(token), "");
  EXPECT_EQ(world_.metrics().GetCounter({"trivium_gateway_token_keys_refusals_total", ""}).Value(), 1);
  world_.source().PutItem(kTokenKeysKind, "acme", v1::TokenKeys());
  world_.Refresh();
  EXPECT_EQ(User(token), "");
}

// Any change of config must not cost every client a signature.
TEST_F(JwtTokenCheckerTest, AnotherItemsChangeForgetsNothing) {
  const std::string token = world_.Token(acme_, "acme", "u-7");
  EXPECT_EQ(User(token), "");
  world_.source().Put("push.ack", GoodCommand());
  world_.Refresh();
  EXPECT_EQ(User(token), "");
  EXPECT_EQ(Remembered(), 1);
}

TEST(TokenMemoryTest, StaysBoundedAndKeepsWhatIsUsed) {
  TokenMemory memory(320);
  const auto identity = std::make_shared<const TokenIdentity>();
  memory.Put("used", 1, identity);
  for (int i = 0; i < 10'000; ++i) {
    memory.Put(std::to_string(i), 1, identity);
    ASSERT_NE(memory.Find("used", 1), nullptr) << i;
  }
  EXPECT_LE(memory.size(), 330u);
  EXPECT_EQ(memory.Find("used", 2), nullptr);
  EXPECT_EQ(memory.Find("0", 1), nullptr);
}

}  // namespace
}  // namespace trivium::gateway
