// join_load: see README.md.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/command_line/command_line.h"
#include "libs/config/config.h"
#include "libs/status/status.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/join_baselines.h"
#include "tests/load/join_flags.h"
#include "tests/load/join_report.h"
#include "tests/load/join_waves.h"
#include "tests/load/level_watch.h"
#include "tests/load/live_api.h"
#include "tests/load/phases.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::load {
namespace {

constexpr absl::Duration kWarmUp = absl::Seconds(1), kEmptyPatience = absl::Seconds(3),
                         kClosePatience = absl::Seconds(20);

std::string NewRunId() {
  std::random_device random;
  return absl::StrFormat("l%s%04x", absl::FormatTime("%m%d%H%M%S", absl::Now(), absl::UTCTimeZone()),
                         random() & 0xffff);
}

RungPlaces ToPlaces(const common::v1::RungCapacity& capacity) {
  return {capacity.rtc(), capacity.fast(), capacity.standard()};
}

absl::StatusOr<common::v1::LiveProfile> ReadProfile(const std::string& path) {
  common::v1::ProductProfile profile;
  TRIVIUM_RETURN_IF_ERROR(config::ReadYamlFile(path, &profile));
  const common::v1::LiveProfile& live = profile.live();
  if (!live.has_room_capacity() || !live.has_institution_capacity() || !live.has_product_capacity()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        ": live: want room_capacity, institution_capacity and product_capacity, against which joins are checked"));
  }
  return live;
}

// Rooms that are ended when the load ends, however it does.
class Rooms {
 public:
  explicit Rooms(LiveApi& api) : api_(api) {}
  ~Rooms() { (void)End(); }  // Those that it could not end end by themselves.

  absl::Status Open(int count, const RungPlaces& places) {
    for (int i = 0; i < count; ++i) {
      TRIVIUM_ASSIGN_OR_RETURN(LoadRoom room, api_.OpenRoom(i, i < count / 2 ? "load-a" : "load-b"));
      rooms_.push_back(std::move(room));
      if (rooms_.back().places != places) {
        return absl::FailedPreconditionError(
            "a room has other places than the profile says: live has another version of it");
      }
    }
    return absl::OkStatus();
  }
  absl::Status End() {
    absl::Status status;
    for (; ended_ < rooms_.size(); ++ended_) status.Update(api_.EndRoom(rooms_[ended_]));
    return status;
  }
  const std::vector<LoadRoom>& all() const { return rooms_; }

 private:
  LiveApi& api_;
  std::vector<LoadRoom> rooms_;
  size_t ended_ = 0;
};

// Names all levels of the rooms in the audit. Returns those of each room.
absl::StatusOr<std::vector<std::vector<size_t>>> AddLevels(const JoinFlags& flags, const common::v1::LiveProfile& live,
                                                           const std::vector<LoadRoom>& rooms, PlaceAudit& audit) {
  std::map<std::string, RungPlaces> places = {{"PRODUCT " + flags.product, ToPlaces(live.product_capacity())}};
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<LevelUse> shown, ReadLevels(flags.admin));
  for (const LevelUse& level : shown) places.emplace(level.name, level.places);
  std::map<std::string, int64_t> staff;
  std::vector<std::vector<std::string>> names;
  for (size_t i = 0; i < rooms.size(); ++i) {
    const std::string room = absl::StrCat("ROOM ", i + 1), institution = "INSTITUTION " + rooms[i].institution;
    places[room] = rooms[i].places;
    places[institution] = ToPlaces(live.institution_capacity());
    names.push_back({"PLATFORM", "NODE " + rooms[i].node, "PRODUCT " + flags.product, institution, room});
    for (const std::string& name : names.back()) staff[name] += rooms[i].staff_slots;
  }
  std::map<std::string, size_t> index;
  std::vector<std::vector<size_t>> levels;
  for (const std::vector<std::string>& of_room : names) {
    levels.emplace_back();
    for (const std::string& name : of_room) {
      if (!places.contains(name)) return absl::NotFoundError(name + ": is not among the levels of live's /metrics");
      if (!index.contains(name)) index[name] = audit.AddLevel(name, places[name], staff[name]);
      levels.back().push_back(index[name]);
    }
  }
  return levels;
}

RungPlaces UseOfProduct(const std::vector<LevelUse>& levels, const std::string& product) {
  for (const LevelUse& level : levels) {
    if (level.name == "PRODUCT " + product) return level.held;
  }
  return {};
}

double RedisCpu(const JoinFlags& flags) {
  int pid = 0;
  std::ifstream(flags.redis_pid_file) >> pid;
  return pid > 0 ? ServerCpuSeconds(pid, "").value_or(-1) : -1;
}

void MeasureJoins(const JoinFlags& flags, JoinWaves& waves, JoinReport& report) {
  const auto cpu = [&] { return ServerCpuSeconds(0, flags.admin).value_or(-1); };
  const double redis = RedisCpu(flags);
  report.calls = Measure(cpu, [&] {
    WavesResult result = waves.Run();
    report.joins = std::move(result.joins);
    report.leaves = std::move(result.leaves);
    report.answers = std::move(result.answers);
    report.waves = result.waves;
    report.unsettled = result.unsettled;
    return result.calls;
  });
  const double redis_after = RedisCpu(flags);
  if (redis >= 0 && redis_after >= redis && report.calls.done > 0)
    report.redis_cpu_ms_each = (redis_after - redis) * 1000 / static_cast<double>(report.calls.done);
}

