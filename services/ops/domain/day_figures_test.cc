#include "services/ops/domain/day_figures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace trivium::ops {
namespace {

TEST(SuccessRateTest, CountsOnlyPaymentsThatCameToAnEnd) {
  EXPECT_DOUBLE_EQ(SuccessRate({{"SUCCEEDED", 3}, {"FAILED", 1}, {"REQUIRES_ACTION", 96}}), 0.75);
  EXPECT_DOUBLE_EQ(SuccessRate({{"EXPIRED", 2}, {"CANCELED", 2}}), 0);
}

TEST(SuccessRateTest, IsNoNumberWithoutAnEnd) {
  EXPECT_TRUE(std::isnan(SuccessRate({})));
  EXPECT_TRUE(std::isnan(SuccessRate({{"REQUIRES_ACTION", 5}, {"UNKNOWN", 1}})));
}

}  // namespace
}  // namespace trivium::ops
