// Pieces of live's transactions.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "libs/kafka/event.h"
#include "libs/mysql/mysql.h"
#include "services/live/store/store.h"

namespace trivium::live {

// An event of a room or of somebody in it.
kafka::Event EventFor(const Id& id, const std::string& product, const Id& room_id, absl::Time time,
                      std::string payload);
// By product and day: so sorted everybody locks them.
absl::Status WriteCounts(mysql::Connection& db,
                         const std::map<std::pair<std::string, std::string>, DayCounts>& counts_of_days);

}  // namespace trivium::live
