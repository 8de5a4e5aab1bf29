// Metrics of control, each declared once.
#pragma once

#include "libs/telemetry/metrics.h"

namespace trivium::control {

inline constexpr Metric kRegistryAllExpired{
    "trivium_control_registry_all_expired",
    "Services of a cell all of whose instances are silent, and kept because they all are."};
inline constexpr Metric kInstancesLost{"trivium_control_instances_lost_total", "Instances taken out, by why.", {"why"}};
inline constexpr Metric kInstancesServing{
    "trivium_control_instances_serving", "Instances that get calls, by service and cell.", {"service", "cell"}};
inline constexpr Metric kPlanEpoch{"trivium_control_plan_epoch", "Epoch of the route plan."};
inline constexpr Metric kConfigRevision{"trivium_control_config_revision", "Revision of the newest config item."};
inline constexpr Metric kSnapshots{"trivium_control_xds_snapshots_total", "Sets of xDS resources published."};
inline constexpr Metric kWatchers{"trivium_control_watch_streams", "Watch streams that are open now.", {"stream"}};

}  // namespace trivium::control
