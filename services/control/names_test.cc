#include "services/control/names.h"

#include <gtest/gtest.h>

#include <string>

namespace trivium::control {
namespace {

TEST(NamesTest, Forms) {
  for (const char* good : {"acme", "a", "a-1"}) EXPECT_TRUE(IsLabel(good)) << good;
  for (const char* bad : {"", "1a", "-a", "A", "a_b", "a.b", "*", "示例"}) EXPECT_FALSE(IsLabel(bad)) << bad;
  EXPECT_FALSE(IsLabel(std::string(33, 'a')));
  EXPECT_TRUE(IsItemName("a_b-1"));
  EXPECT_FALSE(IsItemName("a/b"));
  EXPECT_TRUE(IsRequestId("Publish:1.a_b-"));
  EXPECT_FALSE(IsRequestId("short"));
  EXPECT_FALSE(IsRequestId("with space"));
}

TEST(NamesTest, EndpointsAreAddressesNotHostNames) {
  for (const char* good : {"127.0.0.1:21010", "[::1]:1", "10.0.0.1:65535"}) EXPECT_TRUE(IsIpAndPort(good)) << good;
  for (const char* bad : {"", "localhost:1", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:80", "127.0.0.1:8x",
                          ":80", "[127.0.0.1]:1", "127.0.0.1:-1", "127.0.0.1:99999999999999999999"}) {
    EXPECT_FALSE(IsIpAndPort(bad)) << bad;
  }
  EXPECT_EQ(SplitIpAndPort("[::1]:80").ip, "::1");
  EXPECT_EQ(SplitIpAndPort("[::1]:80").port, 80);
}

}  // namespace
}  // namespace trivium::control
