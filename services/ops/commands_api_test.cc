// The command table: who finds, reads and changes what.
#include "services/ops/console_fixture.h"

namespace trivium::ops {
namespace {

class CommandsApiTest : public ConsoleFixture {
 protected:
  void SetUp() override {
    ConsoleFixture::SetUp();
    control_.Put("course.roll_call", MakeCommand("acme", "RollCall", "点名", 7));
    control_.Put("course.secret", MakeCommand("globex", "Secret", "秘密", 8));
    control_.Put("push.ack", MakeCommand("*", "Acknowledge", "确认", 9));
    control_.Put("push.ack", MakeCommand("*", "Acknowledge", "收到", 9));
  }

  static gateway::v1::Command MakeCommand(const std::string& product, const std::string& method,
                                          const std::string& title, uint32_t number) {
    gateway::v1::Command command;
    command.set_product(product);
    command.set_service("acme.v1.CourseService");
    command.set_method(method);
    command.set_title_zh(title);
    command.set_title_en(method);
    command.set_number(number);
    return command;
  }

  std::string Names(const json& request, const Browser& browser) {
    const Answer answer = Call("ListCommands", request, browser);
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string names;
    for (const json& each : answer.body.value("commands", json::array())) names += each.value("name", "") + " ";
    return names;
  }

