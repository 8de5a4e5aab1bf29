// The conformance suites over a real server.
#include "services/payment/store/mysql_under_test.h"

namespace trivium::payment {

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return NewMysqlUnderTest(TestDatabaseOptions()); }

}  // namespace trivium::payment
