#include "services/live/store/mysql_pieces.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/telemetry/trace.h"
#include "services/live/store/statements.h"

namespace trivium::live {
namespace {

constexpr char kTopic[] = "trivium.live.events.v1", kEventType[] = "trivium.live.v1.Event";

std::string Traceparent() {
  const TraceContext* trace = ScopedTrace::Current();
  return (trace != nullptr ? trace->Child() : TraceContext::NewRoot()).ToHeader();
}

}  // namespace

kafka::Event EventFor(const Id& id, const std::string& product, const Id& room_id, absl::Time time,
                      std::string payload) {
  const std::string room = FormatId(kRoomIdKind, room_id);
  return {.id = id,
          .topic = kTopic,
          .key = room,
          .type = kEventType,
          .product = product,
          .subject = absl::StrCat("room/", room),
          .traceparent = Traceparent(),
          .time = time,
          .payload = std::move(payload)};
}

absl::Status WriteCounts(mysql::Connection& db,
                         const std::map<std::pair<std::string, std::string>, DayCounts>& counts_of_days) {
  std::vector<mysql::Values> rows;
  for (const auto& [day, counts] : counts_of_days) {
    for (const auto& [key, value] : counts) {
      if (value != 0) rows.push_back({day.first, day.second, key.first, key.second, value});
    }
  }
  return db.ExecuteMany(sql::kAddCounts, rows).status();
}

}  // namespace trivium::live
