#include "libs/http/head_check.h"

#include <gtest/gtest.h>

namespace trivium::http {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Case {
  const char* what;
  int version;
  const char* target;
  Headers headers;
  int want;
};

TEST(HeadCheckTest, AcceptsOneReadingOnly) {
  const Headers host = {{"host", "a"}};
  const auto with = [&](Headers more) {
    more.insert(more.begin(), host[0]);
    return more;
  };
  const Case cases[] = {
      {"plain", 11, "/", host, 0},
      {"length", 11, "/", with({{"content-length", "5"}}), 0},
      {"chunked", 11, "/", with({{"transfer-encoding", "Chunked"}}), 0},
      {"1.0 without host", 10, "/", {}, 0},
      {"expect", 11, "/", with({{"expect", "100-Continue"}}), 0},
      {"no host", 11, "/", {}, 400},
      {"two hosts", 11, "/", with({{"host", "b"}}), 400},
      {"te and cl", 11, "/", with({{"transfer-encoding", "chunked"}, {"content-length", "5"}}), 400},
      {"two lengths", 11, "/", with({{"content-length", "5"}, {"content-length", "5"}}), 400},
      {"length list", 11, "/", with({{"content-length", "5, 5"}}), 400},
      {"signed length", 11, "/", with({{"content-length", "+5"}}), 400},
      {"two encodings", 11, "/", with({{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}), 400},
      {"1.0 chunked", 10, "/", with({{"transfer-encoding", "chunked"}}), 400},
      {"gzip, chunked", 11, "/", with({{"transfer-encoding", "gzip, chunked"}}), 501},
      {"identity", 11, "/", with({{"transfer-encoding", "identity"}}), 501},
      {"xchunked", 11, "/", with({{"transfer-encoding", "xchunked"}}), 501},
      {"bare CR in a value", 11, "/", with({{"x", "a\rb"}}), 400},
      {"expectation", 11, "/", with({{"expect", "magic"}}), 417},
      {"dot dot", 11, "/a/../b", host, 400},
      {"asterisk", 11, "*", host, 400},
      {"version 2.0", 20, "/", host, 400},
  };
  for (const Case& c : cases) {
    Request request;
    request.target = c.target;
    request.headers = c.headers;
    EXPECT_EQ(CheckHead(c.version, request).status, c.want) << c.what;
  }
}

TEST(HeadCheckTest, FillsPathAndQuery) {
  Request request;
  request.target = "/a%2Db?c=%20";
  request.headers = {{"host", "a"}};
  EXPECT_EQ(CheckHead(11, request).status, 0);
  EXPECT_EQ(request.path, "/a-b");
  EXPECT_EQ(request.query, "c=%20");
}

}  // namespace
}  // namespace trivium::http
