// The store in MySQL (migrations/control).
#pragma once

#include <memory>

#include "libs/mysql/mysql.h"
#include "services/control/store/store.h"

namespace trivium {
class Clock;
class IdGenerator;
}  // namespace trivium

namespace trivium::control {

// Newest migration that this binary needs.
inline constexpr int kSchemaVersion = 2;

// All references outlive it.
std::unique_ptr<Store> NewMysqlStore(mysql::Pool& pool, IdGenerator& ids, Clock& clock);

}  // namespace trivium::control
