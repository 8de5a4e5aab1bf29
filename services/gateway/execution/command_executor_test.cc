#include "services/gateway/execution/command_executor.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/http/gzip.h"
#include "libs/rpc/wire_status.h"
#include "libs/status/error.h"
#include "services/gateway/execution/testing.h"

namespace trivium::gateway {
namespace {

using testing::Everything;
using testing::EverythingResponse;

// Puts the request into the answer.
BackendAnswer Echo(const SeenCall& call) {
  EverythingResponse response;
  if (!response.mutable_everything()->ParseFromString(call.request))
    return {grpc::Status(grpc::StatusCode::INTERNAL, "unreadable"), ""};
  return {grpc::Status::OK, response.SerializeAsString()};
}

CommandCall UserCall(std::string json) { return ExecutorWorld::UserCall("echo", std::move(json)); }

// "CODE REASON"
std::string Verdict(const absl::StatusOr<std::string>& answer) {
  return absl::StrCat(absl::StatusCodeToString(answer.status().code()), " ", ReasonOf(answer.status()));
}

void WaitUntil(const std::function<bool()>& done) {
  for (int i = 0; i < 2000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(done());
}

TEST(CommandExecutorTest, TranscodesBothWaysByTheFormsOfTheCall) {
  ExecutorWorld world(Echo);
  const auto json = world.Run(UserCall(R"({"fInt64": 9007199254740993, "words": ["课"], "newerField": 1})"));
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, R"({"everything":{"fInt64":"9007199254740993","words":["课"]}})");

  CommandCall proto = UserCall("");
  Everything request;
  request.set_f_int32(7);
  proto.payload = request.SerializeAsString();
  proto.form = BodyForm::kProtobuf;
  EXPECT_EQ(*world.Run(proto), R"({"everything":{"fInt32":7}})");
  proto.answer_form = BodyForm::kProtobuf;
  EverythingResponse response;
  ASSERT_TRUE(response.ParseFromString(*world.Run(proto)));
  EXPECT_EQ(response.everything().f_int32(), 7);
  EXPECT_EQ(*world.Run(UserCall("")), R"({"everything":{}})") << "nothing stands for {}";
  // Large ones go over the pool.
  const std::string word(60'000, 'x');
  EXPECT_EQ(*world.Run(UserCall(R"({"words":[")" + word + R"("]})")),
            R"({"everything":{"words":[")" + word + R"("]}})");
}

TEST(CommandExecutorTest, TellsTheServiceWhoCallsAndForWhom) {
  SeenCall seen;
  ExecutorWorld world([&](const SeenCall& call) {
    seen = call;
    return Echo(call);
  });
  v1::Command command = GoodCommand();
  command.mutable_routing_key()->set_source(v1::RoutingKey::FIELD);
  command.mutable_routing_key()->set_field_path("inner.room_id");
  command.mutable_timeout()->set_seconds(3);
  world.source().Put("routed", command);
  world.Refresh();
  CommandCall call = ExecutorWorld::UserCall("routed", R"({"inner":{"roomId":"r 1"}})");
  call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  ASSERT_TRUE(world.Run(call).ok());
  EXPECT_EQ(seen.method, "/trivium.gateway.testing.EchoService/Echo");
  EXPECT_EQ(seen.metadata["x-trivium-product"], "acme");
  EXPECT_EQ(seen.metadata["x-trivium-user"], "u-7");
  EXPECT_EQ(seen.metadata["x-trivium-route-key"], "r%201");
  EXPECT_EQ(seen.metadata["traceparent"].substr(0, 36), "00-0af7651916cd43dd8448eb211c80319c-");
  EXPECT_NE(seen.metadata["traceparent"].substr(36, 16), "b7ad6b7169203331") << "a span of its own";
  EXPECT_LE(seen.time_left, absl::Seconds(3.1));
  EXPECT_GT(seen.time_left, absl::Seconds(1));
  call.timeout = absl::Milliseconds(900);
  ASSERT_TRUE(world.Run(call).ok());
  EXPECT_LE(seen.time_left, absl::Milliseconds(1000)) << "the client asks for less";

  command.set_auth_scope(v1::AUTH_SCOPE_BACKEND);
  world.source().Put("backends", command);
  world.Refresh();
  call.name = "backends";
  call.scope = AuthScope::kBackend;
  call.uid = "shop";
  ASSERT_TRUE(world.Run(call).ok());
  EXPECT_EQ(seen.metadata.count("x-trivium-user"), 0u) << "a backend is no user";
}

TEST(CommandExecutorTest, FindsACommandByNameNumberAndMethod) {
  ExecutorWorld world(Echo);
  v1::Command command = GoodCommand();
  command.set_number(7);
  world.source().Put("seven", command);
  command = GoodCommand();
  command.set_product("globex");
  world.source().Put("own", command);
  world.Refresh();
  CommandCall call = UserCall("{}");
  EXPECT_TRUE(world.Run(call).ok());
  call.name = "";
  call.number = 7;
  EXPECT_TRUE(world.Run(call).ok());
  call.number = 8;
  EXPECT_EQ(Verdict(world.Run(call)), "UNIMPLEMENTED COMMAND_UNKNOWN");
  call.method = "trivium.gateway.testing.EchoService/Echo";
  EXPECT_TRUE(world.Run(call).ok());
  call.method = "trivium.gateway.testing.EchoService/Watch";
  EXPECT_EQ(Verdict(world.Run(call)), "UNIMPLEMENTED COMMAND_UNKNOWN");
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("own", "{}"))), "UNIMPLEMENTED COMMAND_UNKNOWN")
      << "another product's";
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall(std::string(5000, '\xff'), "{}"))),
            "UNIMPLEMENTED COMMAND_UNKNOWN");
}

