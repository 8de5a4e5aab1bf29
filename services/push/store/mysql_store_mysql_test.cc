// The conformance suites over a real server.
#include "services/push/store/mysql_under_test.h"

namespace trivium::push {

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return NewMysqlUnderTest(TestDatabaseOptions()); }

}  // namespace trivium::push
