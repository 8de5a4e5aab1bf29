#include "services/control/store/mysql_rows.h"

#include <utility>

namespace trivium::control {

using domain::ConfigItem;

ConfigItem ReadConfig(const mysql::Row& row) {
  return {.kind = row.Text(0),
          .name = row.Text(1),
          .version = row.Int(2),
          .type_url = row.Text(4),
          .value = row.Text(5),
          .percentage = static_cast<int32_t>(row.Int(6)),
          .previous_value = row.Text(7),
          .actor = row.Text(8),
          .reason = row.Text(9),
          .create_time = row.Time(10),
          .revision = row.Int(3)};
}

std::vector<ConfigItem> ReadConfigs(const mysql::Rows& rows) {
  std::vector<ConfigItem> items;
  for (const mysql::Row& row : rows) items.push_back(ReadConfig(row));
  return items;
}

domain::Plan ReadPlan(const mysql::Rows& counters, const mysql::Rows& cells) {
  domain::Plan plan;
  for (const mysql::Row& row : counters) {
    if (row.Text(0) != "plan_epoch") continue;
    plan.epoch = row.Int(1);
    plan.update_time = row.Time(2);
  }
  for (const mysql::Row& row : cells) {
    const bool same =
        !plan.routes.empty() && plan.routes.back().product == row.Text(0) && plan.routes.back().service == row.Text(1);
    if (!same) plan.routes.push_back({.product = row.Text(0), .service = row.Text(1), .epoch = row.Int(4)});
    plan.routes.back().cells.push_back({row.Text(2), row.Int(3) != 0, {row.Text(5), static_cast<int>(row.Int(6))}});
  }
  return plan;
}

Progress ReadProgress(const mysql::Rows& counters) {
  Progress progress;
  for (const mysql::Row& row : counters) {
    if (row.Text(0) == "config_revision") progress.config_revision = row.Int(1);
    if (row.Text(0) == "plan_epoch") progress.plan_epoch = row.Int(1);
  }
  return progress;
}

AuditRecord ReadAudit(const mysql::Row& row) {
  return {.audit_id = row.Int(0),
          .time = row.Time(1),
          .actor = row.Text(2),
          .caller = row.Text(3),
          .action = row.Text(4),
          .object = row.Text(5),
          .product = row.Text(6),
          .reason = row.Text(7),
          .before_json = row.Text(8),
          .after_json = row.Text(9),
          .trace_id = row.Text(10)};
}

InstanceRow ReadInstance(const mysql::Row& row) {
  InstanceRow read;
  read.state.instance = {.id = row.Text(0),
                         .service = row.Text(1),
                         .cell = row.Text(2),
                         .address = row.Text(3),
                         .version = row.Text(4),
                         .ready = row.Int(5) != 0,
                         .start_time = row.Time(6)};
  read.state.alive = row.Int(7) != 0;
  read.state.kept = row.Int(8) != 0;
  read.state.was_ready = row.Int(9) != 0;
  read.state.last_heartbeat = row.Time(10);
  if (!row.IsNull(11)) read.state.lost_time = row.Time(11);
  read.owner = row.Text(12);
  return read;
}

mysql::Values InstanceValues(const InstanceRow& row) {
  const domain::InstanceState& state = row.state;
  mysql::Value lost;  // NULL.
  if (!state.alive) lost = state.lost_time;
  return {state.instance.service,
          state.instance.cell,
          state.instance.address,
          state.instance.version,
          static_cast<int64_t>(state.instance.ready),
          state.instance.start_time,
          static_cast<int64_t>(state.alive),
          static_cast<int64_t>(state.kept),
          static_cast<int64_t>(state.was_ready),
          state.last_heartbeat,
          lost,
          row.owner,
          state.instance.id};
}

}  // namespace trivium::control
