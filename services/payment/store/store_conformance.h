// What every store engine must do. An engine's test links //services/payment/store:store_conformance and defines
// NewStoreUnderTest.
#pragma once

#include <memory>
#include <string>

#include "services/payment/store/store.h"

namespace trivium::payment {

struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  // Waits until every committed event has its number.
  virtual void Settle(const std::string& product) = 0;
};

std::unique_ptr<StoreUnderTest> NewStoreUnderTest();

}  // namespace trivium::payment
