// What every store engine must do. An engine's test links //services/push/store:store_conformance and defines
// NewStoreUnderTest.
#pragma once

#include <memory>
#include <string>

#include "services/push/store/store.h"

namespace trivium::push {

struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  // Waits until every committed event has its number.
  virtual void Settle(const std::string& product) = 0;
};

std::unique_ptr<StoreUnderTest> NewStoreUnderTest();

// An event in tests: "msg_... SENT 2", the message's id, state and version.
std::string EncodeForTest(const Id& event_id, const Message& after);

}  // namespace trivium::push
