#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/load/cpu_meter.h"
#include "tests/load/load_flags.h"
#include "tests/load/load_report.h"
#include "tests/load/payer.h"

namespace trivium::load {
namespace {

TEST(LoadFlags, SayWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{"--second", "3"}, "--second: unknown flag, do you mean --seconds?"},
      {{"--seconds", "0"}, "--seconds: '0', want 1-3600"},
      {{"--concurrency=x"}, "--concurrency: 'x', want 1-4096"},
      {{"--pay=cash"}, "--pay: 'cash', want sandbox or callback"},
      {{"--json"}, "--json: want a value"},
      {{"--json", "--seconds=5"}, "--json: want a value"},
      {{"--json="}, "--json: '', want a value"},
      {{"join"}, "join: unknown flag"},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseLoadFlags(c.arguments).status().message(), c.message);
}

TEST(LoadFlags, HomeFillsInWhatIsNotGiven) {
  const std::string home = testing::TempDir() + "/home";
  std::filesystem::create_directories(home);
  std::ofstream(home + "/env") << "OTHER=1\nTRIVIUM_PORT_BASE=21100\n";
  auto flags = ParseLoadFlags({"--home", home, "--product=acme", "--admin=http://other"});
  ASSERT_TRUE(FillIn(*flags).ok());
  EXPECT_EQ(flags->target, "xds:///acme.payment.trivium");
  EXPECT_EQ(flags->pki, home + "/pki");
  EXPECT_EQ(flags->sandbox, "http://127.0.0.1:21130");
  EXPECT_EQ(flags->admin, "http://other");
  EXPECT_EQ(flags->bootstrap, home + "/products/acme/bootstrap.json");

  auto nothing = ParseLoadFlags({});
  EXPECT_FALSE(FillIn(*nothing).ok());
  auto missing = ParseLoadFlags({"--home", home + "/none"});
  EXPECT_FALSE(FillIn(*missing).ok());
}

TEST(CpuMeter, ReadsProcAndMetrics) {
  EXPECT_EQ(CpuOfProcStat("1 (a) b) c) S 0 0 0 0 -1 0 0 0 0 0 150 50 0 0"),
            200.0 / static_cast<double>(sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(CpuOfProcStat("1 (a) S 0"), std::nullopt);
  EXPECT_EQ(CpuOfProcStat(""), std::nullopt);
  EXPECT_EQ(CpuOfMetrics("# HELP process_cpu_seconds_total x\nprocess_cpu_seconds_total 1.5\n"), 1.5);
  EXPECT_EQ(CpuOfMetrics("other 1\n"), std::nullopt);
  EXPECT_TRUE(ServerCpuSeconds(getpid(), "").has_value());
  EXPECT_FALSE(ServerCpuSeconds(0, "").has_value());
}

TEST(Samples, GiveQuantilesAndErrors) {
  Samples samples;
  for (int i = 100; i >= 1; --i) samples.Done(absl::Milliseconds(i));
  samples.Failed("RATE_LIMITED");
  samples.Failed("RATE_LIMITED");
  PhaseResult result;
  samples.Into(result);
  EXPECT_EQ(result.done, 100);
  EXPECT_EQ(result.p50_ms, 50);
  EXPECT_EQ(result.p99_ms, 99);
  EXPECT_EQ(result.max_ms, 100);
  EXPECT_EQ(result.errors["RATE_LIMITED"], 2);
}

TEST(SignCallback, SignsTheSandboxsForm) {
  const std::string url =
      "http://127.0.0.1:1/pay?merchant=acme&out_trade_no=att_1&amount_minor=29900&currency=CNY"
      "&notify_url=http%3A%2F%2F127.0.0.1%3A2%2Fpsp%2Fsandbox&sign=x";
  const auto callback = SignCallback(url, "secret", absl::FromUnixSeconds(1795334400), "nonce-0001");
  ASSERT_TRUE(callback.ok()) << callback.status();
  EXPECT_EQ(callback->notify_url, "http://127.0.0.1:2/psp/sandbox");
  EXPECT_EQ(callback->timestamp, "1795334400");
  const auto body = nlohmann::json::parse(callback->body);
  EXPECT_EQ(body["event_type"], "TRADE.SUCCESS");
  EXPECT_EQ(body["amount_minor"], 29900);
  EXPECT_EQ(body["out_trade_no"], "att_1");
  EXPECT_EQ(callback->signature.size(), 64u);
  EXPECT_NE(callback->signature,
            SignCallback(url, "other", absl::FromUnixSeconds(1795334400), "nonce-0001")->signature);
  EXPECT_FALSE(SignCallback("http://127.0.0.1:1/pay?merchant=acme", "s", absl::Now(), "n").ok());
  EXPECT_FALSE(SignCallback("", "s", absl::Now(), "n").ok());
}

TEST(LoadReport, ComparesWithOneByOne) {
  PhaseResult one{.name = "create", .concurrency = 1, .done = 100, .seconds = 1};
  PhaseResult many{.name = "create", .concurrency = 64, .done = 550, .seconds = 1, .errors = {{"OVERLOADED", 3}}};
  EXPECT_DOUBLE_EQ(Ratio({one, many}, "create"), 5.5);
  EXPECT_EQ(Ratio({one, many}, "life_cycle"), 0);
  EXPECT_NE(FormatTable({one, many}).find("create 5.5x"), std::string::npos);
  const auto report = nlohmann::json::parse(FormatLoadJson("l1", "now", LoadFlags(), {one, many}));
  EXPECT_EQ(report["schema"], "trivium.load.payment/1");
  EXPECT_EQ(report["phases"][1]["errors"]["OVERLOADED"], 3);
  EXPECT_TRUE(report["phases"][0]["server_cpu_ms_each"].is_null());
  EXPECT_DOUBLE_EQ(report["ratios"]["create"], 5.5);
}

}  // namespace
}  // namespace trivium::load
