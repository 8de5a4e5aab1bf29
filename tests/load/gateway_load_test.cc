#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/load/admin_metrics.h"
#include "tests/load/bare_fanout.h"
#include "tests/load/fleet.h"
#include "tests/load/gateway_flags.h"
#include "tests/load/gateway_phases.h"
#include "tests/load/http_caller.h"
#include "tests/load/nginx_proxy.h"
#include "tests/load/process_memory.h"
#include "tests/load/room_publisher.h"

namespace trivium::load {
namespace {

TEST(GatewayFlags, SayWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{"fan"}, "phase: 'fan', want fanout, idle, rpc or storm"},
      {{}, "phase: '', want fanout, idle, rpc or storm"},
      {{"fanout", "--stall=3"}, "--stall: unknown flag, do you mean --stalled?"},
      {{"fanout", "--stalled", "51"}, "--stalled: '51', want 0-50"},
      {{"fanout", "--rates=20,x"}, "--rates: '20,x', want 1-2000 each, with commas between them"},
      {{"fanout", "idle"}, "idle: one phase too many"},
      {{"idle", "--connections=0"}, "--connections: '0', want 1-18000"},
      {{"idle", "--json"}, "--json: want a value"},
  };
  for (const Case& c : cases) EXPECT_EQ(ParseGatewayFlags(c.arguments).status().message(), c.message);
}

