#include "services/control/kinds/command.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "absl/strings/match.h"
#include "services/control/kinds/testing.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using gateway::v1::Command;
using gateway::v1::RoutingKey;

google::protobuf::Any Packed(const google::protobuf::Message& message) {
  google::protobuf::Any value;
  value.PackFrom(message);
  return value;
}

std::vector<std::string> FieldsOf(const Violations& wrong) {
  std::vector<std::string> fields;
  for (const auto& [field, what] : wrong) fields.push_back(field);
  return fields;
}

TEST(IsCommandItemNameTest, TakesDottedNamesWithAnOwner) {
  for (const char* good : {"a", "push.ack", "course.roll_call", "a-b.c_d.9", "push.ack@acme"}) {
    EXPECT_TRUE(IsCommandItemName(good)) << good;
  }
  for (const std::string bad :
       {"", ".", "a.", ".a", "a..b", "A.b", "a b", "a/b", "a@", "@acme", "a@Acme", "a@b@c", "a@b.c", "课", "a%2e"}) {
    EXPECT_FALSE(IsCommandItemName(bad)) << bad;
  }
  EXPECT_TRUE(IsCommandItemName(std::string(64, 'a')));
  EXPECT_FALSE(IsCommandItemName(std::string(65, 'a')));
}

TEST(CheckCommandTest, TakesAGoodOneAndAFullOne) {
  EXPECT_TRUE(CheckCommand(Packed(GoodCommand())).empty());
  Command full = GoodCommand();
  full.mutable_routing_key()->set_source(RoutingKey::FIELD);
  full.mutable_routing_key()->set_field_path("a.b_c");
  full.mutable_timeout()->set_seconds(60);
  full.mutable_limits()->mutable_per_user()->set_rate(0.001);
  full.mutable_disabled()->set_message("稍后再试");
  full.mutable_disabled()->mutable_retry_after()->set_seconds(86400);
  full.set_max_request_bytes(4 << 20);
  full.set_deprecated(true);
  full.set_replaced_by("config.read");
  EXPECT_TRUE(CheckCommand(Packed(full)).empty());
}

TEST(CheckCommandTest, NamesTheFieldThatIsWrong) {
  const struct {
    const char* field;
    std::function<void(Command*)> spoil;
  } kCases[] = {
      {"value.number", [](auto* c) { c->set_number(1'000'001); }},
      {"value.service", [](auto* c) { c->clear_service(); }},
      {"value.service", [](auto* c) { c->set_service("NoPackage"); }},
      {"value.service", [](auto* c) { c->set_service("a..B"); }},
      {"value.service", [](auto* c) { c->set_service("a.B."); }},
      {"value.service", [](auto* c) { c->set_service("a.b/C"); }},
      {"value.service", [](auto* c) { c->set_service("a." + std::string(200, 'b')); }},
      {"value.method", [](auto* c) { c->set_method("9x"); }},
      {"value.method", [](auto* c) { c->set_method("A.B"); }},
      {"value.product", [](auto* c) { c->clear_product(); }},
      {"value.product", [](auto* c) { c->set_product("**"); }},
      {"value.routing_key.source",
       [](auto* c) { c->mutable_routing_key()->set_source(static_cast<RoutingKey::Source>(9)); }},
      {"value.routing_key.field_path", [](auto* c) { c->mutable_routing_key()->set_source(RoutingKey::FIELD); }},
      {"value.routing_key.field_path", [](auto* c) { c->mutable_routing_key()->set_field_path("a"); }},
      {"value.timeout", [](auto* c) { c->mutable_timeout(); }},
      {"value.timeout", [](auto* c) { c->mutable_timeout()->set_nanos(9'999'999); }},
      {"value.timeout", [](auto* c) { c->mutable_timeout()->set_seconds(60), c->mutable_timeout()->set_nanos(1); }},
      {"value.timeout", [](auto* c) { c->mutable_timeout()->set_seconds(INT64_MAX); }},
      {"value.timeout", [](auto* c) { c->mutable_timeout()->set_seconds(1), c->mutable_timeout()->set_nanos(-1); }},
      {"value.auth_scope", [](auto* c) { c->clear_auth_scope(); }},
      {"value.auth_scope", [](auto* c) { c->set_auth_scope(static_cast<gateway::v1::AuthScope>(4)); }},
      {"value.limits.per_connection.rate", [](auto* c) { c->mutable_limits()->mutable_per_connection(); }},
      {"value.limits.per_user.rate", [](auto* c) { c->mutable_limits()->mutable_per_user()->set_rate(NAN); }},
      {"value.limits.per_command.rate", [](auto* c) { c->mutable_limits()->mutable_per_command()->set_rate(-1); }},
      {"value.limits.per_product.burst",
       [](auto* c) {
         c->mutable_limits()->mutable_per_product()->set_rate(1);
         c->mutable_limits()->mutable_per_product()->set_burst(1'000'001);
       }},
      {"value.disabled.message", [](auto* c) { c->mutable_disabled(); }},
      {"value.disabled.retry_after",
       [](auto* c) {
         c->mutable_disabled()->set_message("x"), c->mutable_disabled()->mutable_retry_after()->set_seconds(86401);
       }},
      {"value.max_request_bytes", [](auto* c) { c->set_max_request_bytes((4 << 20) + 1); }},
      {"value.replaced_by", [](auto* c) { c->set_deprecated(true), c->set_replaced_by("A"); }},
      {"value.deprecated", [](auto* c) { c->set_replaced_by("config.read"); }},
      {"value.title_zh", [](auto* c) { c->clear_title_zh(); }},
      {"value.title_en", [](auto* c) { c->set_title_en(std::string(41, 'x')); }},
  };
  for (const auto& c : kCases) {
    Command command = GoodCommand();
    c.spoil(&command);
    EXPECT_EQ(FieldsOf(CheckCommand(Packed(command))), std::vector<std::string>{c.field});
  }
}

