// The database in a service's config.
#pragma once

#include <string>

#include "libs/config/checks.h"
#include "libs/mysql/mysql.h"

namespace trivium::mysql {

class MysqlOptions;  // libs/mysql/options.proto

// service: its user and its schema.
void SetDefaults(const std::string& service, int max_connections, MysqlOptions* options);
// As the field "mysql".
void CheckOptions(const MysqlOptions& options, config::Checks* checks);
PoolOptions ToPoolOptions(const MysqlOptions& options);

}  // namespace trivium::mysql
