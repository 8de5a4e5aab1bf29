// What every store engine must do. An engine's test links //services/live/store:store_conformance and defines
// NewStoreUnderTest.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/live/store/store.h"

namespace trivium::live {

struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  // Waits until every committed event has its number.
  virtual void Settle(const std::string& product) = 0;
};

std::unique_ptr<StoreUnderTest> NewStoreUnderTest();

// Events in tests: "room 3 LIVE 2", its type, state and version; "stay 8 u-1 2", type, user, and state.
inline EventEncoder EncoderForTest() {
  return {.room =
              [](const Id&, EventType type, const Room& after) {
                return absl::StrCat("room ", static_cast<int>(type), " ", std::string(StateName(after.state)), " ",
                                    after.version);
              },
          .stay =
              [](const Id&, EventType type, const Stay& after, absl::Time) {
                return absl::StrCat("stay ", static_cast<int>(type), " ", after.user_id, " ",
                                    static_cast<int>(after.state));
              }};
}

}  // namespace trivium::live
