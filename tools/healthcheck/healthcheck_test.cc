#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/http/server.h"
#include "libs/telemetry/metrics.h"
#include "libs/test_process/test_process.h"

namespace trivium::healthcheck {
namespace {

struct Result {
  int exit_status;
  std::string output;
};

Result Check(const std::vector<std::string>& arguments) {
  static int runs = 0;
  const std::string output = testing::TempDir() + "/output" + std::to_string(++runs);
  std::vector<std::string> command = {"tools/healthcheck/healthcheck"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  TestProcess process;
  process.Spawn(command, output);
  const int exit_status = process.Wait();
  std::stringstream text;
  text << std::ifstream(output).rdbuf();
  return {exit_status, text.str()};
}

class HealthcheckTest : public testing::Test {
 protected:
  HealthcheckTest() : server_({.name = "test"}, Metrics::Global()) {
    server_.Handle("GET", "/readyz", [this](const http::Request&) {
      http::Response response;
      response.status = status_;
      response.body = body_;
      return response;
    });
    EXPECT_TRUE(server_.Start().ok());
    port_ = std::to_string(server_.port());
  }

  http::Server server_;
  std::string port_, body_ = "ready\n";
  int status_ = 200;
};

TEST_F(HealthcheckTest, A200IsWell) { EXPECT_EQ(Check({port_, "/readyz"}).exit_status, 0); }

TEST_F(HealthcheckTest, AnotherStatusIsPrintedWithItsReason) {
  status_ = 503;
  body_ = "not ready\nstore: no connection\n";
  const Result result = Check({port_, "/readyz"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.output.find("status 503: not ready\nstore: no connection"), std::string::npos) << result.output;
  EXPECT_EQ(Check({port_, "/nothing"}).exit_status, 1);
}

TEST_F(HealthcheckTest, ALongAnswerIsReadInPart) {
  body_.assign(10 << 20, 'x');
  EXPECT_EQ(Check({port_, "/readyz"}).exit_status, 0);
}

TEST_F(HealthcheckTest, NobodyThereIsNotWell) {
  server_.Stop();
  const Result result = Check({port_, "/readyz"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_NE(result.output.find("nobody answers: Connection refused"), std::string::npos) << result.output;
}

TEST(Healthcheck, WrongUsageIsToldApart) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"9001"}, {"70000", "/readyz"}, {"x", "/readyz"}, {"9001", "readyz"}}) {
    const Result result = Check(arguments);
    EXPECT_EQ(result.exit_status, 2);
    EXPECT_NE(result.output.find("usage: healthcheck PORT PATH"), std::string::npos) << result.output;
  }
}

}  // namespace
}  // namespace trivium::healthcheck
