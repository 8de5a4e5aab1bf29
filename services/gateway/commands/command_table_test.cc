#include "services/gateway/commands/command_table.h"

#include <gtest/gtest.h>

#include "services/gateway/commands/testing.h"

namespace trivium::gateway {
namespace {

std::shared_ptr<const Command> Make(const std::string& item, const std::string& product, uint32_t number,
                                    absl::Duration timeout = absl::Seconds(1)) {
  Command command;
  command.item = item;
  command.name = item.substr(0, item.find('@'));
  command.product = product;
  command.number = number;
  command.timeout = timeout;
  return std::make_shared<const Command>(command);
}

std::string ItemOf(const Command* command) { return command == nullptr ? "" : command->item; }

TEST(CommandTableTest, AProductsOwnCommandShadowsThatOfAll) {
  const CommandTable table({{Make("push.ack", "*", 7)},
                            {Make("push.ack@acme", "acme", 7)},
                            {Make("course.roll_call", "globex", 8)},
                            {Make("course.roll_call@acme", "acme", 0)}},
                           3);
  EXPECT_EQ(ItemOf(table.Find("acme", "push.ack", "u")), "push.ack@acme");
  EXPECT_EQ(ItemOf(table.FindByNumber("acme", 7, "u")), "push.ack@acme");
  EXPECT_EQ(ItemOf(table.Find("globex", "push.ack", "u")), "push.ack");
  EXPECT_EQ(ItemOf(table.FindByNumber("globex", 7, "")), "push.ack");
  EXPECT_EQ(ItemOf(table.Find("acme", "course.roll_call", "")), "course.roll_call@acme");
  EXPECT_EQ(ItemOf(table.FindByNumber("acme", 8, "")), "") << "another product's";
  EXPECT_EQ(ItemOf(table.Find("initech", "course.roll_call", "")), "");
  EXPECT_EQ(ItemOf(table.Find("acme", "push.ack@acme", "")), "") << "an item's name is no command's";
  EXPECT_EQ(ItemOf(table.FindByNumber("acme", 0, "")), "") << "0 is no number";
  EXPECT_EQ(ItemOf(table.Find("", "push.ack", "")), "push.ack");
  EXPECT_EQ(table.generation(), 3);
  const auto view = table.View("acme");
  ASSERT_EQ(view.size(), 2u);
  EXPECT_EQ(ItemOf(view[0]), "course.roll_call@acme");
  EXPECT_EQ(ItemOf(view[1]), "push.ack@acme");
}

TEST(CommandTableTest, AMethodMeansTheCommandThatTheCredentialMayCall) {
  const auto of = [](const std::string& item, const std::string& product, AuthScope scope, const std::string& method) {
    Command command = *Make(item, product, 0);
    command.auth_scope = scope;
    command.method = method;
    return TableEntry{std::make_shared<const Command>(command)};
  };
  const CommandTable table(
      {of("a.user", "*", AuthScope::kUser, "p.S/Get"), of("b.backend", "*", AuthScope::kBackend, "p.S/Get"),
       of("c.backend", "*", AuthScope::kBackend, "p.S/Get"), of("d.open", "*", AuthScope::kNone, "p.S/Ping"),
       of("e.user", "*", AuthScope::kUser, "p.S/Ping"), of("f.moved", "*", AuthScope::kUser, "p.S/Old"),
       of("f.moved@acme", "acme", AuthScope::kUser, "p.S/New"), of("g.own@acme", "acme", AuthScope::kUser, "p.S/Own")},
      1);
  const auto find = [&](const char* product, const char* method, AuthScope scope) {
    return ItemOf(table.FindByMethod(product, method, scope, ""));
  };
  EXPECT_EQ(find("acme", "p.S/Get", AuthScope::kUser), "a.user");
  EXPECT_EQ(find("acme", "p.S/Get", AuthScope::kBackend), "b.backend");
  EXPECT_EQ(find("acme", "p.S/Get", AuthScope::kNone), "a.user") << "so that it is told what it lacks";
  EXPECT_EQ(find("acme", "p.S/Ping", AuthScope::kUser), "e.user");
  EXPECT_EQ(find("acme", "p.S/Ping", AuthScope::kBackend), "d.open");
  EXPECT_EQ(find("globex", "p.S/Old", AuthScope::kUser), "f.moved");
  EXPECT_EQ(find("acme", "p.S/Old", AuthScope::kUser), "") << "acme's own f.moved calls another method";
  EXPECT_EQ(find("acme", "p.S/New", AuthScope::kUser), "f.moved@acme");
  EXPECT_EQ(find("globex", "p.S/Own", AuthScope::kUser), "");
  EXPECT_EQ(find("acme", "p.S/Nothing", AuthScope::kUser), "");
}

TEST(CommandTableTest, AReleaseGivesEachUserItsVersionAndGrows) {
  const auto fresh = Make("push.ack", "*", 7, absl::Seconds(2)), old = Make("push.ack", "*", 7);
  int last = 0;
  for (const int percentage : {1, 30, 99}) {
    const CommandTable table({{fresh, old, percentage}}, 1);
    int released = 0;
    for (int i = 0; i < 10'000; ++i) {
      const std::string uid = "user-" + std::to_string(i);
      const bool in = table.Find("acme", "push.ack", uid) == fresh.get();
      EXPECT_EQ(in, ReleaseBucket("push.ack", uid) < percentage);
      EXPECT_EQ(table.FindByNumber("acme", 7, uid), table.Find("acme", "push.ack", uid));
      released += in;
    }
    EXPECT_NEAR(released, percentage * 100, 200);
    EXPECT_GT(released, last);
    last = released;
    EXPECT_EQ(table.Find("acme", "push.ack", ""), old.get()) << "nobody's call gets the old one";
  }
}

TEST(CommandTableTest, VersionsMayDifferInOwnerAndNumber) {
  const auto fresh = Make("push.ack", "acme", 9), old = Make("push.ack", "*", 7);
  const CommandTable table({{fresh, old, 50}}, 1);
  std::string in, out;
  for (int i = 0; in.empty() || out.empty(); ++i)
    (ReleaseBucket("push.ack", std::to_string(i)) < 50 ? in : out) = std::to_string(i);
  EXPECT_EQ(table.Find("acme", "push.ack", in), fresh.get());
  EXPECT_EQ(table.FindByNumber("acme", 9, in), fresh.get());
  EXPECT_EQ(table.FindByNumber("acme", 7, in), nullptr);
  EXPECT_EQ(table.FindByNumber("acme", 7, out), old.get());
  EXPECT_EQ(table.Find("globex", "push.ack", in), nullptr) << "in the new version it is acme's";
  EXPECT_EQ(table.Find("globex", "push.ack", out), old.get());
}

TEST(CommandTableTest, AReleaseWithoutAnEarlierVersionIsThereForItsUsersAlone) {
  const auto fresh = Make("push.ack", "*", 0);
  const CommandTable table({{fresh, nullptr, 50}}, 1);
  EXPECT_EQ(table.Find("acme", "push.ack", ""), nullptr);
  int found = 0;
  for (int i = 0; i < 100; ++i) found += table.Find("acme", "push.ack", std::to_string(i)) != nullptr;
  EXPECT_GT(found, 20);
  EXPECT_LT(found, 80);
}

TEST(ReadCommandItemTest, LearnsBothVersionsAndThePercentage) {
  v1::Command old = GoodCommand(), fresh = GoodCommand();
  fresh.set_number(5);
  for (const int percentage : {1, 2, 37, 50, 98, 99}) {
    FakeConfigSource source;
    source.Put("a.b", old);
    source.Put("a.b", fresh, percentage);
    const auto item = ReadCommandItem(source, "a.b");
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(item->percentage, percentage);
    EXPECT_EQ(item->value.number(), 5u);
    ASSERT_TRUE(item->previous.has_value());
    EXPECT_EQ(item->previous->number(), 0u);
  }
  FakeConfigSource source;
  source.Put("a.b", fresh);
  EXPECT_EQ(ReadCommandItem(source, "a.b")->percentage, 100);
  EXPECT_FALSE(ReadCommandItem(source, "a.b")->previous.has_value());
  EXPECT_FALSE(ReadCommandItem(source, "c").has_value());
}

}  // namespace
}  // namespace trivium::gateway
