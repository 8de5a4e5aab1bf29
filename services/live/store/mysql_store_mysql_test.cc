#include "services/live/store/mysql_under_test.h"

namespace trivium::live {

std::unique_ptr<StoreUnderTest> NewStoreUnderTest() { return NewMysqlUnderTest(TestDatabaseOptions()); }

}  // namespace trivium::live