TEST(CheckCommandTest, NamesAllWrongFieldsAtOnce) {
  EXPECT_EQ(FieldsOf(CheckCommand(Packed(Command()))),
            (std::vector<std::string>{"value.service", "value.method", "value.product", "value.auth_scope",
                                      "value.title_zh", "value.title_en"}));
  google::protobuf::Any unreadable = Packed(GoodCommand());
  unreadable.set_value(unreadable.value() + "\xff");
  EXPECT_EQ(FieldsOf(CheckCommand(unreadable)), std::vector<std::string>{"value"});
}

class CommandAgainstTest : public ::testing::Test {
 protected:
  CommandAgainstTest() { items_[std::string(kProductProfile)].push_back({.name = "acme"}); }

  void Put(std::string_view kind, const std::string& name, const google::protobuf::Message& value) {
    items_[std::string(kind)].push_back({.name = name, .value = value.SerializeAsString()});
  }
  std::vector<std::string> Wrong(const std::string& name, const Command& command) {
    const auto wrong = CheckCommandAgainst(name, Packed(command), [this](std::string_view kind) {
      return absl::StatusOr<std::vector<ConfigItem>>(items_[std::string(kind)]);
    });
    EXPECT_TRUE(wrong.ok()) << wrong.status();
    return FieldsOf(wrong.value());
  }

  std::map<std::string, std::vector<ConfigItem>> items_;
};

using Fields = std::vector<std::string>;

TEST_F(CommandAgainstTest, WithoutDescriptorsTheMethodIsTakenAsItIs) {
  Command command = GoodCommand();
  command.set_method("Nonsense");
  EXPECT_EQ(Wrong("config.read", command), Fields());
}

