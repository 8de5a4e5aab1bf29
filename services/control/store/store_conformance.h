// What every engine must do. An engine's test instantiates it:
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreConformanceTest, testing::Values(StoreMaker{...}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/clock/clock.h"
#include "services/control/store/store.h"

namespace trivium::control {

// Makes an empty store. Its clock is the test's.
using StoreMaker = std::function<std::unique_ptr<Store>(Clock&)>;

class StoreConformanceTest : public testing::TestWithParam<StoreMaker> {
 protected:
  StoreConformanceTest() : store_(GetParam()(clock_)) {}

  static absl::Time Soon() { return absl::Now() + absl::Seconds(10); }
  static RequestKey Key(const std::string& id, const std::string& request = "r");
  // Publishes the next version of an item.
  absl::StatusOr<Outcome> Publish(const std::string& id, const std::string& kind, const std::string& name,
                                  const std::string& value);
  absl::StatusOr<Outcome> SetRoute(const std::string& id, const std::string& product,
                                   std::vector<domain::RouteCell> cells);

  FakeClock clock_;
  std::unique_ptr<Store> store_;
};

}  // namespace trivium::control
