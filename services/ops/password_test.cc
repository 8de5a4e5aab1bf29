#include "services/ops/password.h"

#include <gtest/gtest.h>

#include "services/ops/secret.h"

namespace trivium::ops {
namespace {

TEST(PasswordTest, OnlyThePasswordVerifies) {
  const auto hash = HashPassword("正确的密码");
  ASSERT_TRUE(hash.ok()) << hash.status();
  EXPECT_TRUE(CheckPasswordHash(*hash).ok());
  EXPECT_TRUE(VerifyPassword("正确的密码", *hash));
  EXPECT_FALSE(VerifyPassword("正确的密", *hash));
  EXPECT_FALSE(VerifyPassword("", *hash));
}

TEST(PasswordTest, TwoHashesOfOnePasswordDiffer) { EXPECT_NE(*HashPassword("x"), *HashPassword("x")); }

TEST(PasswordTest, RefusesMalformedAndCostlyHashes) {
  for (const char* malformed :
       {"", "plain", "scrypt$15$8$1$$",
        "scrypt$99$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$1$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "bcrypt$15$8$1$a$b"}) {
    EXPECT_EQ(CheckPasswordHash(malformed).code(), absl::StatusCode::kInvalidArgument) << malformed;
    EXPECT_FALSE(VerifyPassword("x", malformed));
  }
}

TEST(SecretTest, ComparesWholeSecrets) {
  EXPECT_TRUE(SameSecret("abc", "abc"));
  EXPECT_FALSE(SameSecret("abc", "abd"));
  EXPECT_FALSE(SameSecret("abc", "ab"));
  EXPECT_EQ(RandomBytes(32).size(), 32u);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

}  // namespace
}  // namespace trivium::ops
