#include "libs/http/gzip.h"

#include <gtest/gtest.h>

namespace trivium::http {
namespace {

TEST(GzipTest, ComesBack) {
  for (const std::string& plain :
       {std::string(), std::string("a"), std::string(100000, 'x'), std::string("\0\xff\0", 3)}) {
    const auto back = GzipDecompress(GzipCompress(plain), 100000);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, plain);
  }
}

TEST(GzipTest, RefusesWhatIsNotOneWholeStream) {
  const std::string packed = GzipCompress("some text");
  for (const std::string& bad :
       {std::string(), std::string("plain"), packed.substr(0, packed.size() - 1), packed + "x", packed + packed}) {
    EXPECT_EQ(GzipDecompress(bad, 1000).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(GzipTest, ABombStopsAtTheLimit) {
  const std::string bomb = GzipCompress(std::string(50 << 20, '\0'));
  EXPECT_LT(bomb.size(), 1u << 20);
  EXPECT_EQ(GzipDecompress(bomb, 1 << 20).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(GzipDecompress(GzipCompress(std::string(1000, 'x')), 1000).ok());
  EXPECT_FALSE(GzipDecompress(GzipCompress(std::string(1001, 'x')), 1000).ok());
}

}  // namespace
}  // namespace trivium::http
