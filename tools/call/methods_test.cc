#include "tools/call/methods.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace trivium::call {
namespace {

using ::testing::HasSubstr;

TEST(Methods, AreFoundByShortAndFullName) {
  for (const char* name : {"payment/CreatePayment", "trivium.payment.v1.PaymentService/CreatePayment"}) {
    const auto method = FindMethod(name);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ((*method)->full_name(), "trivium.payment.v1.PaymentService.CreatePayment");
  }
}

TEST(Methods, OfAllServicesAreThere) {
  for (const char* name : {"control/PublishConfig", "control/ListInstances", "control/SetRoute", "ops/ListBoards",
                           "payment/WatchEvents"}) {
    EXPECT_TRUE(FindMethod(name).ok()) << name;
  }
}

// A short name that two services shared would reach only one of them.
TEST(Methods, HaveOneShortNameEach) {
  for (const auto* method : AllMethods()) {
    const auto found = FindMethod(ShortName(*method));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, method) << ShortName(*method);
  }
}

TEST(Methods, SuggestTheNearest) {
  const auto method = FindMethod("payment/CreatePaymnt");
  ASSERT_FALSE(method.ok());
  EXPECT_THAT(std::string(method.status().message()), HasSubstr("did you mean payment/CreatePayment?"));
}

}  // namespace
}  // namespace trivium::call
