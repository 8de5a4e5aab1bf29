#include "libs/rpc/identity.h"

#include <gtest/gtest.h>

namespace trivium::rpc {
namespace {

TEST(IdentityTest, ReadsTheNamesOfOurTrustDomain) {
  EXPECT_EQ(ParseIdentity("spiffe://trivium/product/acme").ToString(), "product:acme");
  EXPECT_EQ(ParseIdentity("spiffe://trivium/service/payment").ToString(), "service:payment");
  EXPECT_EQ(ParseIdentity("spiffe://trivium/operator/dev").ToString(), "operator:dev");
}

TEST(IdentityTest, TakesNothingElseForACaller) {
  for (const char* uri :
       {"", "acme", "https://trivium/product/acme", "spiffe://other/product/acme", "spiffe://trivium/product/",
        "spiffe://trivium/product", "spiffe://trivium/root/acme", "spiffe://trivium/product/a/b",
        "spiffe://trivium/product/Acme", "spiffe://trivium/product/-acme", "spiffe://trivium/product/acme ",
        "spiffe://trivium//acme", "SPIFFE://trivium/product/acme"}) {
    EXPECT_EQ(ParseIdentity(uri).kind, Caller::Kind::kNone) << uri;
  }
  EXPECT_EQ(ParseIdentity("spiffe://trivium/product/" + std::string(65, 'a')).kind, Caller::Kind::kNone);
}

}  // namespace
}  // namespace trivium::rpc
