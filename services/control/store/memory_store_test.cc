#include "services/control/store/memory_store.h"

#include "services/control/store/store_conformance.h"

namespace trivium::control {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformanceTest, testing::Values(StoreMaker(NewMemoryStore)));

}  // namespace
}  // namespace trivium::control
