#include "libs/http/router.h"

#include <gtest/gtest.h>

namespace trivium::http {
namespace {

Route Named(Metrics& metrics, const char* name) {
  return {{}, {}, std::make_unique<RouteMetrics>(metrics, name, name)};
}

TEST(RouterTest, LongestPatternWins) {
  Metrics metrics;
  Router router;
  for (const char* pattern : {"/", "/a", "/a/", "/a/b/", "/exact"}) router.Add("GET", pattern, Named(metrics, pattern));
  const Route* root = router.Find("/");
  const Route* under_a = router.Find("/a/");
  const Route* under_ab = router.Find("/a/b/");
  EXPECT_NE(root, nullptr);
  EXPECT_NE(root, under_a);
  EXPECT_NE(router.Find("/a"), under_a);
  EXPECT_EQ(router.Find("/a/x"), under_a);
  EXPECT_EQ(router.Find("/a/b"), under_a);
  EXPECT_EQ(router.Find("/a/b/c/d"), under_ab);
  EXPECT_EQ(router.Find("/ab"), root);
  EXPECT_EQ(router.Find("/exact/more"), root);
}

TEST(RouterTest, NothingWithoutARoot) {
  Metrics metrics;
  Router router;
  router.Add("GET", "/a", Named(metrics, "a"));
  for (const char* path : {"/", "/b", "/a/", "", "a"}) EXPECT_EQ(router.Find(path), nullptr) << path;
}

TEST(RouteTest, GetImpliesHead) {
  Metrics metrics;
  Router router;
  router.Add("GET POST", "/a", Named(metrics, "a"));
  const Route* route = router.Find("/a");
  EXPECT_TRUE(route->Allows("GET") && route->Allows("HEAD") && route->Allows("POST"));
  EXPECT_FALSE(route->Allows("PUT"));
  EXPECT_EQ(route->AllowHeader(), "GET, POST, HEAD");
}

}  // namespace
}  // namespace trivium::http