TEST(CommandExecutorTest, ACredentialOpensItsOwnScopeAlone) {
  ExecutorWorld world(Echo);
  for (const auto& [name, scope] :
       {std::pair("user", v1::AUTH_SCOPE_USER), std::pair("backend", v1::AUTH_SCOPE_BACKEND),
        std::pair("open", v1::AUTH_SCOPE_NONE)}) {
    v1::Command command = GoodCommand();
    command.set_auth_scope(scope);
    world.source().Put(name, command);
  }
  world.Refresh();
  const auto verdict = [&](const char* name, AuthScope scope) {
    CommandCall call = ExecutorWorld::UserCall(name, "{}");
    call.scope = scope;
    return Verdict(world.Run(call));
  };
  EXPECT_EQ(verdict("user", AuthScope::kUser), "OK ");
  EXPECT_EQ(verdict("user", AuthScope::kBackend), "PERMISSION_DENIED SCOPE_DENIED");
  EXPECT_EQ(verdict("user", AuthScope::kNone), "UNAUTHENTICATED CREDENTIAL_MISSING");
  EXPECT_EQ(verdict("backend", AuthScope::kUser), "PERMISSION_DENIED SCOPE_DENIED");
  EXPECT_EQ(verdict("backend", AuthScope::kBackend), "OK ");
  EXPECT_EQ(verdict("backend", AuthScope::kNone), "UNAUTHENTICATED CREDENTIAL_MISSING");
  EXPECT_EQ(verdict("open", AuthScope::kUser), "OK ");
  EXPECT_EQ(verdict("open", AuthScope::kBackend), "OK ");
  EXPECT_EQ(verdict("open", AuthScope::kNone), "OK ");
}

