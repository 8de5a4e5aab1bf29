#include "libs/server/advertised_address.h"

#include <gtest/gtest.h>

namespace trivium::server {
namespace {

TEST(AdvertisedAddressTest, NumbersStayAsTheyAre) {
  EXPECT_EQ(ResolveAdvertised("10.1.2.3:9000").value_or(""), "10.1.2.3:9000");
  EXPECT_EQ(ResolveAdvertised("[fd00::7]:9000").value_or(""), "[fd00::7]:9000");
}

// "${POD_IP}:9000" knows no brackets.
TEST(AdvertisedAddressTest, AnIpv6AddressGetsItsBrackets) {
  EXPECT_EQ(ResolveAdvertised("fd00::7:9000").value_or(""), "[fd00::7]:9000");
}

TEST(AdvertisedAddressTest, ANameBecomesNumbersAndIpv4GoesFirst) {
  EXPECT_EQ(ResolveAdvertised("localhost:9000").value_or(""), "127.0.0.1:9000");
}

TEST(AdvertisedAddressTest, ANameThatIsNoneIsRefused) {
  const absl::Status status = ResolveAdvertised("no-such-host.invalid:9000").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(status.message().find("server.advertise_address: no-such-host.invalid:9000: ") == 0) << status;
}

}  // namespace
}  // namespace trivium::server
