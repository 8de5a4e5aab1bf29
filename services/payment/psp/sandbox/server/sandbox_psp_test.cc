// The program as its merchants and payers see it, over HTTP, with a merchant that takes callbacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/http/url.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/psp/sandbox/server/signature.h"

extern char** environ;

namespace trivium::payment::sandbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

int FreePort() {
  Metrics metrics;
  http::Server server({}, metrics);
  EXPECT_TRUE(server.Start().ok());
  return server.port();
}

class SandboxPspTest : public testing::Test {
 protected:
  SandboxPspTest() : merchant_({.name = "merchant"}, metrics_), port_(FreePort()) {
    merchant_.Handle("POST", "/notify", [this](const http::Request& request) { return OnCallback(request); });
    EXPECT_TRUE(merchant_.Start().ok());
    dir_ = testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
    (void)!system(("rm -rf " + dir_ + "; mkdir -p " + dir_).c_str());
    std::ofstream(dir_ + "/merchants.yaml") << "acme: \"" << kSecret << "\"\n";
    Start();
  }
  ~SandboxPspTest() override { Kill(SIGTERM); }

  void Start() {
    const std::string address = absl::StrCat("--address=127.0.0.1:", port_), journal = "--journal=" + dir_ + "/journal",
                      merchants = "--merchants=" + dir_ + "/merchants.yaml", log = "--log=" + dir_ + "/log";
    const char* argv[] = {"sandbox_psp",    address.c_str(),     journal.c_str(), merchants.c_str(),
                          "--allow_notify", "http://127.0.0.1:", log.c_str(),     nullptr};
    ASSERT_EQ(posix_spawn(&pid_, "services/payment/psp/sandbox/server/sandbox_psp", nullptr, nullptr,
                          const_cast<char**>(argv), environ),
              0);
    for (int i = 0; i < 1000; ++i) {
      if (const auto ready = client_.Send({.url = Url("/healthz")}); ready.ok() && ready->status == 200) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL() << "sandbox_psp does not serve";
  }
  // Its exit status, or minus the signal that ended it.
  int Kill(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  std::string Url(const std::string& target) { return absl::StrCat("http://127.0.0.1:", port_, target); }
  http::Response Send(http::ClientRequest request) {
    request.timeout = absl::Seconds(20);
    const auto response = client_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(http::Response{.status = 0});
  }
  std::string PayUrl(const std::string& number, int64_t amount = 300, const std::string& subject = "数学 <b>1&1</b>") {
    std::vector<std::pair<std::string, std::string>> fields = {
        {"merchant", "acme"},
        {"out_trade_no", number},
        {"amount_minor", absl::StrCat(amount)},
        {"currency", "CNY"},
        {"subject", subject},
        {"expire", "1999999999"},
        {"notify_url", absl::StrCat("http://127.0.0.1:", merchant_.port(), "/notify")},
        {"timestamp", absl::StrCat(absl::ToUnixSeconds(absl::Now()))}};
    fields.emplace_back("sign", Sign(kSecret, CanonicalQuery(fields)));
    std::string url = Url("/pay?");
    for (const auto& [name, value] : fields)
      absl::StrAppend(&url, url.back() == '?' ? "" : "&", name, "=", http::PercentEncode(value));
    return url;
  }
  http::Response Control(const std::string& method, const std::string& target, const json& body) {
    return Send({.method = method,
                 .url = Url(target),
                 .headers = {{"Content-Type", "application/json"}},
                 .body = body.is_null() ? "" : body.dump()});
  }
  // The merchant's signed call; the answer's signature is checked too.
  std::pair<int, json> Call(const std::string& method, const std::string& target, const std::string& body = "") {
    const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(absl::Now())),
                      nonce = absl::StrCat("nonce-", ++nonces_);
    const http::Response response =
        Send({.method = method,
              .url = Url(target),
              .headers = {{"X-Sandbox-Timestamp", timestamp},
                          {"X-Sandbox-Nonce", nonce},
                          {"X-Sandbox-Signature", Sign(kSecret, RequestText(method, target, timestamp, nonce, body))}},
              .body = body});
    std::map<std::string, std::string> headers(response.headers.begin(), response.headers.end());
    EXPECT_EQ(headers["x-sandbox-nonce"], nonce);
    EXPECT_TRUE(SignatureMatches(kSecret, AnswerText(headers["x-sandbox-timestamp"], nonce, response.body),
                                 headers["x-sandbox-signature"]));
    return {response.status, json::parse(response.body, nullptr, false)};
  }
  json Trade(const std::string& number) {
    return Call("GET", absl::StrCat("/v1/trades/", number, "?merchant=acme")).second;
  }
  std::pair<int, json> Refund(const std::string& number, const std::string& trade, int64_t amount) {
    return Call("POST", "/v1/refunds",
                json{{"merchant", "acme"},
                     {"out_refund_no", number},
                     {"out_trade_no", trade},
                     {"amount_minor", amount},
                     {"reason", "课程取消"}}
                    .dump());
  }

  http::Response OnCallback(const http::Request& request) {
    const std::string text =
        AnswerText(request.Header("x-sandbox-timestamp"), request.Header("x-sandbox-nonce"), request.body);
    EXPECT_TRUE(SignatureMatches(kSecret, text, request.Header("x-sandbox-signature")));
    MutexLock lock(mu_);
    callbacks_.push_back(json::parse(request.body));
    if (refusals_ == 0) return {204, "", {}, ""};
    --refusals_;
    return {500, "", {}, ""};
  }
  std::vector<json> AwaitCallbacks(size_t n) {
    for (int i = 0; i < 1000; ++i) {
      {
        MutexLock lock(mu_);
        if (callbacks_.size() >= n) return callbacks_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << "want " << n << " callbacks";
    return {};
  }

  Metrics metrics_;
  Mutex mu_;
  std::vector<json> callbacks_ ABSL_GUARDED_BY(mu_);
  int refusals_ ABSL_GUARDED_BY(mu_) = 0;
  int nonces_ = 10000;
  http::Client client_;
  http::Server merchant_;
  const int port_;
  std::string dir_;
  pid_t pid_ = 0;
};

TEST_F(SandboxPspTest, APayerPaysOnThePage) {
  const std::string url = PayUrl("t1");
  EXPECT_EQ(Call("GET", "/v1/trades/t1?merchant=acme"),
            (std::pair<int, json>{404, {{"code", "TRADE_NOT_FOUND"}, {"message", "the trade was never opened"}}}));
  const http::Response page = Send({.url = url, .headers = {{"Accept-Language", "zh-CN,zh;q=0.9"}}});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("数学 &lt;b&gt;1&amp;1&lt;/b&gt;"));
  EXPECT_THAT(page.body, Not(HasSubstr("<b>1")));
  EXPECT_THAT(page.body, HasSubstr("¥3.00"));
  EXPECT_THAT(page.body, HasSubstr("确认支付"));
  EXPECT_EQ(Trade("t1")["state"], "WAITING");

  const std::string form = url.substr(url.find('?') + 1) + "&action=pay";
  const http::Response paid = Send({.method = "POST",
                                    .url = Url("/pay"),
                                    .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                    .body = form});
  EXPECT_EQ(paid.status, 303);
  EXPECT_EQ(Trade("t1")["state"], "SUCCESS");
  EXPECT_EQ(Trade("t1")["paid_minor"], 300);
  EXPECT_THAT(Send({.url = url}).body, HasSubstr("Paid"));
  const json event = AwaitCallbacks(1)[0];
  EXPECT_EQ(event["event_type"], "TRADE.SUCCESS");
  EXPECT_EQ(event["amount_minor"], 300);
  EXPECT_EQ(event["trade_id"], Trade("t1")["trade_id"]);
  EXPECT_EQ(Send({.method = "POST", .url = Url("/pay"), .body = form}).status, 303);
  EXPECT_EQ(Trade("t1")["paid_minor"], 300);
}

TEST_F(SandboxPspTest, CallbacksAreRepeatedUntilTaken) {
  {
    MutexLock lock(mu_);
    refusals_ = 1;
  }
  Control("POST", "/control/pay", {{"pay_url", PayUrl("t1")}, {"callback", {{"copies", 2}}}});
  const std::vector<json> events = AwaitCallbacks(3);
  EXPECT_EQ(events[0]["id"], events[2]["id"]);
}

TEST_F(SandboxPspTest, ClosesAndPaysLate) {
  EXPECT_EQ(Call("POST", "/v1/trades/t1/close?merchant=acme").second["state"], "CLOSED");
  EXPECT_THAT(Send({.url = PayUrl("t1")}).body, HasSubstr("Closed"));
  EXPECT_EQ(Control("POST", "/control/pay", {{"pay_url", PayUrl("t1")}}).status, 409);
  EXPECT_EQ(Control("POST", "/control/pay", {{"pay_url", PayUrl("t1")}, {"force_late", true}}).status, 200);
  EXPECT_EQ(Call("POST", "/v1/trades/t1/close?merchant=acme").second["code"], "ALREADY_PAID");
  EXPECT_EQ(AwaitCallbacks(1)[0]["event_type"], "TRADE.SUCCESS");
}

TEST_F(SandboxPspTest, RefundsAndTotals) {
  Control("POST", "/control/pay", {{"pay_url", PayUrl("t1")}, {"paid_minor", 250}});
  EXPECT_EQ(Refund("r1", "t1", 251).second["code"], "REFUND_EXCEEDS_PAID");
  EXPECT_EQ(Refund("r1", "t1", 100).second["state"], "PROCESSING");
  const std::vector<json> events = AwaitCallbacks(2);
  EXPECT_THAT((std::vector<std::string>{events[0]["event_type"], events[1]["event_type"]}),
              testing::UnorderedElementsAre("TRADE.SUCCESS", "REFUND.SUCCESS"));
  EXPECT_EQ(Refund("r1", "t1", 100).second["state"], "SUCCESS");
  EXPECT_EQ(Call("GET", "/v1/refunds/r1?merchant=acme").second["amount_minor"], 100);
  EXPECT_EQ(Call("GET", "/v1/refunds/r9?merchant=acme").first, 404);
  const json totals = json::parse(Control("GET", "/control/totals?merchant=acme", nullptr).body);
  EXPECT_EQ(totals["currencies"]["CNY"]["paid_minor"], 250);
  EXPECT_EQ(totals["currencies"]["CNY"]["refunded_minor"], 100);
  EXPECT_EQ(totals["currencies"]["CNY"]["trades"]["SUCCESS"], 1);
  const json trades = json::parse(Control("GET", "/control/trades?merchant=acme&limit=1", nullptr).body);
  EXPECT_EQ(trades["trades"][0]["refunds"][0]["out_refund_no"], "r1");
  EXPECT_EQ(trades["next"], "1");
}

TEST_F(SandboxPspTest, KeepsItsWordAfterKill9) {
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(
        Control("POST", "/control/pay", {{"pay_url", PayUrl(absl::StrCat("t", i))}, {"callback", {{"drop", true}}}})
            .status,
        200);
  ASSERT_EQ(Refund("r1", "t1", 100).first, 200);
  // Killed while others pay: whoever was told 200 has paid.
  std::vector<std::string> told;
  std::thread payers([&] {
    for (int i = 0; i < 100000; ++i) {
      const auto response = client_.Send(
          {.method = "POST",
           .url = Url("/control/pay"),
           .headers = {{"Content-Type", "application/json"}},
           .body = json{{"pay_url", PayUrl(absl::StrCat("x", i))}, {"callback", {{"delay_ms", 200}}}}.dump()});
      if (!response.ok()) return;
      told.push_back(absl::StrCat("x", i));
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(Kill(SIGKILL), -SIGKILL);
  payers.join();
  ASSERT_FALSE(told.empty());
  Start();
  EXPECT_EQ(Trade("t49")["state"], "SUCCESS");
  for (const std::string& number : told) ASSERT_EQ(Trade(number)["state"], "SUCCESS") << number;
  EXPECT_EQ(Refund("r1", "t1", 100).first, 200);
  // Their callbacks come too.
  AwaitCallbacks(told.size());
  EXPECT_EQ(Kill(SIGTERM), 0);
  Start();
}

TEST_F(SandboxPspTest, MisbehavesAsTold) {
  Control("POST", "/control/pay",
          {{"pay_url", PayUrl("t1")}, {"settle_delay_ms", 300}, {"query_failures", 1}, {"query_hang_ms", 200}});
  const absl::Time start = absl::Now();
  EXPECT_EQ(Call("GET", "/v1/trades/t1?merchant=acme").first, 500);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(200));
  AwaitCallbacks(1);
  EXPECT_EQ(Trade("t1")["state"], "SUCCESS");
  EXPECT_EQ(Control("PUT", "/control/faults", {{"http_500_ratio", 1.0}}).status, 200);
  EXPECT_EQ(Call("GET", "/v1/trades/t1?merchant=acme").first, 500);
  // Some of these refunds were made all the same: the same number tells.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Refund(absl::StrCat("r", i), "t1", 1).first, 500);
  Control("PUT", "/control/faults", json::object());
  int made = 0;
  for (int i = 0; i < 20; ++i) made += Call("GET", absl::StrCat("/v1/refunds/r", i, "?merchant=acme")).first == 200;
  EXPECT_GT(made, 0);
  EXPECT_LT(made, 20);
}

TEST_F(SandboxPspTest, RefusesForgedAndMalformedRequests) {
  const auto plain = [&](http::ClientRequest request) { return Send(std::move(request)).status; };
  EXPECT_EQ(plain({.url = Url("/v1/trades/t1?merchant=acme")}), 401);
  EXPECT_EQ(plain({.url = Url("/v1/trades/t1")}), 400);
  EXPECT_EQ(plain({.method = "POST", .url = Url("/v1/refunds"), .body = "{"}), 400);
  const std::string now = absl::StrCat(absl::ToUnixSeconds(absl::Now())),
                    old = absl::StrCat(absl::ToUnixSeconds(absl::Now()) - 301);
  for (const std::string& timestamp : {now, old, std::string("x")}) {
    const std::string signature = Sign(timestamp == now ? "another secret!!" : kSecret,
                                       RequestText("GET", "/v1/trades/t1?merchant=acme", timestamp, "nonce-000", ""));
    EXPECT_EQ(plain({.url = Url("/v1/trades/t1?merchant=acme"),
                     .headers = {{"X-Sandbox-Timestamp", timestamp},
                                 {"X-Sandbox-Nonce", "nonce-000"},
                                 {"X-Sandbox-Signature", signature}}}),
              401);
  }
  EXPECT_EQ(Call("GET", "/v1/trades/a%20b?merchant=acme").second["code"], "PARAM_ERROR");
  EXPECT_EQ(Call("GET", "/v1/trades/t1/close?merchant=acme").second["code"], "PARAM_ERROR");
  EXPECT_EQ(Refund("r1", "t1", 0).second["code"], "PARAM_ERROR");
  EXPECT_EQ(Send({.url = PayUrl("t1") + "x"}).status, 401);
  EXPECT_EQ(Send({.method = "POST", .url = Url("/control/pay"), .body = "{}"}).status, 400);
  for (const json& bad : std::vector<json>{{{"pay_url", 5}},
                                           {{"pay_url", "x"}},
                                           {{"pay_url", PayUrl("t1")}, {"outcome", "x"}},
                                           {{"pay_url", PayUrl("t1")}, {"copies", 2}},
                                           {{"pay_url", PayUrl("t1")}, {"callback", {{"copies", 11}}}},
                                           {{"pay_url", PayUrl("t1")}, {"paid_minor", -1}},
                                           json::array()}) {
    EXPECT_EQ(Control("POST", "/control/pay", bad).status, 400) << bad;
  }
  EXPECT_EQ(Call("GET", "/v1/trades/t1?merchant=acme").first, 404);
}

TEST_F(SandboxPspTest, ANewMerchantNeedsNoRestart) {
  std::ofstream(dir_ + "/merchants.yaml") << "acme: " << kSecret << "\nglobex: a secret of globex\n";
  int status = 401;
  for (int i = 0; i < 100 && status == 401; ++i) {
    const std::string timestamp = absl::StrCat(absl::ToUnixSeconds(absl::Now()));
    const std::string signature =
        Sign("a secret of globex", RequestText("GET", "/v1/trades/t1?merchant=globex", timestamp, "nonce-000", ""));
    status = Send({.url = Url("/v1/trades/t1?merchant=globex"),
                   .headers = {{"X-Sandbox-Timestamp", timestamp},
                               {"X-Sandbox-Nonce", "nonce-000"},
                               {"X-Sandbox-Signature", signature}}})
                 .status;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(status, 404);
}

}  // namespace
}  // namespace trivium::payment::sandbox