TEST(CommandExecutorTest, RefusesBeforeTheServiceHearsOfIt) {
  int calls = 0;
  ExecutorWorld world([&](const SeenCall& call) {
    ++calls;
    return Echo(call);
  });
  v1::Command command = GoodCommand();
  command.mutable_disabled()->set_message("稍后再试");
  world.source().Put("off", command);
  command = GoodCommand();
  command.set_max_request_bytes(100);
  world.source().Put("small", command);
  command = GoodCommand();
  command.mutable_limits()->mutable_per_user()->set_rate(0.001);
  world.source().Put("once", command);
  world.Refresh();

  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("off", "{}"))), "UNAVAILABLE COMMAND_DISABLED");
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("small", std::string(101, ' ')))),
            "RESOURCE_EXHAUSTED BODY_TOO_LARGE");
  EXPECT_EQ(Verdict(world.Run(UserCall("{\"fInt32\": \"x\"}"))), "INVALID_ARGUMENT BODY_INVALID");
  EXPECT_EQ(Verdict(world.Run(UserCall("[]"))), "INVALID_ARGUMENT BODY_INVALID");
  EXPECT_EQ(Verdict(world.Run(UserCall("{\"a\":1,\"a\":2}"))), "INVALID_ARGUMENT BODY_INVALID");
  CommandCall proto = UserCall("\xff\xff");
  proto.form = BodyForm::kProtobuf;
  EXPECT_EQ(Verdict(world.Run(proto)), "INVALID_ARGUMENT BODY_INVALID");
  CommandCall late = UserCall("{}");
  late.timeout = absl::ZeroDuration();
  EXPECT_EQ(Verdict(world.Run(late)), "DEADLINE_EXCEEDED DEADLINE_EXCEEDED");
  CommandCall nobody = UserCall("{}");
  nobody.product = "";
  EXPECT_EQ(Verdict(world.Run(nobody)), "INVALID_ARGUMENT PRODUCT_MISSING");
  nobody.product = "initech";
  EXPECT_EQ(Verdict(world.Run(nobody)), "FAILED_PRECONDITION PRODUCT_NOT_CONFIGURED");
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(world.Run(ExecutorWorld::UserCall("once", "{}")).ok());
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("once", "{}"))), "RESOURCE_EXHAUSTED RATE_LIMITED");
  CommandCall other = ExecutorWorld::UserCall("once", "{}");
  other.uid = "u-8";
  EXPECT_TRUE(world.Run(other).ok()) << "another user's own limit";
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(world.executor().in_flight(), 0);
}

TEST(CommandExecutorTest, UnpacksGzipOnlyUpToTheCommandsLimit) {
  ExecutorWorld world(Echo);
  CommandCall call = UserCall(http::GzipCompress(R"({"fInt32":7})"));
  call.gzip = true;
  EXPECT_EQ(*world.Run(call), R"({"everything":{"fInt32":7}})");
  call.payload = http::GzipCompress(std::string(64 << 20, ' '));  // 64 KiB, and a thousand times as much.
  EXPECT_EQ(Verdict(world.Run(call)), "RESOURCE_EXHAUSTED BODY_TOO_LARGE");
  call.payload = http::GzipCompress("{\"words\":[\"" + std::string(60'000, 'x') + "\"]}" + std::string(10'000, ' '));
  EXPECT_EQ(Verdict(world.Run(call)), "RESOURCE_EXHAUSTED BODY_TOO_LARGE");
  call.payload = "no gzip";
  EXPECT_EQ(Verdict(world.Run(call)), "INVALID_ARGUMENT BODY_INVALID");
}

TEST(CommandExecutorTest, AProductsProfileLimitsItsCallsAlone) {
  ExecutorWorld world(Echo);
  common::v1::ProductProfile profile;
  profile.mutable_gateway()->set_max_calls_per_second(2);
  world.source().PutItem(kProfileKind, "acme", profile);
  world.Refresh();
  EXPECT_TRUE(world.Run(UserCall("{}")).ok());
  EXPECT_TRUE(world.Run(UserCall("{}")).ok());
  EXPECT_EQ(Verdict(world.Run(UserCall("{}"))), "RESOURCE_EXHAUSTED RATE_LIMITED");
  CommandCall other = UserCall("{}");
  other.product = "globex";
  EXPECT_TRUE(world.Run(other).ok());
  world.tokens().clock().Advance(absl::Seconds(1));
  EXPECT_TRUE(world.Run(UserCall("{}")).ok());
}