  static json Change(const std::string& method, int version, bool only_check = false) {
    return {{"requestId", "request-1"},
            {"name", "push.ack"},
            {"value", {{"product", "*"}, {"service", "acme.v1.CourseService"}, {"method", method}}},
            {"percentage", 20},
            {"reason", only_check ? "" : "演习"},
            {"expectedVersion", version},
            {"validateOnly", only_check}};
  }
};

TEST_F(CommandsApiTest, FindsByNameTitleMethodAndNumber) {
  const Browser admin = SignIn("admin");
  EXPECT_EQ(Names(json::object(), admin), "course.roll_call course.secret push.ack ");
  EXPECT_EQ(Names({{"search", "ROLL"}}, admin), "course.roll_call ");
  EXPECT_EQ(Names({{"search", "收到"}}, admin), "push.ack ");
  EXPECT_EQ(Names({{"search", "确认"}}, admin), "") << "of an older version";
  EXPECT_EQ(Names({{"search", "courseservice"}}, admin), "course.roll_call course.secret push.ack ");
  EXPECT_EQ(Names({{"search", "8"}}, admin), "course.secret ");
  EXPECT_EQ(Names({{"product", "acme"}}, admin), "course.roll_call push.ack ");
  EXPECT_EQ(Call("ListCommands", {{"search", std::string(300, 'x')}}, admin).reason(), "FIELD_INVALID");
}

TEST_F(CommandsApiTest, PagesGoOnWhereTheyEnded) {
  const Browser admin = SignIn("admin");
  const Answer first = Call("ListCommands", {{"pageSize", 2}}, admin);
  ASSERT_EQ(first.body["commands"].size(), 2u);
  const std::string token = first.body["nextPageToken"];
  EXPECT_EQ(Names({{"pageSize", 2}, {"pageToken", token}}, admin), "push.ack ");
  EXPECT_EQ(Call("ListCommands", {{"search", "x"}, {"pageToken", token}}, admin).reason(), "PAGE_TOKEN_INVALID");
}

TEST_F(CommandsApiTest, AnOwnerSeesOwnCommandsAndThoseOfAllProducts) {
  const Browser owner = SignIn("owner");
  EXPECT_EQ(Names(json::object(), owner), "course.roll_call push.ack ");
  std::set<std::string> answers;
  for (const char* method : {"GetCommand", "ListCommandVersions"}) {
    EXPECT_EQ(Call(method, {{"name", "push.ack"}}, owner).status, 200);
    for (const std::string name : {"course.secret", "course.nothing"}) {
      const Answer answer = Call(method, {{"name", name}}, owner);
      EXPECT_EQ(answer.reason(), "CONFIG_NOT_FOUND") << method << " " << name;
      std::string message = answer.body.value("message", "");
      const size_t at = message.find(name);
      if (at != std::string::npos) message.replace(at, name.size(), "NAME");
      answers.insert(message);
    }
  }
  EXPECT_EQ(answers.size(), 1u) << "another's is told from none";
}

TEST_F(CommandsApiTest, AReleaseShowsAnOwnerNothingOfAnotherProduct) {
  control::v1::ConfigItem& item = control_.commands["push.ack"].back();
  item.set_percentage(20);
  item.mutable_previous_value()->PackFrom(MakeCommand("globex", "Secret", "秘密", 9));
  EXPECT_EQ(Call("GetCommand", {{"name", "push.ack"}}, SignIn("admin")).body["previousValue"]["product"], "globex");
  EXPECT_FALSE(Call("GetCommand", {{"name", "push.ack"}}, SignIn("owner")).body.contains("previousValue"));
}

TEST_F(CommandsApiTest, HistoryIsNewestFirstAndEachVersionIsThere) {
  const Browser viewer = SignIn("viewer");
  const Answer history = Call("ListCommandVersions", {{"name", "push.ack"}}, viewer);
  EXPECT_EQ(history.body["versions"][0]["value"]["titleZh"], "收到") << history.body;
  EXPECT_EQ(history.body["versions"][1]["version"], "1");
  EXPECT_EQ(Call("GetCommand", {{"name", "push.ack"}, {"version", 1}}, viewer).body["value"]["titleZh"], "确认");
}

TEST_F(CommandsApiTest, OnlyAnAdminWithTheTokenChanges) {
  const json back = {{"requestId", "request-2"}, {"name", "push.ack"}, {"toVersion", 1}, {"reason", "错了"}};
  for (const char* name : {"owner", "viewer"}) {
    EXPECT_EQ(Call("PublishCommand", Change("Ack", 2), SignIn(name)).reason(), "ROLE_REQUIRED");
    EXPECT_EQ(Call("PublishCommand", Change("Ack", 2, true), SignIn(name)).reason(), "ROLE_REQUIRED");
    EXPECT_EQ(Call("RollBackCommand", back, SignIn(name)).reason(), "ROLE_REQUIRED");
  }
  const Browser admin = SignIn("admin");
  EXPECT_EQ(Call("PublishCommand", Change("Ack", 2), admin, false).reason(), "CSRF_TOKEN_INVALID");
  EXPECT_EQ(Call("RollBackCommand", back, admin, false).reason(), "CSRF_TOKEN_INVALID");
  EXPECT_EQ(control_.commands["push.ack"].size(), 2u) << "nothing was changed";

  const Answer published = Call("PublishCommand", Change("Ack", 2), admin);
  EXPECT_EQ(published.body["version"], "3") << published.body;
  EXPECT_EQ(published.body["actor"], "person:admin");
  EXPECT_EQ(control_.published.percentage(), 20);
  EXPECT_EQ(control_.published.expected_version(), 2);
  EXPECT_EQ(control_.published.reason(), "演习");
  const Answer rolled = Call("RollBackCommand", back, admin);
  EXPECT_EQ(rolled.body["version"], "4") << rolled.body;
  EXPECT_EQ(rolled.body["value"]["titleZh"], "确认");
}

TEST_F(CommandsApiTest, ACheckNamesTheFieldAndPublishesNothing) {
  const Browser admin = SignIn("admin");
  const Answer wrong = Call("PublishCommand", Change("", 2, true), admin);
  EXPECT_EQ(wrong.reason(), "FIELD_INVALID");
  EXPECT_NE(wrong.body.value("message", "").find("value.method"), std::string::npos) << wrong.body;
  const Answer good = Call("PublishCommand", Change("Ack", 2, true), admin);
  EXPECT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(good.body["version"], "3");
  EXPECT_TRUE(control_.published.validate_only());
  EXPECT_NE(control_.published.reason(), "") << "control wants one";
  EXPECT_EQ(control_.commands["push.ack"].size(), 2u);
}

TEST_F(CommandsApiTest, AVersionThatNobodySawIsANewCommand) {
  json change = Change("Ack", 0);
  change["name"] = "push.new";
  EXPECT_EQ(Call("PublishCommand", change, SignIn("admin")).status, 200);
  EXPECT_EQ(control_.published.expected_version(), -1) << "refused by control when there is one";
}

}  // namespace
}  // namespace trivium::ops