TEST_F(CommandAgainstTest, TheMethodIsInTheDescriptorsUnaryWithItsRoutingField) {
  Put(kApiDescriptors, "platform", GoodDescriptors());
  const struct {
    Fields fields;
    std::function<void(Command*)> change;
  } kCases[] = {
      {{}, [](auto*) {}},
      {{"value.method"}, [](auto* c) { c->set_method("Nonsense"); }},
      {{"value.method"}, [](auto* c) { c->set_service("no.such.Service"); }},
      {{"value.method"}, [](auto* c) { c->set_method("WatchConfigs"); }},
      {{}, [](auto* c) { c->mutable_routing_key()->set_field_path("name"); }},
      {{}, [](auto* c) { c->mutable_routing_key()->set_field_path("version"); }},
      {{"value.routing_key.field_path"}, [](auto* c) { c->mutable_routing_key()->set_field_path("nonsense"); }},
      {{"value.routing_key.field_path"}, [](auto* c) { c->mutable_routing_key()->set_field_path("name.x"); }},
      {{"value.routing_key.field_path"},
       [](auto* c) { c->set_method("PublishConfig"), c->mutable_routing_key()->set_field_path("value"); }},
      {{"value.routing_key.field_path"},
       [](auto* c) { c->set_method("PublishConfig"), c->mutable_routing_key()->set_field_path("value.value"); }},
      {{}, [](auto* c) { c->set_method("PublishConfig"), c->mutable_routing_key()->set_field_path("value.type_url"); }},
  };
  for (const auto& c : kCases) {
    Command command = GoodCommand();
    c.change(&command);
    if (command.has_routing_key()) command.mutable_routing_key()->set_source(RoutingKey::FIELD);
    EXPECT_EQ(Wrong("config.read", command), c.fields) << command.ShortDebugString();
  }
}

TEST_F(CommandAgainstTest, TheOwnerIsAProductAndTheOneInTheName) {
  Command command = GoodCommand();
  command.set_product("acme");
  EXPECT_EQ(Wrong("config.read", command), Fields());
  EXPECT_EQ(Wrong("config.read@acme", command), Fields());
  EXPECT_EQ(Wrong("config.read@globex", command), Fields{"value.product"});
  command.set_product("globex");
  EXPECT_EQ(Wrong("config.read", command), Fields{"value.product"});
}

TEST_F(CommandAgainstTest, ANumberStandsForOneCommandAndAProductHasOneOfAKind) {
  Put(kCommand, "config.read", GoodCommand());
  Command own = GoodCommand();
  own.set_product("acme");
  EXPECT_EQ(Wrong("config.read", GoodCommand()), Fields()) << "its own next version";
  EXPECT_EQ(Wrong("config.read@acme", own), Fields()) << "the same command, for one product";
  EXPECT_EQ(Wrong("config.other", GoodCommand()), Fields{"value.number"});
  own.set_product("*");
  own.set_number(0);
  EXPECT_EQ(Wrong("config.other", own), Fields());
  Command twin = GoodCommand();
  twin.set_product("acme");
  Put(kCommand, "course.list", [&] {
    twin.set_number(9);
    return twin;
  }());
  EXPECT_EQ(Wrong("course.list@acme", twin), Fields{"name"});
}

TEST_F(CommandAgainstTest, AVersionStillInUseKeepsItsNumber) {
  Command newer = GoodCommand();
  newer.set_number(8);
  items_[std::string(kCommand)].push_back({.name = "config.read",
                                           .value = newer.SerializeAsString(),
                                           .percentage = 10,
                                           .previous_value = GoodCommand().SerializeAsString()});
  EXPECT_EQ(Wrong("config.other", GoodCommand()), Fields{"value.number"});
}

TEST_F(CommandAgainstTest, AReplacementIsAnotherPublishedCommand) {
  Command command = GoodCommand();
  command.set_deprecated(true);
  command.set_replaced_by("config.read2");
  EXPECT_EQ(Wrong("config.read", command), Fields{"value.replaced_by"});
  Command other = GoodCommand();
  other.set_number(0);
  Put(kCommand, "config.read2", other);
  EXPECT_EQ(Wrong("config.read", command), Fields());
  command.set_replaced_by("config.read");
  EXPECT_EQ(Wrong("config.read", command), Fields{"value.replaced_by"});
}

TEST_F(CommandAgainstTest, TheTableHasAMaximum) {
  Command command = GoodCommand();
  command.set_number(0);
  for (int i = 0; i < 10'000; ++i) Put(kCommand, "c." + std::to_string(i), command);
  EXPECT_EQ(Wrong("one.more", command), Fields{"name"});
  EXPECT_EQ(Wrong("c.5", command), Fields()) << "one that is there";
}

}  // namespace
}  // namespace trivium::control
