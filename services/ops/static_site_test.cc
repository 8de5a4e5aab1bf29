#include "services/ops/static_site.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace trivium::ops {
namespace {

class StaticSiteTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::string(std::getenv("TEST_TMPDIR")) + "/site";
    mkdir(folder_.c_str(), 0755);
    mkdir((folder_ + "/assets").c_str(), 0755);
    Write("/index.html", "<html>");
    Write("/favicon.svg", "<svg>");
    Write("/assets/app-1234.js", "let a");
    Write("/assets/app-1234.js.gz", "zipped");
    Write("/.secret", "no");
  }
  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ + name) << text; }
  http::Response Get(const std::string& path, const std::string& encoding = "") {
    http::Request request;
    request.method = "GET";
    request.path = path;
    if (!encoding.empty()) request.headers.emplace_back("accept-encoding", encoding);
    return ServeFile(folder_, request);
  }
  static std::string Header(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::string folder_;
};

TEST_F(StaticSiteTest, AssetsAreImmutableAndTyped) {
  const http::Response response = Get("/assets/app-1234.js");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "let a");
  EXPECT_EQ(response.content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Header(response, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(StaticSiteTest, GzipGoesToThoseWhoTakeIt) {
  const http::Response response = Get("/assets/app-1234.js", "br, gzip");
  EXPECT_EQ(response.body, "zipped");
  EXPECT_EQ(Header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(response.content_type, "text/javascript; charset=utf-8");
}

TEST_F(StaticSiteTest, TheConsolesAddressesGetTheIndex) {
  for (const char* path : {"/", "/products/acme", "/sign-in", "/audit"}) {
    EXPECT_EQ(Get(path).body, "<html>") << path;
    EXPECT_EQ(Header(Get(path), "Cache-Control"), "no-cache");
  }
}

TEST_F(StaticSiteTest, MissingFilesAreNotTheIndex) {
  EXPECT_EQ(Get("/assets/gone-1.js").status, 404);
  EXPECT_EQ(Header(Get("/assets/gone-1.js"), "Cache-Control"), "no-cache");
  EXPECT_EQ(Get("/gone.png").status, 404);
}

TEST_F(StaticSiteTest, APagesAddressMayHaveADot) {
  EXPECT_EQ(Get("/commands/push.ack").body, "<html>");
  EXPECT_EQ(Get("/commands/push.ack@acme").body, "<html>");
}

TEST_F(StaticSiteTest, NothingOutsideIsServed) {
  for (const std::string& path : {std::string("/.secret"), std::string("/assets/../.secret"),
                                  std::string("/assets/%2e"), std::string("/assets/a\0b.js", 14),
                                  std::string("//etc/passwd"), std::string("/assets/"), std::string("/assets")}) {
    const std::string body = Get(path).body;
    EXPECT_TRUE(body == "<html>" || body == "not found\n") << path << ": " << body;
  }
}

TEST_F(StaticSiteTest, ScriptsMayOnlyComeFromHere) {
  const std::string policy = Header(Get("/"), "Content-Security-Policy");
  EXPECT_NE(policy.find("script-src 'self';"), std::string::npos);
  EXPECT_EQ(Header(Get("/"), "X-Frame-Options"), "DENY");
  EXPECT_FALSE(Header(Get("/"), "Referrer-Policy").empty());
}

}  // namespace
}  // namespace trivium::ops
