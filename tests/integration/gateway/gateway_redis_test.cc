// The gateway as a process: control gives it keys, profiles and commands, xDS the way to a service, Redis its channels.
// What happens when each goes.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/control_client/control_client.h"
#include "libs/http/raw_connection.h"
#include "libs/jwt/signer.h"
#include "libs/redis/test_redis.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/testing.h"
#include "libs/rpc/tls.h"
#include "libs/telemetry/metrics.h"
#include "libs/test_process/test_process.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/control/v1/config.grpc.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/gateway/v1/command.pb.h"
#include "trivium/gateway/v1/token_keys.pb.h"
#include "trivium/payment/v1/payment.grpc.pb.h"

namespace trivium {
namespace {

// Answers GetPayment with who asked for whom.
class Payments : public payment::v1::PaymentService::Service {
 public:
  grpc::Status GetPayment(grpc::ServerContext* context, const payment::v1::GetPaymentRequest* request,
                          payment::v1::Payment* response) override {
    const auto header = [&](const char* name) {
      const auto found = context->client_metadata().find(name);
      return found == context->client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
    };
    response->set_payment_id(request->payment_id());
    response->set_subject(header("x-trivium-product") + "/" + header("x-trivium-user"));
    return grpc::Status::OK;
  }
};

class GatewayProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(symlink(pki_.folder().c_str(), (home_ + "/pki").c_str()), 0);
    pki_.Operator("dev");
    for (const char* service : {"control", "gateway", "payment"}) {
      pki_.Service(service);
      mkdir((home_ + "/" + service).c_str(), 0700);
    }
    StartControl();
    StartPayments();
    ASSERT_EQ(std::system(absl::StrCat("tools/publish/trv_publish --home=", home_,
                                       " --control=127.0.0.1:", control_port_, " --table=deploy/commands.yaml")
                              .c_str()),
              0);
    PublishProduct();
    StartGateway();
    ASSERT_TRUE(Eventually([&] { return Health() == 200; })) << Tail(home_ + "/gateway.log");
  }
  ~GatewayProcessTest() override {
    if (registrar_ != nullptr) registrar_->Stop();
    if (payments_server_ != nullptr) payments_server_->Shutdown();
    gateway_.Terminate(SIGKILL);
    control_.Terminate(SIGKILL);
    std::filesystem::remove_all(home_);
  }

