#include "libs/http/url.h"

#include <gtest/gtest.h>

#include "libs/http/message.h"

namespace trivium::http {
namespace {

TEST(PercentDecodeTest, DecodesAndRefuses) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc", false), "a b/c");
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("%E6%95%B0", false), "数");
  for (const char* bad : {"%", "%4", "%zz", "a%2", "%-1"}) EXPECT_EQ(PercentDecode(bad, false), std::nullopt) << bad;
}

TEST(PercentEncodeTest, IsUndoneByDecode) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(PercentDecode(PercentEncode(all), true), all);
  EXPECT_EQ(PercentEncode("a b&c=数"), "a%20b%26c%3D%E6%95%B0");
}

TEST(ParseQueryTest, KeepsOrderAndRepeats) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(ParseQuery("b=2&a=1&b=%33&c&&d=x=y"), (Pairs{{"b", "2"}, {"a", "1"}, {"b", "3"}, {"c", ""}, {"d", "x=y"}}));
  EXPECT_EQ(ParseQuery(""), Pairs());
  EXPECT_EQ(ParseQuery("a=%"), std::nullopt);
  EXPECT_EQ(ParseQuery("a&b&c", 2), std::nullopt);
}

TEST(ParseTargetTest, TakesOriginAndAbsoluteForm) {
  EXPECT_EQ(ParseTarget("/a%20b?x=1")->path, "/a b");
  EXPECT_EQ(ParseTarget("/a%20b?x=1")->query, "x=1");
  EXPECT_EQ(ParseTarget("http://host:80/p?q")->path, "/p");
  EXPECT_EQ(ParseTarget("http://host")->path, "/");
  EXPECT_EQ(ParseTarget("/a/..b/.../c")->path, "/a/..b/.../c");
}

TEST(ParseTargetTest, RefusesWhatLeavesTheRoot) {
  for (const char* bad :
       {"", "*", "a", "?x", "/../etc", "/a/..", "/a/%2e%2e/b", "/a%2f..%2fb", "/%00", "/a%0d%0ab", "/%zz", "host:80"}) {
    EXPECT_EQ(ParseTarget(bad), std::nullopt) << bad;
  }
}

TEST(RequestTest, FindsParametersAndCookies) {
  Request request;
  request.query = "name=%E6%9D%8E+x&empty=&name=second&bad=%";
  request.headers = {{"cookie", "a=1; session=abc=d ;b"}, {"x-a", "first"}, {"x-a", "second"}};
  EXPECT_EQ(request.Parameter("name"), "李 x");
  EXPECT_EQ(request.Parameter("empty"), "");
  EXPECT_EQ(request.Parameter("bad"), "");
  EXPECT_EQ(request.Parameter("none"), "");
  EXPECT_EQ(request.Cookie("session"), "abc=d");
  EXPECT_EQ(request.Cookie("a"), "1");
  EXPECT_EQ(request.Cookie("b"), "");
  EXPECT_EQ(request.Header("x-a"), "first");
}

}  // namespace
}  // namespace trivium::http
