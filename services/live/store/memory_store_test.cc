#include "services/live/store/memory_store.h"

#include "libs/clock/clock.h"
#include "services/live/store/store_conformance.h"

namespace trivium::live {
namespace {

class Memory : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  void Settle(const std::string&) override {}

 private:
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  MemoryStore store_{*ids_, EncoderForTest()};
};

}  // namespace

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return std::make_unique<Memory>(); }

}  // namespace trivium::live