  std::string ServerPart(const std::string& service, int grpc_port) {
    return absl::StrCat("server:\n  instance_id: ", service, "-1\n  grpc_address: 127.0.0.1:", grpc_port,
                        "\n  admin_address: 127.0.0.1:", FreePort(), "\n  tls: {certificate_file: ", home_,
                        "/pki/service-", service, ".crt, key_file: ", home_, "/pki/service-", service,
                        ".key, ca_file: ", home_, "/pki/ca.crt}\n  state_dir: ", home_, "/", service,
                        "\n  drain_timeout: 5s\n");
  }
  void StartControl() {
    std::ofstream(home_ + "/control.yaml") << ServerPart("control", control_port_)
                                           << "ads_address: 127.0.0.1:" << ads_port_ << "\nmysql: {schema: \"\"}\n";
    control_.Spawn({"services/control/control", "--config=" + home_ + "/control.yaml"}, home_ + "/control.log");
  }
  void StartGateway() {
    std::ofstream(home_ + "/gateway.yaml")
        << ServerPart("gateway", FreePort()) << "  control_address: 127.0.0.1:" << control_port_
        << "\n  control_ads_address: 127.0.0.1:" << ads_port_ << "\nclient_address: 127.0.0.1:" << client_port_
        << "\nredis: {addresses: [\"" << redis_->address() << "\"]}\n";
    gateway_.Spawn({"services/gateway/gateway", "--config=" + home_ + "/gateway.yaml"}, home_ + "/gateway.log");
  }
  void StartPayments() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", rpc::ServerTls(pki_.Service("payment")), &port);
    builder.RegisterService(&payments_);
    payments_server_ = builder.BuildAndStart();
    control::v1::Instance instance;
    instance.set_instance_id("payment-1");
    instance.set_service("payment");
    instance.set_cell("cell-a");
    instance.set_address(absl::StrCat("127.0.0.1:", port));
    instance.set_version("1");
    instance.mutable_start_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    registrar_ = std::make_unique<control_client::Registrar>(
        control_client::Options{absl::StrCat("127.0.0.1:", control_port_), pki_.Service("payment"), home_ + "/payment"},
        instance, [] { return true; }, Clock::Real(), metrics_);
    registrar_->Start();
  }
  void Publish(const std::string& kind, const std::string& name, const google::protobuf::Message& value) {
    const auto stub = control::v1::ConfigService::NewStub(
        rpc::DirectChannel(absl::StrCat("127.0.0.1:", control_port_), "control.trivium", pki_.Operator("dev")));
    control::v1::PublishConfigRequest request;
    request.set_request_id(absl::StrCat("test-", kind, "-", absl::ToUnixNanos(absl::Now())));
    request.set_kind(kind);
    request.set_name(name);
    request.mutable_value()->PackFrom(value);
    request.set_reason("test");
    grpc::ClientContext context;
    control::v1::ConfigItem item;
    const grpc::Status status = stub->PublishConfig(&context, request, &item);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  void PublishProduct() {
    common::v1::ProductProfile profile;
    profile.set_display_name_zh("示例");
    profile.set_display_name_en("Acme");
    profile.set_time_zone("Asia/Shanghai");
    profile.mutable_gateway();
    Publish("product_profile", "acme", profile);
    gateway::v1::TokenKeys keys;
    keys.add_keys()->set_key_id("k");
    keys.mutable_keys(0)->set_public_key_pem(signer_.PublicPem().value());
    Publish("token_keys", "acme", keys);
    // The platform's table has no forwarded command for users: the product has one.
    gateway::v1::Command look;
    look.set_service("trivium.payment.v1.PaymentService");
    look.set_method("GetPayment");
    look.set_product("acme");
    look.set_auth_scope(gateway::v1::AUTH_SCOPE_USER);
    look.set_title_zh("查询支付");
    look.set_title_en("Get a payment");
    Publish("command", "acme.payment.get", look);
  }

  std::string Token(const std::string& uid) const {
    jwt::Claims claims;
    claims.subject = uid;
    claims.product = "acme";
    claims.issued = absl::Now();
    claims.expires = absl::Now() + absl::Hours(1);
    return signer_.Sign(claims).value();
  }
  std::string Exchange(const std::string& request) const {
    http::RawConnection connection(client_port_);
    return connection.connected() && connection.Send(request) ? connection.ReadAnswer() : "";
  }
  static int StatusOf(const std::string& answer) {
    return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
  }
  int Health() const { return StatusOf(Exchange("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")); }
  std::string Call(const std::string& command, const std::string& body) const {
    return Exchange(absl::StrCat("POST /command/", command,
                                 " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n", "Authorization: Bearer ",
                                 Token("u-7"), "\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  }
  bool CallWorks() const {
    return Call("acme.payment.get", R"({"paymentId":"pay_1"})").find(R"("subject":"acme/u-7")") != std::string::npos;
  }
  static bool Eventually(const std::function<bool()>& done) {
    for (int i = 0; i < 300; ++i) {
      if (done()) return true;
      usleep(100'000);
    }
    return false;
  }

  // A WebSocket that has connected; its frames come by ReadAll.
  std::unique_ptr<http::RawConnection> Connect() const {
    auto connection = std::make_unique<http::RawConnection>(client_port_);
    connection->Send(
        "GET /connection/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_EQ(StatusOf(connection->ReadAnswer()), 101);
    const std::string command = R"({"id":1,"connect":{"token":")" + Token("u-7") + "\"}}";
    std::string frame = "\x81\xfe";  // Text, masked by zeros, 16 bits of length.
    frame += static_cast<char>(command.size() >> 8);
    frame += static_cast<char>(command.size());
    connection->Send(frame + std::string(4, '\0') + command);
    return connection;
  }

  const std::string home_ = MakeShortTempFolder("gw");
  rpc::TestPki pki_;
  const jwt::Signer signer_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k").value();
  const int control_port_ = FreePort(), ads_port_ = FreePort(), client_port_ = FreePort();
  const std::unique_ptr<redis::TestRedis> redis_ = redis::TestRedis::Start().value();
  Metrics metrics_;
  Payments payments_;
  std::unique_ptr<grpc::Server> payments_server_;
  std::unique_ptr<control_client::Registrar> registrar_;
  TestProcess control_, gateway_;
};

TEST_F(GatewayProcessTest, ServesThroughItsNeighboursDeaths) {
  ASSERT_TRUE(Eventually([&] { return CallWorks(); }))
      << Call("acme.payment.get", "{}") << Tail(home_ + "/gateway.log");
  for (const char* command : {"payment.get", "payment.create"}) {
    EXPECT_NE(Call(command, "{}").find("SCOPE_DENIED"), std::string::npos) << command << " with a user's token";
  }

  // Redis gone, read-only, back.
  redis_->Kill9();
  EXPECT_TRUE(Eventually([&] { return Health() == 503; }));
  EXPECT_TRUE(CallWorks()) << "a command needs no Redis";
  ASSERT_TRUE(redis_->Restart().ok());
  EXPECT_TRUE(Eventually([&] { return Health() == 200; }));
  ASSERT_TRUE(redis_->Run({"REPLICAOF", "127.0.0.1", "1"}).ok());
  EXPECT_TRUE(Eventually([&] { return Health() == 503; })) << "read-only";
  ASSERT_TRUE(redis_->Run({"REPLICAOF", "NO", "ONE"}).ok());
  EXPECT_TRUE(Eventually([&] { return Health() == 200; }));

  // Control gone: what runs goes on, and a new process starts from what is on disk.
  control_.Terminate(SIGKILL);
  EXPECT_TRUE(CallWorks());
  gateway_.Terminate(SIGKILL);
  StartGateway();
  EXPECT_TRUE(Eventually([&] { return Health() == 200; })) << Tail(home_ + "/gateway.log");
  EXPECT_TRUE(Eventually([&] { return CallWorks(); })) << Tail(home_ + "/gateway.log");
}

TEST_F(GatewayProcessTest, MovesItsClientsAwayWhenItGoes) {
  const auto connection = Connect();
  usleep(500'000);
  gateway_.Signal(SIGTERM);
  EXPECT_TRUE(Eventually([&] { return Health() != 200; }));
  const std::string rest = connection->ReadAll();
  EXPECT_NE(rest.find("\"connect\":{\"client\""), std::string::npos) << rest;
  // A close frame with 3001: reconnect elsewhere.
  EXPECT_NE(rest.find("\x0b\xb9"), std::string::npos) << rest;
  EXPECT_EQ(gateway_.Wait(), 0) << Tail(home_ + "/gateway.log");
}

}  // namespace
}  // namespace trivium
