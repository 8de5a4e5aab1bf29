// Who is let in, and what the role hides.
#include "services/ops/console_fixture.h"

namespace trivium::ops {
namespace {

using ConsoleApiTest = ConsoleFixture;

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
    for (const char* method : {"SignOut",        "GetSession",          "ListBoards",       "QueryPanel",
                               "GetProductDay",  "ListActivities",      "GetPlatform",      "SetRoute",
                               "ListAudit",      "GetMessagesDay",      "ListMessages",     "GetMessage",
                               "ListRecipients", "GetUserConnections",  "ListUserMessages", "ListCommands",
                               "GetCommand",     "ListCommandVersions", "PublishCommand",   "RollBackCommand"}) {
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
    for (const char* method : {"GetProductDay", "ListActivities", "GetMessagesDay", "ListMessages", "GetMessage",
                               "ListRecipients", "GetUserConnections", "ListUserMessages", "ListCommands"}) {
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
  EXPECT_EQ(push_.last, "");
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
