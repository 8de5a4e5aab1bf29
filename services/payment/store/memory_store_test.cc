#include "services/payment/store/memory_store.h"

#include "services/payment/store/store_conformance.h"

namespace trivium::payment {
namespace {

class Memory : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  void Settle(const std::string&) override {}

 private:
  std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  MemoryStore store_{*ids_};
};

}  // namespace

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return std::make_unique<Memory>(); }

}  // namespace trivium::payment