TEST(CommandExecutorTest, CallsAtOnceAreBoundedForAllAndForAProduct) {
  ExecutorWorld world([](const SeenCall&) { return BackendAnswer{.status = {}, .bytes = "", .never = true}; },
                      {.max_in_flight = 3, .max_in_flight_per_product = 2});
  const auto begin = [&](const char* product) {
    CommandCall call = UserCall("{}");
    call.product = product;
    world.executor().Execute(std::move(call), [](const absl::StatusOr<std::string>&) {});
  };
  begin("acme");
  begin("acme");
  WaitUntil([&] { return world.backend().held() == 2; });
  EXPECT_EQ(Verdict(world.Run(UserCall("{}"))), "RESOURCE_EXHAUSTED OVERLOADED");
  begin("globex");
  WaitUntil([&] { return world.backend().held() == 3; });
  CommandCall fourth = UserCall("{}");
  fourth.product = "globex";
  EXPECT_EQ(Verdict(world.Run(fourth)), "RESOURCE_EXHAUSTED OVERLOADED");
  EXPECT_EQ(world.executor().in_flight(), 3);
  const Metric overloaded{"trivium_gateway_calls_overloaded_total", "", {"scope"}};
  EXPECT_EQ(world.metrics().GetCounter(overloaded, {"product"}).Value(), 1);
  EXPECT_EQ(world.metrics().GetCounter(overloaded, {"process"}).Value(), 1);
}

TEST(CommandExecutorTest, StoppingAnswersWhatIsRunning) {
  std::atomic<int> ended{0};
  {
    ExecutorWorld world([](const SeenCall&) { return BackendAnswer{.status = {}, .bytes = "", .never = true}; });
    for (int i = 0; i < 5; ++i) {
      world.executor().Execute(UserCall("{}"), [&](const absl::StatusOr<std::string>& answer) {
        EXPECT_EQ(Verdict(answer), "UNAVAILABLE SERVICE_UNAVAILABLE");
        ++ended;
      });
    }
    WaitUntil([&] { return world.backend().held() == 5; });
  }
  EXPECT_EQ(ended, 5);
}

