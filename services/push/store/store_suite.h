// The fixture of the conformance suites. After each test the ledger must be true.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "services/push/store/store_calls.h"
#include "services/push/store/store_conformance.h"

namespace trivium::push {

inline void InThreads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& t : running) t.join();
}

class StoreTest : public ::testing::Test, protected StoreCalls {
 protected:
  StoreTest() : StoreTest(NewStoreUnderTest()) {}
  void TearDown() override { ExpectLedgerIsTrue(); }

 private:
  explicit StoreTest(std::unique_ptr<StoreUnderTest> under_test)
      : StoreCalls(*under_test), owned_(std::move(under_test)) {}

  const std::unique_ptr<StoreUnderTest> owned_;

 protected:
  const std::string other_ = "globex-" + product_.substr(5);  // Another product.
};

// One name a suite, so that a failure says whose rule it was.
using AcceptTest = StoreTest;
using DeliveriesTest = StoreTest;
using CountsTest = StoreTest;
using UsersTest = StoreTest;
using ConcurrencyTest = StoreTest;

}  // namespace trivium::push
