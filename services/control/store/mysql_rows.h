// Rows to what the rules speak, and back.
#pragma once

#include "libs/mysql/mysql.h"
#include "services/control/store/store.h"

namespace trivium::control {

domain::ConfigItem ReadConfig(const mysql::Row& row);
std::vector<domain::ConfigItem> ReadConfigs(const mysql::Rows& rows);
// counters: kSelectCounters; cells: kSelectPlan.
domain::Plan ReadPlan(const mysql::Rows& counters, const mysql::Rows& cells);
Progress ReadProgress(const mysql::Rows& counters);
AuditRecord ReadAudit(const mysql::Row& row);
InstanceRow ReadInstance(const mysql::Row& row);
// Parameters of kTakeInstance and kUpdateInstance.
mysql::Values InstanceValues(const InstanceRow& row);

}  // namespace trivium::control