TEST(CommandExecutorTest, ServicesErrorsKeepTheirReasonAndLibrariesTellNothing) {
  grpc::Status status;
  ExecutorWorld world([&](const SeenCall&) { return BackendAnswer{status, ""}; });
  status = rpc::ToGrpcStatus(Error(absl::StatusCode::kFailedPrecondition, "PAYMENT_NOT_SUCCEEDED", "payment: open")
                                 .With("payment_id", "pay_1"),
                             "0af7651916cd43dd8448eb211c80319c");
  const auto answer = world.Run(UserCall("{}"));
  EXPECT_EQ(Verdict(answer), "FAILED_PRECONDITION PAYMENT_NOT_SUCCEEDED");
  EXPECT_EQ(MetadataOf(answer.status(), "payment_id"), "pay_1");
  const struct {
    grpc::StatusCode code;
    std::string verdict;
    bool keeps_message;
  } kCases[] = {
      {grpc::StatusCode::INTERNAL, "INTERNAL SERVICE_FAILED", false},
      {grpc::StatusCode::UNKNOWN, "INTERNAL SERVICE_FAILED", false},
      {grpc::StatusCode::UNAUTHENTICATED, "INTERNAL SERVICE_FAILED", false},
      {grpc::StatusCode::UNAVAILABLE, "UNAVAILABLE SERVICE_UNAVAILABLE", false},
      {grpc::StatusCode::CANCELLED, "UNAVAILABLE SERVICE_UNAVAILABLE", false},
      {grpc::StatusCode::UNIMPLEMENTED, "UNIMPLEMENTED METHOD_NOT_SERVED", false},
      {grpc::StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT INVALID_ARGUMENT", true},
      {grpc::StatusCode::NOT_FOUND, "NOT_FOUND NOT_FOUND", true},
  };
  for (const auto& c : kCases) {
    status = grpc::Status(c.code, "ipv4:10.0.0.7:4000 said no");
    const auto failed = world.Run(UserCall("{}"));
    EXPECT_EQ(Verdict(failed), c.verdict);
    EXPECT_EQ(failed.status().message().find("10.0.0.7") != std::string::npos, c.keeps_message) << failed.status();
  }
}

TEST(CommandExecutorTest, AnAnswerThatIsNoMessageIsTheServicesFault) {
  ExecutorWorld world([](const SeenCall&) { return BackendAnswer{grpc::Status::OK, "\xff\xff"}; });
  EXPECT_EQ(Verdict(world.Run(UserCall("{}"))), "INTERNAL SERVICE_FAILED");
}

TEST(CommandExecutorTest, ADeadServiceAndASlowOneHaveTheirOwnCodes) {
  ExecutorWorld world([](const SeenCall&) { return BackendAnswer{.status = {}, .bytes = "", .never = true}; });
  CommandCall call = UserCall("{}");
  // On a busy machine a deadline may be over before the service hears of the call.
  for (call.timeout = absl::Milliseconds(100); world.backend().held() == 0; call.timeout *= 2)
    ASSERT_EQ(Verdict(world.Run(call)), "DEADLINE_EXCEEDED DEADLINE_EXCEEDED");
  WaitUntil([&] { return world.backend().cancelled() == 1; });
}

// Channels that may repeat a call are kept apart: only idempotent commands go over them.
TEST(CommandExecutorTest, OnlyIdempotentCommandsMayBeRepeated) {
  ExecutorWorld world(Echo);
  v1::Command command = GoodCommand();
  command.set_idempotent(true);
  world.source().Put("again", command);
  world.Refresh();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(world.Run(UserCall("{}")).ok());
    EXPECT_TRUE(world.Run(ExecutorWorld::UserCall("again", "{}")).ok());
  }
  const std::vector<ExecutorWorld::Dialled> expected = {{"acme", "testing", false}, {"acme", "testing", true}};
  EXPECT_EQ(world.dialled(), expected) << "one channel for each, kept";
}

TEST(CommandExecutorTest, NativeCommandsPassTheSameChecks) {
  ExecutorWorld world(Echo);
  v1::Command command = GoodCommand();
  command.mutable_limits()->mutable_per_user()->set_rate(0.001);
  world.source().Put("native", command);
  std::string seen;
  world.executor().RegisterNative("native", [&](CommandCall call, absl::Duration timeout, CallDone done) {
    seen = call.payload;
    EXPECT_LE(timeout, absl::Seconds(5));
    EXPECT_EQ(call.uid, "u-7");
    done(std::string("{\"acked\":1}"));
  });
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("native", "x"))), "UNIMPLEMENTED COMMAND_UNKNOWN")
      << "not in the table yet";
  world.Refresh();
  EXPECT_EQ(*world.Run(ExecutorWorld::UserCall("native", "any bytes")), "{\"acked\":1}");
  EXPECT_EQ(seen, "any bytes");
  EXPECT_EQ(Verdict(world.Run(ExecutorWorld::UserCall("native", "x"))), "RESOURCE_EXHAUSTED RATE_LIMITED");
  EXPECT_EQ(world.executor().in_flight(), 0);
}

