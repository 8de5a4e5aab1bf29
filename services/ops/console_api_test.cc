// The console's API as a browser, or an attacker with curl, meets it: over HTTP, with cookies and tokens.
#include "services/ops/console_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/http/client.h"
#include "libs/http/server.h"
#include "libs/mysql/mysql.h"
#include "libs/status/error.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/ops/password.h"
#include "services/ops/prometheus.h"
#include "services/ops/secret.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::ops {
namespace {

using nlohmann::json;

class FakeProducts : public Products {
 public:
  std::vector<std::string> All() const override { return {"acme", "globex"}; }
  std::optional<ProductNames> Find(std::string_view product) const override {
    if (product != "acme" && product != "globex") return std::nullopt;
    return ProductNames{std::string(product), "极点", "Acme", "Asia/Shanghai"};
  }
};

class FakePayment : public PaymentReader {
 public:
  absl::Status GetDay(const CallFor& call, const std::string& product, const std::string&,
                      payment::v1::DailySummary* out) override {
    last = product + " for " + call.actor;
    auto* currency = out->add_currencies();
    currency->set_currency_code("CNY");
    currency->set_paid_minor(9'007'199'254'740'993);
    currency->set_ledger_debits_minor(5);
    currency->set_ledger_credits_minor(5);
    currency->set_balances_match_entries(true);
    return absl::OkStatus();
  }
  std::string last;
};

class FakeControl : public ControlGateway {
 public:
  absl::Status ListInstances(const CallFor&, control::v1::ListInstancesResponse* out) override {
    auto* instance = out->add_instances()->mutable_instance();
    instance->set_service("payment");
    instance->set_cell("cell-a");
    return absl::OkStatus();
  }
  absl::Status GetRoutePlan(const CallFor&, control::v1::RoutePlan* out) override {
    out->set_epoch(epoch);
    return absl::OkStatus();
  }
  absl::Status SetRoute(const CallFor& call, const control::v1::SetRouteRequest& request,
                        control::v1::RoutePlan* out) override {
    changes.push_back(request.reason() + " by " + call.actor);
    out->set_epoch(++epoch);
    return absl::OkStatus();
  }
  absl::Status ListAudit(const CallFor&, const control::v1::ListAuditEntriesRequest&,
                         control::v1::ListAuditEntriesResponse*) override {
    return absl::OkStatus();
  }
  int64_t epoch = 0;
  std::vector<std::string> changes;
};

class NoPool : public mysql::Pool {
 public:
  using Body = std::function<absl::Status(mysql::Connection&)>;
  absl::Status Transact(std::string_view, absl::Time, const Body&) override { return absl::UnavailableError("none"); }
  absl::Status Use(std::string_view, absl::Time, const Body&) override { return absl::UnavailableError("none"); }
  absl::Status Ping() override { return absl::UnavailableError("none"); }
};

Person MakePerson(const std::string& name, Role role, std::vector<std::string> products) {
  static const std::string hash = HashPassword("right").value();
  return {name, hash, {"person:" + name, role, std::move(products)}, Sha256(hash)};
}

struct Browser {
  std::string cookie, csrf;
};

class ConsoleApiTest : public testing::Test {
 protected:
  void SetUp() override {
    AddConsoleApi({}, server_, workers_, sessions_, api_, Clock::Real());
    ASSERT_TRUE(server_.Start().ok());
  }

  struct Answer {
    int status;
    std::string cookie;
    json body;
    std::string reason() const {
      for (const json& detail : body.value("details", json::array())) {
        const std::string value = detail.value("value", "");
        for (const char* reason : {"SESSION_REQUIRED", "CSRF_TOKEN_INVALID", "PRODUCT_NOT_FOUND", "ROLE_REQUIRED",
                                   "CREDENTIALS_INVALID", "EPOCH_CONFLICT"}) {
          // Base64 of ErrorInfo{reason}: compared at the text's own place in the message (tag and length before it).
          std::string info = std::string("\n") + static_cast<char>(strlen(reason)) + reason;
          info.resize(info.size() / 3 * 3);
          if (value.starts_with(ToBase64Url(info))) return reason;
        }
      }
      return "";
    }
  };

