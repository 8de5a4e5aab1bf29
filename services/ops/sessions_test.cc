#include "services/ops/sessions.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "services/ops/password.h"
#include "services/ops/secret.h"

namespace trivium::ops {
namespace {

Person Alice(const std::string& password) {
  const std::string hash = HashPassword(password).value();
  return {"alice", hash, {"person:alice", Role::kOwner, {"acme"}}, Sha256(hash)};
}

class SessionsTest : public testing::Test {
 protected:
  absl::StatusOr<SignedIn> SignIn(const std::string& name, const std::string& password,
                                  const std::string& address = "10.0.0.1") {
    return sessions_.SignIn(name, password, address, absl::InfiniteFuture());
  }
  absl::StatusOr<SignedIn> Find(const std::string& token) { return sessions_.Find(token, absl::InfiniteFuture()); }

  FakeClock clock_;
  Metrics metrics_;
  People people_{{{"alice", Alice("right")}}};
  std::unique_ptr<SessionStore> store_ = NewMemorySessionStore();
  Sessions sessions_{{.ttl = absl::Hours(1)}, people_, *store_, clock_, metrics_};
};

TEST_F(SessionsTest, ATokenLeadsToThePersonUntilItExpires) {
  const auto signed_in = SignIn("alice", "right");
  ASSERT_TRUE(signed_in.ok()) << signed_in.status();
  EXPECT_EQ(signed_in->token.size(), 43u);
  const auto found = Find(signed_in->token);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->person.viewer.actor, "person:alice");
  EXPECT_EQ(found->csrf_token, signed_in->csrf_token);
  EXPECT_NE(found->csrf_token, found->token);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(ReasonOf(Find(signed_in->token).status()), "SESSION_REQUIRED");
}

TEST_F(SessionsTest, TheStoreHoldsNoToken) {
  const auto signed_in = SignIn("alice", "right");
  EXPECT_TRUE(store_->Find(Sha256(signed_in->token), clock_.Now(), absl::InfiniteFuture())->has_value());
  EXPECT_FALSE(store_->Find(signed_in->token, clock_.Now(), absl::InfiniteFuture())->has_value());
}

TEST_F(SessionsTest, WrongTokensAreRefused) {
  for (const std::string& token :
       {std::string(), std::string("x"), std::string(43, 'A'), std::string(10'000, 'A'), std::string("a\0b", 3)}) {
    EXPECT_EQ(ReasonOf(Find(token).status()), "SESSION_REQUIRED");
  }
}

TEST_F(SessionsTest, AnUnknownNameIsAnsweredAsAWrongPassword) {
  const absl::Status unknown = SignIn("nobody", "right").status(), wrong = SignIn("alice", "wrong").status();
  EXPECT_EQ(unknown, wrong);
  EXPECT_EQ(ReasonOf(unknown), "CREDENTIALS_INVALID");
}

TEST_F(SessionsTest, FiveWrongTriesLockTheNameEvenForTheRightPassword) {
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(ReasonOf(SignIn("alice", "wrong", absl::StrCat("10.0.0.", i)).status()), "CREDENTIALS_INVALID");
  EXPECT_EQ(ReasonOf(SignIn("alice", "right", "10.0.0.9").status()), "SIGN_IN_LOCKED");
  clock_.Advance(absl::Minutes(10));
  EXPECT_TRUE(SignIn("alice", "right", "10.0.0.9").ok());
}

TEST_F(SessionsTest, FiveWrongTriesLockTheAddressForAllNames) {
  for (int i = 0; i < 5; ++i) SignIn(absl::StrCat("guess-", i), "x", "10.6.6.6").IgnoreError();
  EXPECT_EQ(ReasonOf(SignIn("alice", "right", "10.6.6.6").status()), "SIGN_IN_LOCKED");
  EXPECT_TRUE(SignIn("alice", "right", "10.0.0.1").ok());
}

TEST_F(SessionsTest, RightTriesNeverLock) {
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(SignIn("alice", "right").ok()) << i;
}

TEST_F(SessionsTest, APersonWhoIsGoneOrHasANewPasswordIsSignedOut) {
  const std::string token = SignIn("alice", "right")->token;
  people_.Replace({{"alice", Alice("new password")}});
  EXPECT_EQ(ReasonOf(Find(token).status()), "SESSION_REQUIRED");
  people_.Replace({});
  EXPECT_EQ(ReasonOf(Find(token).status()), "SESSION_REQUIRED");
}

TEST_F(SessionsTest, SignOutEndsTheSession) {
  const std::string token = SignIn("alice", "right")->token;
  ASSERT_TRUE(sessions_.End(token, absl::InfiniteFuture()).ok());
  EXPECT_EQ(ReasonOf(Find(token).status()), "SESSION_REQUIRED");
}

TEST_F(SessionsTest, FieldsOutOfRangeAreRefusedBeforeAnyWork) {
  for (const auto& [name, password] : {std::pair<std::string, std::string>{"", "x"},
                                       {"alice", ""},
                                       {std::string(65, 'a'), "x"},
                                       {"alice", std::string(257, 'x')}}) {
    EXPECT_EQ(SignIn(name, password).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(SessionsTest, OnlyTheSessionsCsrfTokenPasses) {
  const auto one = SignIn("alice", "right"), other = SignIn("alice", "right");
  EXPECT_TRUE(CheckCsrf(*one, one->csrf_token).ok());
  for (const std::string& wrong : {std::string(), other->csrf_token, one->token}) {
    EXPECT_EQ(ReasonOf(CheckCsrf(*one, wrong)), "CSRF_TOKEN_INVALID");
  }
}

}  // namespace
}  // namespace trivium::ops
