#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/config/config.h"
#include "tests/load/join_flags.h"
#include "tests/load/join_report.h"
#include "tests/load/join_waves.h"
#include "tests/load/level_watch.h"
#include "tests/load/place_audit.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::load {
namespace {

TEST(JoinFlags, SayWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{"--worker", "3"}, "--worker: unknown flag, do you mean --workers?"},
      {{"join"}, "join: unknown flag"},
      {{"--workers", "0"}, "--workers: '0', want 1-4096"},
      {{"--rooms=1"}, "--rooms: '1', want 2-64"},
      {{"--wave=x"}, "--wave: 'x', want 10-100000"},
      {{"--json"}, "--json: want a value"},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseJoinFlags(c.arguments).status().message(), c.message);
}

TEST(JoinFlags, HomeFillsInWhatIsNotGiven) {
  const std::string home = testing::TempDir() + "/join_home";
  std::filesystem::create_directories(home);
  std::ofstream(home + "/env") << "TRIVIUM_PORT_BASE=21100\n";
  auto flags = ParseJoinFlags({"--home", home, "--workers=32", "--redis=other:1"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  ASSERT_TRUE(FillIn(*flags).ok());
  EXPECT_EQ(flags->target, "xds:///load.live.trivium");
  EXPECT_EQ(flags->profile, home + "/products/load/profile.yaml");
  EXPECT_EQ(flags->bootstrap, home + "/products/load/bootstrap.json");
  EXPECT_EQ(flags->admin, "http://127.0.0.1:21196");
  EXPECT_EQ(flags->redis, "other:1");
  EXPECT_EQ(flags->redis_pid_file, home + "/sv/redis/supervise/pid");
  EXPECT_EQ(flags->workers, 32);
  auto nothing = ParseJoinFlags({});
  EXPECT_FALSE(FillIn(*nothing).ok());
}

TEST(JoinProfile, NamesThePlacesThatAreChecked) {
  common::v1::ProductProfile profile;
  const absl::Status read = config::ReadYamlFile("tests/load/join_profile.yaml", &profile);
  ASSERT_TRUE(read.ok()) << read;
  // An institution's rooms want more than it has, two institutions more than the product, and the first room's share
  // of a wave is more than its places and its queue: each level is full at some time.
  const common::v1::LiveProfile& live = profile.live();
  EXPECT_GT(JoinFlags().rooms / 2 * live.room_capacity().rtc(), live.institution_capacity().rtc());
  EXPECT_GT(2 * live.institution_capacity().rtc(), live.product_capacity().rtc());
  const auto& room = live.room_capacity();
  EXPECT_GT(JoinFlags().wave / 2, room.rtc() + room.fast() + room.standard() + live.queue_size());
}

TEST(RoomOfUser, HalvesFromRoomToRoom) {
  std::vector<int> users(4);
  for (int64_t n = 0; n < 64; ++n) ++users[RoomOfUser(n, users.size())];
  EXPECT_EQ(users, (std::vector<int>{32, 16, 8, 8}));
}

TEST(PlaceAudit, RemembersThatALevelWasOver) {
  PlaceAudit audit;
  const size_t product = audit.AddLevel("PRODUCT load", {3, 1, 1}, 1);
  const size_t room = audit.AddLevel("ROOM 1", {2, 5, 5}, 1);
  const std::vector<size_t> levels = {product, room};
  audit.Hold(levels, 0);
  audit.Hold(levels, 1);
  EXPECT_TRUE(audit.Over().empty());
  audit.Hold(levels, 0);
  audit.Release(levels, 0);
  EXPECT_EQ(audit.Over(), (std::vector<std::string>{"ROOM 1, RTC: 3 held, want <= 2"}));
  EXPECT_EQ(audit.levels()[product].held, (RungPlaces{2, 1, 0}));
  EXPECT_EQ(audit.levels()[product].most, (RungPlaces{3, 1, 0}));
}

TEST(LevelsOfMetrics, FindsWhoIsOver) {
  const auto levels = LevelsOfMetrics(
      "# TYPE trivium_live_level_use gauge\n"
      "trivium_live_level_places{level=\"NODE\",name=\"node-a\",rung=\"RTC\"} 5\n"
      "trivium_live_level_use{level=\"NODE\",name=\"node-a\",rung=\"RTC\"} 6\n"
      "trivium_live_level_places{level=\"PLATFORM\",name=\"\",rung=\"FAST\"} 1e+05\n"
      "trivium_live_level_use{level=\"PLATFORM\",name=\"\",rung=\"FAST\"} 7\n"
      "trivium_live_level_use{level=\"PLATFORM\",name=\"\",rung=\"OTHER\"} 7\n"
      "trivium_live_level_use{broken\n");
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels[1].name, "PLATFORM");
  EXPECT_EQ(levels[1].places, (RungPlaces{0, 100'000, 0}));
  EXPECT_EQ(levels[1].held, (RungPlaces{0, 7, 0}));
  EXPECT_EQ(OverOf(levels), (std::vector<std::string>{"NODE node-a, RTC: 6 held, want <= 5"}));
}

TEST(JoinReport, ComparesWithItsBaselines) {
  JoinReport report;
  report.joins = {.name = "join", .concurrency = 64, .done = 500, .seconds = 1, .errors = {{"OVERLOADED", 3}}};
  report.incr = {.name = "plain INCR", .done = 10'000, .seconds = 1};
  report.answers = {{"RTC BEST", 60}};
  report.levels = {{.name = "ROOM 1", .places = {60, 1, 1}, .most = {60, 0, 0}}};
  EXPECT_DOUBLE_EQ(report.Over(report.incr), 0.05);
  EXPECT_EQ(report.Over(report.empty), 0);
  EXPECT_NE(FormatJoinTable(report).find("every place was given back"), std::string::npos);
  report.faults = {"ROOM 1, RTC: 61 held, want <= 60"};
  EXPECT_NE(FormatJoinTable(report).find("61 held"), std::string::npos);
  const auto json = nlohmann::json::parse(FormatJoinJson("l1", "now", JoinFlags(), report));
  EXPECT_EQ(json["schema"], "trivium.load.join/1");
  EXPECT_EQ(json["phases"][1]["errors"]["OVERLOADED"], 3);
  EXPECT_TRUE(json["phases"][1]["live_cpu_ms_each"].is_null());
  EXPECT_EQ(json["answers"]["RTC BEST"], 60);
  EXPECT_EQ(json["faults"].size(), 1u);
  EXPECT_DOUBLE_EQ(json["ratios"]["join_over_incr"].get<double>(), 0.05);
}

}  // namespace
}  // namespace trivium::load