  Answer Call(const std::string& method, const json& body, const Browser& browser = {}, bool send_csrf = true) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = absl::StrCat("http://127.0.0.1:", server_.port(), "/trivium.ops.v1.OpsService/", method);
    request.headers = {{"content-type", "application/json"}};
    if (!browser.cookie.empty()) request.headers.emplace_back("cookie", browser.cookie);
    if (send_csrf && !browser.csrf.empty()) request.headers.emplace_back("x-trivium-csrf", browser.csrf);
    request.body = body.dump();
    const auto response = client_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    Answer answer{response->status, "", json::parse(response->body, nullptr, false)};
    for (const auto& [name, value] : response->headers) {
      if (name == "set-cookie") answer.cookie = value;
    }
    return answer;
  }

  Browser SignIn(const std::string& name) {
    const Answer answer = Call("SignIn", {{"userName", name}, {"password", "right"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {answer.cookie.substr(0, answer.cookie.find(';')), answer.body.value("csrfToken", "")};
  }

  Metrics metrics_;
  WorkerPool workers_{"test", 4, 100};
  People people_{{{"owner", MakePerson("owner", Role::kOwner, {"acme"})},
                  {"viewer", MakePerson("viewer", Role::kPlatformViewer, {})},
                  {"admin", MakePerson("admin", Role::kPlatformAdmin, {})}}};
  std::unique_ptr<SessionStore> store_ = NewMemorySessionStore();
  Sessions sessions_{{}, people_, *store_, Clock::Real(), metrics_};
  Boards boards_{{Board{"b", {"板", "B"}, false, {Panel{.id = "p", .unit = "count", .chart = "line", .query = "up"}}}}};
  FakeProducts products_;
  FakePayment payment_;
  FakeControl control_;
  NoPool pool_;
  Prometheus prometheus_{"http://127.0.0.1:1", Clock::Real(), metrics_};
  OpsApi api_{{boards_, products_, prometheus_, payment_, control_, pool_, Clock::Real(), absl::Seconds(2)}};
  http::Client client_;
  http::Server server_{{}, metrics_};
};

TEST_F(ConsoleApiTest, TheCookieIsHiddenFromScriptsAndOtherSites) {
  const Answer answer = Call("SignIn", {{"userName", "owner"}, {"password", "right"}});
  for (const char* part : {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="}) {
    EXPECT_NE(answer.cookie.find(part), std::string::npos) << answer.cookie;
  }
  EXPECT_EQ(answer.body.dump().find(answer.cookie.substr(16, 43)), std::string::npos)
      << "the token must not be in the body";
}

TEST_F(ConsoleApiTest, NothingWithoutASession) {
  for (const Browser& browser :
       {Browser{}, Browser{"trivium_session=AAAA", ""}, Browser{"trivium_session=", "x"}, Browser{"other=1", ""}}) {
    for (const char* method : {"SignOut", "GetSession", "ListBoards", "QueryPanel", "GetProductDay", "ListActivities",
                               "GetPlatform", "SetRoute", "ListAudit"}) {
      const Answer answer = Call(method, json::object(), browser);
      EXPECT_EQ(answer.status, 401) << method;
      EXPECT_EQ(answer.reason(), "SESSION_REQUIRED") << method;
    }
  }
}

TEST_F(ConsoleApiTest, AnOwnerGetsTheOwnDayExactlyAndInTheOwnName) {
  const Answer answer = Call("GetProductDay", {{"product", "acme"}}, SignIn("owner"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["currencies"][0]["paidMinor"], "9007199254740993");
  EXPECT_EQ(answer.body["currencies"][0]["ledgerOk"], true);
  EXPECT_EQ(payment_.last, "acme for person:owner");
}

TEST_F(ConsoleApiTest, AnotherProductIsAnsweredAsOneThatDoesNotExist) {
  const Browser owner = SignIn("owner");
  std::set<std::string> answers;
  for (const char* product : {"globex", "no-such", ".*", "acme\"} or up #"}) {
    for (const char* method : {"GetProductDay", "ListActivities"}) {
      const Answer answer = Call(method, {{"product", product}}, owner);
      EXPECT_EQ(answer.status, 404) << method << " " << product;
      EXPECT_EQ(answer.reason(), "PRODUCT_NOT_FOUND");
      answers.insert(answer.body.value("message", ""));
    }
    EXPECT_EQ(Call("QueryPanel", {{"boardId", "b"}, {"panelId", "p"}, {"product", product}}, owner).status, 404);
  }
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(Call("QueryPanel", {{"boardId", "b"}, {"panelId", "p"}}, owner).status, 400);
  EXPECT_EQ(payment_.last, "");
}

TEST_F(ConsoleApiTest, ChangesNeedTheRoleAndTheToken) {
  const json change = {{"requestId", "request-1"},
                       {"product", "*"},
                       {"service", "payment"},
                       {"reason", "演习"},
                       {"cells", {{{"cell", "cell-a"}}}}};
  EXPECT_EQ(Call("SetRoute", change, SignIn("owner")).reason(), "ROLE_REQUIRED");
  EXPECT_EQ(Call("SetRoute", change, SignIn("viewer")).reason(), "ROLE_REQUIRED");
  const Browser admin = SignIn("admin"), other = SignIn("admin");
  EXPECT_EQ(Call("SetRoute", change, admin, false).reason(), "CSRF_TOKEN_INVALID");
  EXPECT_EQ(Call("SetRoute", change, {admin.cookie, other.csrf}).reason(), "CSRF_TOKEN_INVALID");
  EXPECT_TRUE(control_.changes.empty());
  EXPECT_EQ(Call("SetRoute", change, admin).status, 200);
  EXPECT_EQ(control_.changes, std::vector<std::string>{"演习 by person:admin"});
  // The plan has an epoch now: one who saw none is out of date.
  EXPECT_EQ(Call("SetRoute", change, admin).reason(), "EPOCH_CONFLICT");
}

TEST_F(ConsoleApiTest, ThePlatformIsForPlatformRoles) {
  for (const char* method : {"GetPlatform", "ListAudit"}) {
    EXPECT_EQ(Call(method, json::object(), SignIn("owner")).reason(), "ROLE_REQUIRED");
    EXPECT_EQ(Call(method, json::object(), SignIn("viewer")).status, 200);
  }
  const Answer platform = Call("GetPlatform", json::object(), SignIn("viewer"));
  EXPECT_EQ(platform.body["routes"][0]["product"], "*");
}

TEST_F(ConsoleApiTest, SignOutNeedsTheTokenAndEndsTheSession) {
  const Browser owner = SignIn("owner");
  EXPECT_EQ(Call("SignOut", json::object(), owner, false).reason(), "CSRF_TOKEN_INVALID");
  const Answer out = Call("SignOut", json::object(), owner);
  EXPECT_EQ(out.status, 200);
  EXPECT_NE(out.cookie.find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(Call("GetSession", json::object(), owner).reason(), "SESSION_REQUIRED");
}

TEST_F(ConsoleApiTest, AFormOfAnotherSiteIsNotTaken) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = absl::StrCat("http://127.0.0.1:", server_.port(), "/trivium.ops.v1.OpsService/SignIn");
  request.headers = {{"content-type", "text/plain"}};
  request.body = R"({"userName":"owner","password":"right"})";
  EXPECT_EQ(client_.Send(request)->status, 415);
}

}  // namespace
}  // namespace trivium::ops
