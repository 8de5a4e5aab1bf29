#include "libs/mysql/mysql_options.h"

#include "libs/clock/proto_time.h"
#include "libs/mysql/options.pb.h"

namespace trivium::mysql {

void SetDefaults(const std::string& service, int max_connections, MysqlOptions* options) {
  options->set_host("127.0.0.1");
  options->set_port(3306);
  options->set_user(service);
  options->set_schema(service);
  options->set_max_connections(max_connections);
  SetDuration(absl::Seconds(5), options->mutable_statement_timeout());
}

void CheckOptions(const MysqlOptions& options, config::Checks* checks) {
  checks->Range("mysql.port", options.port(), 1, 65535);
  checks->Range("mysql.max_connections", options.max_connections(), 4, 1000);
  checks->Range("mysql.statement_timeout", options.statement_timeout(), absl::Milliseconds(100), absl::Seconds(60));
}

PoolOptions ToPoolOptions(const MysqlOptions& options) {
  PoolOptions pool;
  pool.host = options.host();
  pool.port = options.port();
  pool.unix_socket = options.unix_socket();
  pool.user = options.user();
  pool.password = options.password();
  pool.schema = options.schema();
  pool.max_connections = options.max_connections();
  pool.statement_timeout = ToDuration(options.statement_timeout());
  return pool;
}

}  // namespace trivium::mysql
