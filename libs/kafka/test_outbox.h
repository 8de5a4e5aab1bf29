// What the tests of a service's store need: one real server for a whole program, and the relay of its outbox.
#pragma once

#include <memory>
#include <string>

#include "libs/mysql/test_server.h"

namespace trivium::kafka {

// Started at the first call, with this schema and the tables of this folder; stopped when the tests are over. Call it
// from the main thread first: the server dies with the thread that started it.
mysql::TestServer& TestDatabase(const std::string& schema, const std::string& migrations);
// For many threads that are patient.
mysql::PoolOptions PatientOptions(const mysql::TestServer& server, const std::string& schema);

// Numbers the events of a schema over connections of its own.
class TestRelay {
 public:
  explicit TestRelay(mysql::PoolOptions options);
  ~TestRelay();
  void Wake();
  // Waits until every committed event of the product has its number; a test failure after 12 s.
  void Settle(const std::string& product);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::kafka
