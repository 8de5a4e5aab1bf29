#include <gtest/gtest.h>

#include "libs/config/config.h"
#include "libs/config/config_test.pb.h"

namespace trivium::config {
namespace {

std::string ErrorOf(void (*change)(TestOptions&)) {
  TestOptions before;
  before.set_address("x");
  before.mutable_pool()->set_max_connections(1);
  before.mutable_timeout()->set_seconds(1);
  TestOptions after = before;
  change(after);
  const absl::Status status = CheckReload(before, after);
  return status.ok() ? "OK" : std::string(status.message());
}

TEST(CheckReload, AllowsMarkedFieldsOnly) {
  EXPECT_EQ(ErrorOf([](TestOptions&) {}), "OK");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.set_threads(9); }), "OK");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.mutable_pool()->set_level("debug"); }), "OK");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.set_address("y"); }), "address: changed, want a restart for it");
  EXPECT_EQ(ErrorOf([](TestOptions& o) {
              o.set_threads(9);
              o.mutable_pool()->set_max_connections(2);
              o.mutable_timeout()->set_seconds(2);
            }),
            "timeout, pool.max_connections: changed, want a restart for it");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.clear_pool(); }), "pool: changed, want a restart for it");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.add_pools(); }), "pools: changed, want a restart for it");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { o.set_right(1); }), "right: changed, want a restart for it");
  EXPECT_EQ(ErrorOf([](TestOptions& o) { (*o.mutable_labels())["a"] = "b"; }),
            "labels: changed, want a restart for it");
}

}  // namespace
}  // namespace trivium::config
