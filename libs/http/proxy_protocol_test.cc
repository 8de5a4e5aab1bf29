#include "libs/http/proxy_protocol.h"

#include <gtest/gtest.h>

#include "libs/http/address_set.h"

namespace trivium::http {
namespace {

std::string V2(uint8_t command, uint8_t family, const std::string& rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size());
  return bytes + rest;
}

const std::string kV4Addresses("\xcb\x00\x71\x07\x0a\x00\x00\x01\xc3\x50\x01\xbb", 12);
const std::string kV6Addresses = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                                 std::string(16, '\x01') + std::string("\x00\x50\x01\xbb", 4);

TEST(ProxyProtocolTest, SaysWhoTheClientIs) {
  const struct {
    std::string bytes, peer;
  } kCases[] = {
      {"PROXY TCP4 203.0.113.7 10.0.0.1 50000 443\r\n", "203.0.113.7:50000"},
      {"PROXY TCP6 2001:db8::7 ::1 0 65535\r\n", "2001:db8::7:0"},
      {"PROXY UNKNOWN\r\n", ""},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
      {V2(0x21, 0x11, kV4Addresses), "203.0.113.7:50000"},
      {V2(0x21, 0x11, kV4Addresses + std::string(300, '\x03')), "203.0.113.7:50000"},
      {V2(0x21, 0x21, kV6Addresses), "2001:db8::7:80"},
      {V2(0x20, 0x11, kV4Addresses), ""},
      {V2(0x20, 0x00, ""), ""},
      {V2(0x21, 0x00, "ignored"), ""},
      {V2(0x21, 0x31, std::string(216, 'u')), ""},
  };
  for (const auto& c : kCases) {
    const auto header = ParseProxyHeader(c.bytes + "GET / HTTP/1.1\r\n");
    ASSERT_TRUE(header.ok() && header->has_value()) << c.bytes;
    EXPECT_EQ((*header)->peer, c.peer) << c.bytes;
    EXPECT_EQ((*header)->size, c.bytes.size()) << c.bytes;
    // In pieces: each beginning alone asks for more.
    for (size_t i = 0; i < c.bytes.size(); ++i) {
      const auto part = ParseProxyHeader(c.bytes.substr(0, i));
      ASSERT_TRUE(part.ok()) << i << c.bytes;
      EXPECT_FALSE(part->has_value()) << i << c.bytes;
    }
  }
}

TEST(ProxyProtocolTest, RefusesEverythingElse) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n"),
                                   std::string("\x16\x03\x01"),
                                   std::string("PROXY\r\n"),
                                   std::string("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n"),
                                   std::string("PROXY TCP4 ::1 ::1 1 2\r\n"),
                                   std::string("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"),
                                   "PROXY UNKNOWN " + std::string(200, 'x'),
                                   V2(0x11, 0x11, kV4Addresses),
                                   V2(0x22, 0x11, kV4Addresses),
                                   V2(0x21, 0x12, kV4Addresses),
                                   V2(0x21, 0xff, kV4Addresses),
                                   V2(0x21, 0x11, kV4Addresses.substr(1)),
                                   V2(0x21, 0x21, kV4Addresses),
                                   V2(0x21, 0x11, std::string(5000, 'x'))}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseProxyHeader(bytes).status())) << bytes;
  }
}

TEST(AddressSetTest, KnowsItsNetworks) {
  const AddressSet set = AddressSet::Parse({"10.0.0.0/8", "192.168.1.1", "fd00::/8", "172.16.0.0/12"}).value();
  for (const char* ip : {"10.0.0.1", "10.255.255.255", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1", "172.31.0.1"})
    EXPECT_TRUE(set.Contains(ip)) << ip;
  for (const char* ip : {"11.0.0.1", "192.168.1.2", "fe80::1", "::1", "", "10.0.0", "10.0.0.1:5", "172.32.0.1", "x"})
    EXPECT_FALSE(set.Contains(ip)) << ip;
  EXPECT_TRUE(AddressSet::Parse({"0.0.0.0/0"})->Contains("8.8.8.8"));
  EXPECT_FALSE(AddressSet::Parse({"0.0.0.0/0"})->Contains("::1"));
  EXPECT_TRUE(AddressSet::Parse({"::/0"})->Contains("8.8.8.8"));
  for (const char* text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "fd00::/129", "localhost"})
    EXPECT_FALSE(AddressSet::Parse({text}).ok()) << text;
}

TEST(AddressSetTest, PeersWithoutTheirPort) {
  EXPECT_EQ(WithoutPort("203.0.113.7:50000"), "203.0.113.7");
  EXPECT_EQ(WithoutPort("::1:50000"), "::1");
  EXPECT_EQ(WithoutPort("[::1]:50000"), "::1");
  EXPECT_EQ(WithoutPort(""), "");
}

}  // namespace
}  // namespace trivium::http
