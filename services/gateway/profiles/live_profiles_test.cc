#include "services/gateway/profiles/live_profiles.h"

#include <gtest/gtest.h>

#include "services/gateway/commands/testing.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::gateway {
namespace {

class LiveProfilesTest : public testing::Test {
 protected:
  void Put(const std::string& product, const common::v1::ProductProfile& profile) {
    source_.PutItem(kProfileKind, product, profile);
    profiles_.Refresh();
  }

  FakeConfigSource source_;
  Metrics metrics_;
  LiveProfiles profiles_{source_, metrics_};
};

TEST_F(LiveProfilesTest, FillsInDefaultsAndFollowsChanges) {
  EXPECT_EQ(profiles_.Find("acme"), nullptr);
  common::v1::ProductProfile proto;
  Put("acme", proto);
  EXPECT_EQ(profiles_.Find("acme"), nullptr) << "without its part, nobody may connect";

  proto.mutable_gateway();
  Put("acme", proto);
  ASSERT_NE(profiles_.Find("acme"), nullptr);
  EXPECT_EQ(profiles_.Find("acme")->max_connections, 20'000);
  EXPECT_EQ(profiles_.Find("acme")->max_connections_per_user, 8);
  EXPECT_EQ(profiles_.Find("acme")->max_calls_per_second, 10'000);

  proto.mutable_gateway()->set_max_connections(3);
  Put("acme", proto);
  EXPECT_EQ(profiles_.Find("acme")->max_connections, 3);
  EXPECT_EQ(profiles_.Find("globex"), nullptr);
  source_.RemoveItem(kProfileKind, "acme");
  profiles_.Refresh();
  EXPECT_EQ(profiles_.Find("acme"), nullptr);
}

TEST_F(LiveProfilesTest, ABadProfileLeavesTheLastGoodOne) {
  common::v1::ProductProfile proto;
  proto.mutable_gateway()->set_max_connections(3);
  Put("acme", proto);
  proto.mutable_gateway()->set_max_connections(-1);
  Put("acme", proto);
  ASSERT_NE(profiles_.Find("acme"), nullptr);
  EXPECT_EQ(profiles_.Find("acme")->max_connections, 3);
  Put("globex", proto);
  EXPECT_EQ(profiles_.Find("globex"), nullptr);
  EXPECT_EQ(metrics_.GetCounter({"trivium_gateway_profile_refusals_total", ""}).Value(), 3) << "one a refresh each";
}

TEST_F(LiveProfilesTest, OriginsAreTheProductsOwn) {
  common::v1::ProductProfile proto;
  proto.mutable_gateway()->add_allowed_origins("https://class.acme.com");
  Put("acme", proto);
  proto.mutable_gateway()->set_allowed_origins(0, "https://globex.com");
  Put("globex", proto);
  proto.mutable_gateway()->clear_allowed_origins();
  Put("none", proto);
  EXPECT_TRUE(profiles_.Find("acme")->AllowsOrigin("https://class.acme.com"));
  EXPECT_FALSE(profiles_.Find("acme")->AllowsOrigin("https://globex.com"));
  EXPECT_FALSE(profiles_.Find("acme")->AllowsOrigin("http://class.acme.com"));
  EXPECT_FALSE(profiles_.Find("none")->AllowsOrigin("https://globex.com"));
  EXPECT_TRUE(profiles_.Find("none")->AllowsOrigin("")) << "an app sends none";
  EXPECT_TRUE(profiles_.AnyAllowsOrigin("https://globex.com"));
  EXPECT_FALSE(profiles_.AnyAllowsOrigin("https://evil.com"));

  proto.mutable_gateway()->add_allowed_origins("*");
  Put("open", proto);
  EXPECT_TRUE(profiles_.Find("open")->AllowsOrigin("https://evil.com"));
  EXPECT_TRUE(profiles_.AnyAllowsOrigin("https://evil.com"));
  EXPECT_FALSE(profiles_.Find("acme")->AllowsOrigin("https://evil.com"));
}

}  // namespace
}  // namespace trivium::gateway