void AddFault(const absl::Status& status, JoinReport& report) {
  if (!status.ok()) report.faults.emplace_back(status.message());
}

// From rooms that stand open to a report.
absl::StatusOr<JoinReport> RunPhases(const JoinFlags& flags, const common::v1::LiveProfile& live, LiveApi& api,
                                     Rooms& rooms) {
  PlaceAudit audit;
  TRIVIUM_ASSIGN_OR_RETURN(const auto levels, AddLevels(flags, live, rooms.all(), audit));
  const absl::Duration length = absl::Seconds(flags.seconds);
  std::atomic<int64_t> next_user = 0;
  const JoinWaves::Parts parts{api, audit, rooms.all(), levels, next_user, flags.workers, flags.wave};
  JoinReport report;
  LevelWatch watch(api, rooms.all(), flags.admin);
  std::fprintf(stderr, "warming up\n");
  JoinWaves(parts, kWarmUp).Run();
  std::fprintf(stderr, "empty calls, %d at a time, %d s\n", flags.workers, flags.seconds);
  const auto cpu = [&] { return ServerCpuSeconds(0, flags.admin).value_or(-1); };
  report.empty = Measure(cpu, [&] { return RunEmptyCalls(api, flags.workers, length); });
  std::fprintf(stderr, "joins, %d at a time, %d s\n", flags.workers, flags.seconds);
  JoinWaves waves(parts, length);
  MeasureJoins(flags, waves, report);
  AddFault(WaitUntilEmpty(api, rooms.all(), kEmptyPatience), report);
  watch.Stop();
  report.looks = watch.looks();
  report.levels = audit.levels();
  for (std::string& over : audit.Over()) report.faults.push_back(std::move(over));
  for (std::string& over : watch.Over()) report.faults.push_back(std::move(over));
  if (report.looks == 0) report.faults.emplace_back("the levels could not be read while joins ran");
  if (report.unsettled > 0)
    report.faults.push_back(absl::StrCat(report.unsettled, " stays could not be ended: live does not answer"));
  std::fprintf(stderr, "plain INCR, %d at a time, %d s\n", kIncrThreads, flags.seconds);
  TRIVIUM_ASSIGN_OR_RETURN(report.incr, RunIncr(flags.redis, length));
  return report;
}

absl::Status WriteJson(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": cannot be written"));
}

absl::Status Run(JoinFlags flags) {
  TRIVIUM_RETURN_IF_ERROR(FillIn(flags));
  // An environment of the caller's own goes first.
  if (!flags.bootstrap.empty()) setenv("GRPC_XDS_BOOTSTRAP", flags.bootstrap.c_str(), /*overwrite=*/0);
  TRIVIUM_ASSIGN_OR_RETURN(const common::v1::LiveProfile live, ReadProfile(flags.profile));
  const std::string run_id = NewRunId();
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<LiveApi> api, LiveApi::Create(flags, run_id));
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<LevelUse> before, ReadLevels(flags.admin));
  const RungPlaces held_before = UseOfProduct(before, flags.product);
  Rooms rooms(*api);
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t expired, api->CountExpired());
  if (const absl::Status opened = rooms.Open(flags.rooms, ToPlaces(live.room_capacity())); !opened.ok()) {
    return absl::Status(opened.code(), absl::StrCat(flags.target, ": ", opened.message()));
  }
  TRIVIUM_ASSIGN_OR_RETURN(JoinReport report, RunPhases(flags, live, *api, rooms));
  AddFault(rooms.End(), report);
  AddFault(WaitUntilGivenBack(flags.admin, flags.product, held_before, kClosePatience), report);
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t expired_after, api->CountExpired());
  // A place that only its lease gave back is one that LeaveRoom lost; but for those of a run that was killed.
  if (expired_after > expired && held_before == RungPlaces{})
    report.faults.push_back(absl::StrCat(expired_after - expired, " stays ended by their lease, want 0"));
  std::printf("%s", FormatJoinTable(report).c_str());
  if (!flags.json.empty()) {
    const std::string now = absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone());
    TRIVIUM_RETURN_IF_ERROR(WriteJson(flags.json, FormatJoinJson(run_id, now, flags, report)));
  }
  if (report.joins.done == 0) return absl::UnavailableError("join: nothing was answered");
  if (!report.faults.empty()) return absl::InternalError(absl::StrCat(report.faults.size(), " faults, see above"));
  return absl::OkStatus();
}

}  // namespace
}  // namespace trivium::load

int main(int argc, char** argv) {
  using namespace trivium::load;
  const auto flags = ParseJoinFlags({argv + 1, argv + argc});
  if (const std::optional<int> exit = trivium::command_line::ExitStatus(flags)) return *exit;
  // gRPC's own log would stand in the middle of ours; the caller may want it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const absl::Status status = Run(*flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "join_load: %s\n", std::string(status.message()).c_str());
  return 1;
}
