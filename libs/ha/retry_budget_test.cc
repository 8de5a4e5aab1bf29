#include "libs/ha/retry_budget.h"

#include <gtest/gtest.h>

namespace trivium::ha {
namespace {

TEST(RetryBudget, AllowsRetriesWhileMoreThanHalfIsLeft) {
  RetryBudget budget(10, 0.1);
  for (int i = 0; i < 4; ++i) budget.Failed();
  EXPECT_TRUE(budget.MayRetry());
  budget.Failed();
  EXPECT_FALSE(budget.MayRetry()) << "5 of 10 are not more than half";
  budget.Succeeded();
  EXPECT_TRUE(budget.MayRetry());
}

TEST(RetryBudget, StaysBetweenZeroAndItsMaximum) {
  RetryBudget budget(4, 1);
  for (int i = 0; i < 100; ++i) budget.Failed();
  budget.Succeeded();
  budget.Succeeded();
  EXPECT_FALSE(budget.MayRetry());
  budget.Succeeded();
  EXPECT_TRUE(budget.MayRetry()) << "debts beyond zero are forgotten";
  for (int i = 0; i < 100; ++i) budget.Succeeded();
  budget.Failed();
  budget.Failed();
  EXPECT_FALSE(budget.MayRetry()) << "credit beyond the maximum is not kept";
}

}  // namespace
}  // namespace trivium::ha
