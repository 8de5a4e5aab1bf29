// The fixture of the conformance suites.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "services/payment/store/store_calls.h"
#include "services/payment/store/store_conformance.h"

namespace trivium::payment {

inline void InThreads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& t : running) t.join();
}

// A base, so that it is there before the calls.
struct OwnedStore {
  const std::unique_ptr<StoreUnderTest> owned = NewStoreUnderTest();
};

class StoreTest : public ::testing::Test, protected OwnedStore, protected StoreCalls {
 protected:
  StoreTest() : StoreCalls(*owned) { EXPECT_TRUE(store_.CurrentEpoch(other_, Deadline()).ok()); }

  // Whether a worker that comes so long after kNow gets it.
  bool IsDue(const Id& payment_id, absl::Duration after, bool silent) {
    const std::vector<Payment> due =
        *store_.ClaimDuePayments({kNow + after, absl::ZeroDuration(), 1000, silent}, Deadline());
    return std::ranges::any_of(due, [&](const Payment& p) { return p.id == payment_id; });
  }

  const std::string other_ = "globex-" + product_.substr(5);  // Another product.
};

// One name a suite, so that a failure says whose rule it was.
using PaymentsTest = StoreTest;
using RefundsTest = StoreTest;

}  // namespace trivium::payment
