#include "libs/control_client/murmur3.h"

#include <gtest/gtest.h>

namespace trivium {
namespace {

// Vectors of the reference implementation (MurmurHash3_x86_32).
TEST(Murmur3Test, KnownAnswers) {
  EXPECT_EQ(Murmur3(""), 0u);
  EXPECT_EQ(Murmur3("", 1), 0x514E28B7u);
  EXPECT_EQ(Murmur3("", 0xffffffff), 0x81F16F39u);
  EXPECT_EQ(Murmur3(std::string_view("\0\0\0\0", 4)), 0x2362F9DEu);
  EXPECT_EQ(Murmur3("a"), 0x3C2569B2u);
  EXPECT_EQ(Murmur3("hello"), 0x248BFA47u);
  EXPECT_EQ(Murmur3("hello, world"), 0x149BBB7Fu);
  EXPECT_EQ(Murmur3("The quick brown fox jumps over the lazy dog"), 0x2E4FF723u);
  EXPECT_EQ(Murmur3("The quick brown fox jumps over the lazy dog", 0x9747b28c), 0x2FA826CDu);
  EXPECT_EQ(Murmur3("Hello, world!", 0x9747b28c), 0x24884CBAu);
  EXPECT_EQ(Murmur3("\xcf\x80\xcf\x80\xcf\x80\xcf\x80\xcf\x80\xcf\x80\xcf\x80\xcf\x80", 0x9747b28c), 0xD58063C1u);
}

}  // namespace
}  // namespace trivium