TEST(CommandExecutorTest, WithoutDescriptorsOnlyProtobufPasses) {
  ExecutorWorld world(Echo);
  FakeConfigSource bare;
  bare.Put("echo", GoodCommand());
  LiveCommandTable table(bare, world.metrics());
  table.Refresh();
  Limiter limiter({}, world.tokens().clock(), world.metrics());
  WorkerPool pool("pool", 1, 10);
  AccessLog log({}, world.tokens().clock(), world.metrics());
  GrpcServiceCaller caller([&](std::string_view, std::string_view, bool) { return world.backend().Dial(); },
                           world.metrics());
  CommandExecutor executor(
      {}, {table, world.tokens().profiles(), limiter, caller, pool, log, world.tokens().clock(), world.metrics()});
  std::string verdict;
  executor.Execute(UserCall("{}"), [&](const absl::StatusOr<std::string>& answer) { verdict = Verdict(answer); });
  EXPECT_EQ(verdict, "FAILED_PRECONDITION DESCRIPTORS_MISSING");
  CommandCall proto = UserCall("");
  proto.form = proto.answer_form = BodyForm::kProtobuf;
  std::atomic<bool> ok{false};
  executor.Execute(proto, [&](const absl::StatusOr<std::string>& answer) { ok = answer.ok(); });
  WaitUntil([&] { return ok.load(); });
}

TEST(CommandExecutorTest, CountsByProductCommandAndCode) {
  ExecutorWorld world(Echo);
  EXPECT_TRUE(world.Run(UserCall("{}")).ok());
  (void)world.Run(ExecutorWorld::UserCall("made up by a client", "{}"));
  CommandCall nobody = UserCall("{}");
  nobody.product = "made up";
  (void)world.Run(nobody);
  const Metric calls{"trivium_gateway_calls_total", "", {"product", "command", "code"}};
  const auto count = [&](const char* product, const char* command, const char* code) {
    return world.metrics().GetCounter(calls, {product, command, code}).Value();
  };
  EXPECT_EQ(count("acme", "echo", "OK"), 1);
  EXPECT_EQ(count("acme", "unknown", "UNIMPLEMENTED"), 1);
  EXPECT_EQ(count("none", "unknown", "FAILED_PRECONDITION"), 1);
}

TEST(ServiceOfTest, IsThePackageWithoutItsVersion) {
  EXPECT_EQ(ServiceOf("trivium.push.v1.PushService/Publish"), "push");
  EXPECT_EQ(ServiceOf("acme.course.v2beta1.Course/Get"), "course");
  EXPECT_EQ(ServiceOf("acme.course.Course/Get"), "course");
  EXPECT_EQ(ServiceOf("Course/Get"), "Course");
  EXPECT_EQ(ServiceOf("v1.Course/Get"), "v1");
}

TEST(AccessLogTest, KeepsNobodysAddress) {
  EXPECT_EQ(Masked("203.0.113.7"), "203.0.113.0");
  EXPECT_EQ(Masked("2001:db8:1:2::7"), "2001:db8:1::");
  EXPECT_EQ(Masked("::1"), "::");
  EXPECT_EQ(Masked(""), "");
}

TEST(AccessLogTest, WritesFailuresAndASampleWithinItsLimit) {
  FakeClock clock;
  Metrics metrics;
  const Counter& left_out = metrics.GetCounter({"trivium_gateway_access_lines_left_out_total", ""});
  AccessLog log({.sample = 0, .lines_per_second = 3}, clock, metrics);
  for (int i = 0; i < 10; ++i) log.Write(TraceContext::NewRoot(), {.what = "call", .status = absl::OkStatus()});
  EXPECT_EQ(left_out.Value(), 0) << "none was sampled";
  for (int i = 0; i < 10; ++i) log.Write(TraceContext::NewRoot(), {.what = "call", .status = absl::InternalError("x")});
  EXPECT_EQ(left_out.Value(), 7);
  AccessLog all({.sample = 1, .lines_per_second = 3}, clock, metrics);
  for (int i = 0; i < 10; ++i) all.Write(TraceContext::NewRoot(), {.what = "call", .status = absl::OkStatus()});
  EXPECT_EQ(left_out.Value(), 14);
}

}  // namespace
}  // namespace trivium::gateway
