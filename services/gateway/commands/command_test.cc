#include "services/gateway/commands/command.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/match.h"
#include "libs/status/error.h"
#include "services/gateway/commands/testing.h"
#include "services/gateway/transcoding/testing.h"
#include "services/gateway/transcoding/transcoding_test.pb.h"

namespace trivium::gateway {
namespace {

std::shared_ptr<const ApiSchema> Schema() { return SchemaOf({testing::Everything::descriptor()->file()}); }

TEST(ToCommandTest, FillsDefaultsAndResolvesTheMethod) {
  const auto schema = Schema();
  const auto command = ToCommand("echo.say", GoodCommand(), schema);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->name, "echo.say");
  EXPECT_EQ(command->method, "trivium.gateway.testing.EchoService/Echo");
  EXPECT_EQ(command->timeout, absl::Seconds(5));
  EXPECT_EQ(command->max_request_bytes, 65536u);
  EXPECT_EQ(command->request, schema->FindMessage("trivium.gateway.testing.Everything"));
  EXPECT_EQ(command->response, schema->FindMessage("trivium.gateway.testing.EverythingResponse"));
  for (const RateLimit& limit : command->limits) EXPECT_EQ(limit.rate, 0);
}

TEST(ToCommandTest, WithoutDescriptorsBodiesPassInProtobufOnly) {
  const auto command = ToCommand("echo.say", GoodCommand(), nullptr);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->request, nullptr);
}

TEST(ToCommandTest, NamesTheFieldThatIsWrong) {
  const struct {
    const char* field;
    std::function<void(v1::Command*)> spoil;
    const char* item = "echo.say";
  } kCases[] = {
      {"number", [](auto* c) { c->set_number(1'000'001); }},
      {"method", [](auto* c) { c->clear_service(); }},
      {"method", [](auto* c) { c->set_method("Nonsense"); }},
      {"method", [](auto* c) { c->set_method("Watch"); }},
      {"method", [](auto* c) { c->set_service("a/b"); }},
      {"name", [](auto* c) { c->clear_product(); }},
      {"product", [](auto* c) { c->set_product("globex"); }, "echo.say@acme"},
      {"routing_key.source",
       [](auto* c) { c->mutable_routing_key()->set_source(static_cast<v1::RoutingKey::Source>(9)); }},
      {"field_path", [](auto* c) { c->mutable_routing_key()->set_source(v1::RoutingKey::FIELD); }},
      {"field_path",
       [](auto* c) {
         c->mutable_routing_key()->set_source(v1::RoutingKey::FIELD);
         c->mutable_routing_key()->set_field_path("words");
       }},
      {"timeout", [](auto* c) { c->mutable_timeout()->set_nanos(9'999'999); }},
      {"timeout", [](auto* c) { c->mutable_timeout()->set_seconds(61); }},
      {"timeout", [](auto* c) { c->mutable_timeout()->set_seconds(INT64_MAX); }},
      {"auth_scope", [](auto* c) { c->clear_auth_scope(); }},
      {"auth_scope", [](auto* c) { c->set_auth_scope(static_cast<v1::AuthScope>(7)); }},
      {"limits.per_user", [](auto* c) { c->mutable_limits()->mutable_per_user(); }},
      {"limits.per_product", [](auto* c) { c->mutable_limits()->mutable_per_product()->set_rate(NAN); }},
      {"limits.per_command", [](auto* c) { c->mutable_limits()->mutable_per_command()->set_rate(1e7); }},
      {"limits.per_connection",
       [](auto* c) {
         c->mutable_limits()->mutable_per_connection()->set_rate(1);
         c->mutable_limits()->mutable_per_connection()->set_burst(1'000'001);
       }},
      {"disabled.retry_after", [](auto* c) { c->mutable_disabled()->mutable_retry_after()->set_seconds(-1); }},
      {"max_request_bytes", [](auto* c) { c->set_max_request_bytes((4 << 20) + 1); }},
  };
  const auto schema = Schema();
  for (const auto& c : kCases) {
    v1::Command proto = GoodCommand();
    c.spoil(&proto);
    const auto command = ToCommand(c.item, proto, schema);
    ASSERT_FALSE(command.ok()) << c.field;
    EXPECT_EQ(command.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StartsWith(command.status().message(), std::string(c.field) + ":")) << command.status();
  }
}

TEST(CheckEnabledTest, SaysWhyAndWhenToComeBack) {
  v1::Command proto = GoodCommand();
  EXPECT_TRUE(CheckEnabled(ToCommand("echo.say", proto, nullptr).value()).ok());
  proto.mutable_disabled()->set_message("维护中");
  proto.mutable_disabled()->mutable_retry_after()->set_seconds(30);
  const absl::Status status = CheckEnabled(ToCommand("echo.say", proto, nullptr).value());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "COMMAND_DISABLED");
  EXPECT_EQ(MetadataOf(status, "message"), "维护中");
  EXPECT_TRUE(absl::StrContains(SerializeDetails(status), "google.rpc.RetryInfo"));
}

TEST(RouteKeyOfTest, TakesTheKeyThatTheCommandNames) {
  testing::Everything request;
  request.mutable_inner()->set_room_id("r 9");
  const struct {
    v1::RoutingKey::Source source;
    const char* key;
  } kCases[] = {
      {v1::RoutingKey::SOURCE_UNSPECIFIED, ""}, {v1::RoutingKey::NONE, ""},   {v1::RoutingKey::UID, "u-1"},
      {v1::RoutingKey::ROOM_ID, "%E8%AF%BE"},   {v1::RoutingKey::CID, "c-3"}, {v1::RoutingKey::FIELD, "r%209"}};
  for (const auto& c : kCases) {
    v1::Command proto = GoodCommand();
    proto.mutable_routing_key()->set_source(c.source);
    if (c.source == v1::RoutingKey::FIELD) proto.mutable_routing_key()->set_field_path("inner.room_id");
    const Command command = ToCommand("echo.say", proto, Schema()).value();
    EXPECT_EQ(RouteKeyOf(command, {"u-1", "课", "c-3"}, request.SerializeAsString()).value(), c.key);
  }
}

}  // namespace
}  // namespace trivium::gateway
