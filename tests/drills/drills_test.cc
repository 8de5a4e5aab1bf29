// What judges a drill must itself be judged: each thing that must not be is made, and seen.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/drills/call_log.h"
#include "tests/drills/flags.h"
#include "tests/drills/keepsake.h"
#include "tests/drills/sums.h"
#include "tests/drills/timeline.h"
#include "tests/drills/upgrade_report.h"
#include "tests/drills/witness.h"

namespace trivium::drills {
namespace {

const absl::Time kBegin = absl::FromUnixSeconds(1'800'000'000);

absl::Time At(double seconds) { return kBegin + absl::Seconds(seconds); }

client::Message Shown(const std::string& message_class, int n, bool seen = false) {
  client::Message message;
  message.channel = "room:r";
  message.id = "msg_" + std::to_string(n);
  message.message_class = message_class;
  message.seen = seen;
  message.data = "{\"n\":" + std::to_string(n) + "}";
  return message;
}

client::Joined Back(bool recovered) { return {.channel = "room:r", .was_recovering = true, .recovered = recovered}; }

TEST(WitnessTest, CountsAReliableMessageOnceHoweverOftenTheServerRepeatsIt) {
  Witness witness("room:r");
  witness.OnMessage(Shown("RELIABLE", 1));
  witness.OnMessage(Shown("RELIABLE", 1, /*seen=*/true));
  EXPECT_EQ(witness.shown_twice, 0);
  witness.OnMessage(Shown("RELIABLE", 1));
  EXPECT_EQ(witness.shown_twice, 1);
  EXPECT_EQ(witness.reliable, (std::set<int64_t>{1}));
  client::Message elsewhere = Shown("RELIABLE", 2);
  elsewhere.channel = "product";
  witness.OnMessage(elsewhere);
  EXPECT_EQ(witness.reliable.size(), 1u);
}

TEST(WitnessTest, TellsAGapOfWhichItWasToldFromOneOfWhichItWasNot) {
  Witness witness("room:r");
  for (const int n : {7, 8}) witness.OnMessage(Shown("ORDERED", n));
  EXPECT_EQ(witness.holes_untold + witness.holes_told, 0) << "it may begin anywhere";
  witness.OnMessage(Shown("ORDERED", 10));
  EXPECT_EQ(witness.holes_untold, 1);
  witness.OnJoined(Back(/*recovered=*/false));
  witness.OnMessage(Shown("ORDERED", 20));
  EXPECT_EQ(witness.holes_told, 1);
  witness.OnJoined(Back(/*recovered=*/true));
  witness.OnMessage(Shown("ORDERED", 22));
  EXPECT_EQ(witness.holes_untold, 2);
  witness.OnMessage(Shown("ORDERED", 22));
  witness.OnMessage(Shown("ORDERED", 21));
  EXPECT_EQ(witness.out_of_order, 2);
}

TEST(WitnessTest, AMoveEndsWhenItIsBackInItsRoom) {
  Witness witness("room:r");
  witness.OnJoined(Back(true));
  witness.OnDisconnected(3001, "shutdown");
  witness.OnDisconnected(0, "a try that failed");
  ASSERT_EQ(witness.moves.size(), 1u);
  EXPECT_FALSE(witness.in);
  usleep(2000);
  witness.OnJoined({.channel = "user:u"});
  EXPECT_FALSE(witness.in);
  witness.OnJoined(Back(true));
  EXPECT_TRUE(witness.in);
  EXPECT_EQ(witness.moves[0].code, 3001u);
  EXPECT_GE(witness.moves[0].away, absl::Milliseconds(2));
}

TEST(CallLogTest, ACallBelongsToEachWindowThatItOverlaps) {
  CallLog log;
  log.Add("payment.create", At(1), At(3), absl::OkStatus());
  log.Add("payment.create", At(5), At(5.01), absl::UnavailableError("gone"));
  log.Add("payments.other", At(5), At(5.5), absl::OkStatus());
  const struct {
    double from, to;
    int64_t calls, failed;
  } kCases[] = {{0, 1, 0, 0},   {0, 1.5, 1, 0}, {2, 2.5, 1, 0}, {2.9, 4, 1, 0},
                {3.5, 4, 0, 0}, {4, 6, 1, 1},   {0, 9, 2, 1}};
  for (const auto& c : kCases) {
    const CallWindow window = log.Within("payment.", At(c.from), At(c.to));
    EXPECT_EQ(window.calls, c.calls) << c.from << "-" << c.to;
    EXPECT_EQ(window.failed, c.failed) << c.from << "-" << c.to;
  }
  EXPECT_NEAR(log.Within("", At(0), At(9)).max_ms, 2000, 1);
  ASSERT_EQ(log.Failures().size(), 1u);
  EXPECT_EQ(log.Failures()[0].error, "UNAVAILABLE: gone");
}

TEST(PaceTest, CountsTheMostWithinATenthOfASecond) {
  std::vector<Move> moves;
  for (const double at : {1.0, 1.01, 1.02, 1.5, 1.55, 9.0}) moves.push_back({At(at), 3001, absl::Milliseconds(40)});
  moves[4].code = 0;
  const Pace pace = PaceOf(moves, At(0.5), At(5));
  EXPECT_EQ(pace.moved, 4);
  EXPECT_EQ(pace.broken, 1);
  EXPECT_EQ(pace.most_in_100_ms, 3);
  EXPECT_DOUBLE_EQ(pace.seconds, 0.55);
  EXPECT_DOUBLE_EQ(pace.longest_away_ms, 40);
  EXPECT_EQ(PaceOf(moves, At(2), At(3)).moved, 0);
}

UpgradeFindings Held() {
  UpgradeFindings found;
  found.timeline = {
      At(0), At(20), {{"payment", "payment", "2", At(5), At(7)}, {"payment", "payment-2", "2", At(9), At(12)}}};
  found.clients = 3;
  found.messages = {.reliable = 10, .ordered = 10, .accepted = 30, .acked = 30, .ordered_seen = 30, .holes_told = 1};
  found.payments = 100;
  found.seats = 5;
  return found;
}

TEST(UpgradeReportTest, EachThingThatMustNotBeIsSaid) {
  const struct {
    const char* said;
    std::function<void(UpgradeFindings&)> make;
  } kCases[] = {
      {"1 of 100 acknowledged payments are not there", [](UpgradeFindings& f) { f.payments_lost = 1; }},
      {"2 times a client lacks a RELIABLE message", [](UpgradeFindings& f) { f.messages.lost = 2; }},
      {"3 times a client was shown a RELIABLE message twice", [](UpgradeFindings& f) { f.messages.shown_twice = 3; }},
      {"1 of 30 deliveries", [](UpgradeFindings& f) { f.messages.acked = 29; }},
      {"counts 27 recipients of RELIABLE messages, want 30",
       [](UpgradeFindings& f) { f.messages.accepted = f.messages.acked = 27; }},
      {"1 gaps in ORDERED messages", [](UpgradeFindings& f) { f.messages.holes_untold = 1; }},
      {"1 ORDERED messages came after", [](UpgradeFindings& f) { f.messages.out_of_order = 1; }},
      {"1 of 5 seats", [](UpgradeFindings& f) { f.seats_lost = 1; }},
  };
  CallLog log;
  log.Add("payment.create", At(6), At(6.1), absl::OkStatus());
  EXPECT_TRUE(Broken(Held(), log).empty());
  for (const auto& c : kCases) {
    UpgradeFindings found = Held();
    c.make(found);
    const std::vector<std::string> broken = Broken(found, log);
    ASSERT_EQ(broken.size(), 1u) << c.said;
    EXPECT_NE(broken[0].find(c.said), std::string::npos) << broken[0];
  }
  log.Add("live.join", At(19), At(19.1), absl::InternalError("oops"));
  EXPECT_EQ(Broken(Held(), log), (std::vector<std::string>{"1 of 2 calls failed"}));
}

// Two gateways, one after the other: 200 clients, of which the first one had the half.
UpgradeFindings Moved(absl::Duration pause) {
  UpgradeFindings found = Held();
  found.clients = 200;
  found.messages.accepted = found.messages.acked = 2000;
  found.timeline = {
      At(0), At(20), {{"gateway", "gateway-2", "2", At(5), At(9)}, {"gateway", "gateway", "2", At(10), At(15)}}};
  for (int i = 0; i < 300; ++i) {
    found.messages.moves.push_back(
        {At(i < 100 ? 6 : 11) + pause * (i < 100 ? i : i - 100), 3001, absl::Milliseconds(40)});
  }
  return found;
}

TEST(UpgradeReportTest, SocketsMustBeMovedOneAfterTheOtherAndWithAWord) {
  CallLog log;
  EXPECT_EQ(Broken(Moved(absl::Milliseconds(2)), log), std::vector<std::string>{});
  EXPECT_EQ(Broken(Moved(absl::Microseconds(10)), log),
            (std::vector<std::string>{
                "200 of 200 sockets were closed within 100 ms while gateways were replaced by 2: they are not paced"}));
  UpgradeFindings silent = Moved(absl::Milliseconds(2));
  silent.messages.moves[250].code = 0;
  EXPECT_EQ(Broken(silent, log),
            (std::vector<std::string>{"1 sockets broke without a word while gateways were replaced by 2"}));
  UpgradeFindings still = Moved(absl::Milliseconds(2));
  still.messages.moves.resize(100);
  EXPECT_EQ(Broken(still, log),
            (std::vector<std::string>{"100 sockets were moved while gateways were replaced by 2, want 200 at least"}));
}

TEST(UpgradeReportTest, TheWayThereAndTheWayBackAreTwoRows) {
  UpgradeFindings found = Held();
  found.timeline.steps.push_back({"payment", "payment", "1", At(14), At(15)});
  const nlohmann::json report = UpgradeJson(found, CallLog());
  ASSERT_EQ(report["services"].size(), 2u);
  EXPECT_EQ(report["services"][1]["version"], "1");
  EXPECT_EQ(report["services"][1]["instances"], 1);
  EXPECT_EQ(report["services"][1]["seconds"], 1.0);
}

TEST(UpgradeReportTest, AServicesRowTakesAllOfItsInstances) {
  CallLog log;
  log.Add("payment.create", At(1), At(1.01), absl::OkStatus());
  log.Add("payment.create", At(6), At(6.5), absl::OkStatus());
  log.Add("live.join", At(10), At(10.1), absl::InternalError("oops"));
  const nlohmann::json report = UpgradeJson(Held(), log);
  ASSERT_EQ(report["services"].size(), 1u);
  const nlohmann::json& payment = report["services"][0];
  EXPECT_EQ(payment["instances"], 2);
  EXPECT_EQ(payment["seconds"], 5.0);
  EXPECT_EQ(payment["all"]["calls"], 2);
  EXPECT_EQ(payment["all"]["failed"], 1);
  EXPECT_NEAR(payment["own_before"]["p99_ms"].get<double>(), 10, 0.1);
  EXPECT_NEAR(payment["own"]["p99_ms"].get<double>(), 500, 0.1);
  EXPECT_EQ(report["held"], false);
  EXPECT_NE(FormatUpgrade(Held(), log).find("live.join INTERNAL: oops"), std::string::npos);
}

TEST(TimelineTest, ReadsMarksAndRefusesOthers) {
  int64_t tick = 0;
  const auto now = [&] { return At(static_cast<double>(tick++)); };
  Timeline timeline;
  std::istringstream good("begin payment payment-2 0.2\nend\nbegin ops ops 0.2\nend\n");
  ASSERT_TRUE(ReadMarks(good, now, &timeline).ok());
  ASSERT_EQ(timeline.steps.size(), 2u);
  EXPECT_EQ(timeline.steps[0].instance, "payment-2");
  EXPECT_EQ(timeline.steps[0].version, "0.2");
  EXPECT_EQ(timeline.steps[1].end, At(4));
  EXPECT_EQ(timeline.end, At(5));
  for (const char* bad :
       {"end\n", "begin payment\n", "begin a b\nend\n", "begin a b c\nbegin d e f\n", "begin a b c\n", "stop\n"}) {
    Timeline unused;
    std::istringstream in(bad);
    EXPECT_EQ(ReadMarks(in, now, &unused).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(KeepsakeTest, KeepsWhatItWasGiven) {
  const std::string path = std::string(getenv("TEST_TMPDIR")) + "/keep.json";
  const Keepsake kept{"d1", "ketang", "room_1", {{0, {"pay_a", At(1)}}, {3, {"pay_b", At(2)}}}, {{"u", "msg_1"}},
                      At(9)};
  ASSERT_TRUE(WriteKeepsake(kept, path).ok());
  const auto read = ReadKeepsake(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->run_id, "d1");
  EXPECT_EQ(read->room_id, "room_1");
  EXPECT_EQ(read->payments.at(3).payment_id, "pay_b");
  EXPECT_EQ(read->payments.at(3).time, At(2));
  EXPECT_EQ(read->absent, kept.absent);
  EXPECT_EQ(read->end, At(9));
  std::ofstream(path) << "{\"schema\": \"other\"}";
  EXPECT_EQ(ReadKeepsake(path).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadKeepsake(path + ".none").status().code(), absl::StatusCode::kNotFound);
}

TEST(KeepsakeTest, WhatTheBackupHoldsEndsWithTheFirstThatIsLost) {
  Keepsake kept;
  kept.end = At(100);
  for (int n = 0; n < 10; ++n) kept.payments[n] = {"pay", At(10.0 * n)};
  const auto survive = [&](const std::set<int64_t>& lost) {
    std::map<int64_t, bool> there;
    for (int64_t n = 0; n < 10; ++n) there[n] = !lost.contains(n);
    return SurvivalOf(kept, At(45), there);
  };
  Survival all = survive({});
  EXPECT_EQ(all.before, 5);
  EXPECT_EQ(all.after, 5);
  EXPECT_EQ(all.holds_until, At(100));
  Survival tail = survive({7, 8, 9});
  EXPECT_EQ(tail.before_lost, 0);
  EXPECT_EQ(tail.after_lost, 3);
  EXPECT_EQ(tail.holds_until, At(70));
  EXPECT_EQ(survive({2}).before_lost, 1);
  EXPECT_EQ(SurvivalOf(kept, At(45), {}).before_lost, 5) << "what was not asked for is not there";
}

class SumsTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path = std::string(getenv("TEST_TMPDIR")) + "/sums";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
};

TEST_F(SumsTest, WhatIsNotTheSameIsSaid) {
  const std::vector<Sum> before = {{"payments", 7, "70 123"}, {"rooms", 2, "5"}, {"refunds", 0, "0"}};
  EXPECT_EQ(DifferencesOf(before, before), std::vector<std::string>{});
  const auto said = [&](std::vector<Sum> after) { return DifferencesOf(before, after); };
  EXPECT_EQ(said({{"payments", 6, "60 99"}, before[1], before[2]}),
            (std::vector<std::string>{"payments: 7 before the backup, 6 restored"}));
  EXPECT_EQ(said({before[0], {"rooms", 2, "6"}, before[2]}),
            (std::vector<std::string>{"rooms: 2 before the backup, as many but others restored"}));
  EXPECT_EQ(said({before[0], before[2]}), (std::vector<std::string>{"rooms: 2 before the backup, 0 restored"}));
  EXPECT_EQ(said({before[0], before[1]}).size(), 1u) << "no line is not a line that says 0";
}

TEST_F(SumsTest, ReadsLinesAndRefusesOthers) {
  const auto sums = ReadSums(Write("payments\t7\t70 123\nlive rooms\t2\t5\n"));
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ(*sums, (std::vector<Sum>{{"payments", 7, "70 123"}, {"live rooms", 2, "5"}}));
  for (const char* bad : {"", "ERROR 2002 (HY000): no server\n", "payments\tseven\t1\n", "payments\t7\n"}) {
    EXPECT_EQ(ReadSums(Write(bad)).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(ReadSums("/nowhere/sums").status().code(), absl::StatusCode::kNotFound);
}

TEST(FlagsTest, WrongOnesAreSaidInWords) {
  const struct {
    std::vector<std::string> arguments;
    const char* said;
  } kCases[] = {
      {{}, "--home: want"},
      {{"--home", "h", "--clients", "0"}, "--clients: '0', want 1-10000"},
      {{"--home", "h", "--client", "1"}, "do you mean --clients?"},
      {{"--home"}, "--home: want a value"},
      {{"--home", "h", "--verify", "k"}, "--backup_begin: --verify wants it"},
  };
  for (const auto& c : kCases) {
    const auto flags = ParseDrillFlags(c.arguments);
    ASSERT_FALSE(flags.ok()) << c.said;
    EXPECT_NE(std::string(flags.status().message()).find(c.said), std::string::npos) << flags.status();
  }
  EXPECT_EQ(ParseDrillFlags({"--home=h", "--clients=7"})->clients, 7);
  // The script has nothing to say when nothing is broken.
  EXPECT_TRUE(ParseDrillFlags({"--home=h", "--broken="}).ok());
  EXPECT_NE(ParseDrillFlags({"--help"})->help, "");
}

}  // namespace
}  // namespace trivium::drills