TEST(GatewayFlags, HelpNeedsNoPhase) {
  const auto flags = ParseGatewayFlags({"--help"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_NE(flags->help.find("  --rates A,B"), std::string::npos) << flags->help;
  EXPECT_NE(flags->help.find("1-2000 each. Default: 20,40,100,300."), std::string::npos) << flags->help;
}

TEST(GatewayFlags, HomeFillsInWhatIsNotGiven) {
  const std::string home = testing::TempDir() + "/gateway_home";
  std::filesystem::create_directories(home + "/sv/gateway/supervise");
  std::ofstream(home + "/env") << "TRIVIUM_PORT_BASE=21100\n";
  std::ofstream(home + "/sv/gateway/supervise/pid") << "4711\n";
  auto flags = ParseGatewayFlags({"fanout", "--home", home, "--product=acme", "--rates=5,7"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  ASSERT_TRUE(FillIn(*flags).ok());
  EXPECT_EQ(flags->gateway, "127.0.0.1:21192");
  EXPECT_EQ(flags->token_key, home + "/products/acme/token.key");
  EXPECT_EQ(flags->push_target, "xds:///acme.push.trivium");
  EXPECT_EQ(flags->push_admin, "http://127.0.0.1:21181");
  EXPECT_EQ(flags->gateway_admin, "http://127.0.0.1:21191");
  EXPECT_EQ(flags->payment_address, "127.0.0.1:21110");
  EXPECT_EQ(flags->pid, 4711);
  EXPECT_EQ(flags->connections, 5'000);
  EXPECT_EQ(flags->rates, (std::vector<int>{5, 7}));
  auto nothing = ParseGatewayFlags({"idle"});
  EXPECT_FALSE(FillIn(*nothing).ok());
}

TEST(ProcessMemory, ReadsProc) {
  EXPECT_EQ(ResidentOfStatus("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t     123 kB\n"), 123 * 1024);
  EXPECT_EQ(ResidentOfStatus("Name:\tx\n"), -1);
  EXPECT_EQ(
      TcpBytesOfSockstat("sockets: used 5\nTCP: inuse 7 orphan 0 tw 1 alloc 9 mem 3\nUDP: inuse 1 mem 77\n", 4096),
      3 * 4096);
  EXPECT_EQ(TcpBytesOfSockstat("", 4096), -1);
  EXPECT_EQ(SlabOfMeminfo("MemFree: 1 kB\nSlab:     50 kB\n"), 50 * 1024);
  EXPECT_GT(ReadMemoryUse(getpid()).resident, 0);
}

TEST(AdminMetrics, SumsTheSeriesThatHaveTheLabel) {
  const char* text =
      "# HELP x_total Closes.\n# TYPE x_total counter\nx_total{code=\"3008\",by=\"gateway\"} 5\n"
      "x_total{code=\"1000\",by=\"client\"} 2.5\nx_total_more 7\nbytes 12\n";
  EXPECT_EQ(SumOfMetrics(text, "x_total"), 7.5);
  EXPECT_EQ(SumOfMetrics(text, "x_total", "code=\"3008\""), 5);
  EXPECT_EQ(SumOfMetrics(text, "bytes"), 12);
  EXPECT_EQ(SumOfMetrics(text, "none"), 0);
}

TEST(RoomPublisher, BatchesAreOfASizeThatPushTakes) {
  for (const size_t bytes : {0u, 1u, 150u, 16u << 10, 64u << 10, 3u << 20}) {
    const auto messages = static_cast<size_t>(MessagesOfABatch(bytes));
    EXPECT_GE(messages, 1u) << bytes;
    EXPECT_LE(messages, 1000u) << bytes;
    EXPECT_TRUE(messages == 1 || messages * bytes <= 3u << 20) << bytes;
  }
}

TEST(Fleet, CountsMessagesOfAFrame) {
  EXPECT_EQ(CountMessagesOf(""), 0);
  EXPECT_EQ(CountMessagesOf(std::string("\0", 1)), 0);  // A ping.
  EXPECT_EQ(CountMessagesOf(std::string("\x02xy\x01z", 5)), 2);
  std::string big("\xc8\x01", 2);
  big.append(200, 'x');
  EXPECT_EQ(CountMessagesOf(big + big), 2);
  EXPECT_LE(CountMessagesOf(std::string(10, '\xff')), 10);  // Not of the protocol: it ends all the same.
}

TEST(Fleet, FindsTheTimeInAMessage) {
  EXPECT_EQ(TimeIn(R"({"t":1795334400123456,"x":"y"})"), 1795334400123456);
  EXPECT_EQ(TimeIn("{}"), -1);
  const int64_t now = NowMicros();
  EXPECT_GT(now, 1'700'000'000'000'000);
}

TEST(QuantileOf, TakesTheNearestRank) {
  EXPECT_EQ(QuantileOf({}, 0.5), 0);
  EXPECT_EQ(QuantileOf({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(QuantileOf({3, 1, 2, 4}, 0.99), 4);
}

TEST(AnswerLength, WaitsForTheWholeAnswer) {
  const std::string answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc";
  int status = 0;
  for (size_t n = 0; n < answer.size(); ++n) EXPECT_EQ(AnswerLength(answer.substr(0, n), &status), 0u) << n;
  EXPECT_EQ(AnswerLength(answer + "HTTP/1.1 200", &status), answer.size());
  EXPECT_EQ(status, 404);
}

TEST(NginxConfig, NamesItsUpstreamAndCertificate) {
  const std::string config = NginxConfig({"127.0.0.1:1", "acme.payment.trivium", "/pki", "acme"}, "/tmp/x", 99);
  for (const char* line : {"server 127.0.0.1:1;", "listen 127.0.0.1:99 http2;", "/pki/product-acme.key;",
                           "grpc_ssl_name acme.payment.trivium;"}) {
    EXPECT_NE(config.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(config.find('@'), std::string::npos);
}

TEST(BareFanout, DeliversAndCounts) {
  const auto bare = BareFanout::Create(10);
  ASSERT_TRUE(bare.ok()) << bare.status();
  const BareResult result = (*bare)->Run(absl::Milliseconds(100), 100, 5);
  EXPECT_GT(result.deliveries, 0);
  EXPECT_GT(result.PerSecond(), 0);
}

TEST(BareFanout, TellsTheAgesOfAPace) {
  const auto bare = BareFanout::Create(25);
  ASSERT_TRUE(bare.ok()) << bare.status();
  const BareResult result = (*bare)->RunPaced(absl::Milliseconds(200), 100, 50);
  EXPECT_EQ(result.deliveries, 11 * 25);
  EXPECT_GT(result.p99_ms, 0);
  EXPECT_LE(result.p50_ms, result.p99_ms);
}

}  // namespace
}  // namespace trivium::load
