// The MySQL engine under test, on one real server for all tests of a program.
#pragma once

#include <memory>

#include "libs/mysql/test_server.h"
#include "services/live/store/store_conformance.h"

namespace trivium::live {

// Started at the first call, with the tables of migrations/live; stopped when the tests are over. Call it from the main
// thread first: the server dies with the thread that started it.
mysql::TestServer& TestDatabase();
mysql::PoolOptions TestDatabaseOptions();

// The store alone reaches the server by `options`; the relay that numbers its events has connections of its own.
std::unique_ptr<StoreUnderTest> NewMysqlUnderTest(mysql::PoolOptions options);

}  // namespace trivium::live
