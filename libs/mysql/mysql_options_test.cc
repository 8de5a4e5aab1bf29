#include "libs/mysql/mysql_options.h"

#include <gtest/gtest.h>

#include "libs/mysql/options.pb.h"

namespace trivium::mysql {
namespace {

MysqlOptions Defaults() {
  MysqlOptions options;
  SetDefaults("payment", 24, &options);
  return options;
}

absl::Status Check(const MysqlOptions& options) {
  config::Checks checks;
  CheckOptions(options, &checks);
  return checks.Result();
}

TEST(MysqlOptionsTest, TheDefaultsAreGoodAndNamedByTheService) {
  EXPECT_TRUE(Check(Defaults()).ok());
  const PoolOptions pool = ToPoolOptions(Defaults());
  EXPECT_EQ(pool.user, "payment");
  EXPECT_EQ(pool.schema, "payment");
  EXPECT_EQ(pool.max_connections, 24);
  EXPECT_EQ(pool.statement_timeout, absl::Seconds(5));
}

TEST(MysqlOptionsTest, EveryOptionReachesThePool) {
  MysqlOptions options = Defaults();
  options.set_host("db");
  options.set_port(3307);
  options.set_unix_socket("/run/db.sock");
  options.set_password("secret");
  options.mutable_statement_timeout()->set_seconds(7);
  const PoolOptions pool = ToPoolOptions(options);
  EXPECT_EQ(pool.host, "db");
  EXPECT_EQ(pool.port, 3307);
  EXPECT_EQ(pool.unix_socket, "/run/db.sock");
  EXPECT_EQ(pool.password, "secret");
  EXPECT_EQ(pool.statement_timeout, absl::Seconds(7));
}

TEST(MysqlOptionsTest, TakesTheEndsOfEveryRange) {
  for (const bool high : {false, true}) {
    MysqlOptions options = Defaults();
    options.set_port(high ? 65535 : 1);
    options.set_max_connections(high ? 1000 : 4);
    options.mutable_statement_timeout()->set_seconds(high ? 60 : 0);
    options.mutable_statement_timeout()->set_nanos(high ? 0 : 100'000'000);
    EXPECT_TRUE(Check(options).ok()) << Check(options);
  }
}

TEST(MysqlOptionsTest, SaysWhatIsWanted) {
  MysqlOptions options = Defaults();
  options.set_port(0);
  options.set_max_connections(3);
  options.mutable_statement_timeout()->set_seconds(61);
  EXPECT_EQ(Check(options).message(),
            "mysql.port: 0, want 1 to 65535; mysql.max_connections: 3, want 4 to 1000; mysql.statement_timeout: 1m1s, "
            "want 100ms to 1m");
}

}  // namespace
}  // namespace trivium::mysql
