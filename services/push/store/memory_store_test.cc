#include "services/push/store/memory_store.h"

#include "services/push/store/store_conformance.h"

namespace trivium::push {
namespace {

class Memory : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  void Settle(const std::string&) override {}

 private:
  std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  MemoryStore store_{*ids_, EncodeForTest};
};

}  // namespace

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return std::make_unique<Memory>(); }

}  // namespace trivium::push
