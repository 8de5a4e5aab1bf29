#include "services/ops/domain/roles.h"

#include <gtest/gtest.h>

namespace trivium::ops {
namespace {

TEST(RolesTest, NamesComeBack) {
  for (const Role role : {Role::kOwner, Role::kPlatformViewer, Role::kPlatformAdmin})
    EXPECT_EQ(ParseRole(RoleName(role)), role);
  EXPECT_EQ(ParseRole("root"), std::nullopt);
  EXPECT_EQ(ParseRole(""), std::nullopt);
}

TEST(RolesTest, AnOwnerSeesTheOwnProductsAndNoPlatform) {
  const Viewer owner{"person:alice", Role::kOwner, {"acme"}};
  EXPECT_TRUE(owner.Sees("acme"));
  EXPECT_FALSE(owner.Sees("globex"));
  EXPECT_FALSE(owner.Sees(""));
  EXPECT_FALSE(owner.SeesPlatform());
  EXPECT_FALSE(owner.MayChange());
  EXPECT_EQ(VisibleProducts(owner, {"globex", "acme"}), std::vector<std::string>{"acme"});
}

TEST(RolesTest, AnOwnersProductThatIsNoProductIsNotVisible) {
  EXPECT_TRUE(VisibleProducts({"person:alice", Role::kOwner, {"gone"}}, {"acme"}).empty());
}

TEST(RolesTest, OnlyAnAdminChanges) {
  EXPECT_FALSE((Viewer{"person:v", Role::kPlatformViewer, {}}).MayChange());
  EXPECT_TRUE((Viewer{"person:v", Role::kPlatformViewer, {}}).Sees("anything"));
  EXPECT_TRUE((Viewer{"person:a", Role::kPlatformAdmin, {}}).MayChange());
}

}  // namespace
}  // namespace trivium::ops
