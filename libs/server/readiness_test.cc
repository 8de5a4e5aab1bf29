#include "libs/server/readiness.h"

#include <gtest/gtest.h>

namespace trivium::server {
namespace {

TEST(ReadinessTest, IsReadyWhileAllChecksAre) {
  absl::Status database, config;
  Readiness readiness;
  readiness.Add("database", [&] { return database; });
  readiness.Add("config", [&] { return config; });
  EXPECT_FALSE(readiness.ready());  // Nobody has looked yet.
  EXPECT_TRUE(readiness.Look());
  EXPECT_TRUE(readiness.status().ok());
  database = absl::UnavailableError("refused");
  config = absl::UnavailableError("no items");
  EXPECT_FALSE(readiness.Look());
  EXPECT_EQ(readiness.status().message(), "database: UNAVAILABLE: refused\nconfig: UNAVAILABLE: no items");
  database = config = absl::OkStatus();
  EXPECT_TRUE(readiness.Look());
  readiness.Drain();
  EXPECT_FALSE(readiness.Look());
  EXPECT_FALSE(readiness.ready());
  EXPECT_EQ(readiness.status().message(), "draining");
}

}  // namespace
}  // namespace trivium::server
