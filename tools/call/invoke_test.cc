#include "tools/call/invoke.h"

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tools/call/methods.h"
#include "trivium/control/v1/route_plan.grpc.pb.h"

namespace trivium::call {
namespace {

using control::v1::RoutePlan;

// Answers with the metadata that it got.
class FakeRoutes : public control::v1::RoutePlanService::Service {
 public:
  grpc::Status GetRoutePlan(grpc::ServerContext* context, const control::v1::GetRoutePlanRequest*,
                            RoutePlan* plan) override {
    const auto note = context->client_metadata().find("x-note");
    if (note == context->client_metadata().end())
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no note", "details");
    plan->add_routes()->set_product(std::string(note->second.data(), note->second.size()));
    traced = context->client_metadata().count("traceparent") == 1;
    return grpc::Status::OK;
  }
  grpc::Status WatchRoutePlan(grpc::ServerContext* context, const control::v1::WatchRoutePlanRequest*,
                              grpc::ServerWriter<RoutePlan>* writer) override {
    RoutePlan plan;
    for (int epoch = 1; !context->IsCancelled(); ++epoch) {
      plan.set_epoch(epoch);
      if (!writer->Write(plan)) break;
    }
    return grpc::Status::CANCELLED;
  }
  bool traced = false;
};

class InvokeTest : public testing::Test {
 protected:
  InvokeTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&routes_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  }

  grpc::Status Run(const std::string& name, const Flags& flags) {
    const auto* method = *FindMethod(name);
    const std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(method->input_type())->New());
    return Invoke(channel_, *method, *request, flags, &trace_id_, [&](const google::protobuf::Message& answer) {
      answers_.push_back(static_cast<const RoutePlan&>(answer));
      return static_cast<int>(answers_.size()) != flags.limit;
    });
  }

  FakeRoutes routes_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<RoutePlan> answers_;
  std::string trace_id_;
};

TEST_F(InvokeTest, CallsAMethodWithMetadataAndTrace) {
  Flags flags;
  flags.metadata = {{"x-note", "acme"}};
  const grpc::Status status = Run("control/GetRoutePlan", flags);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].routes(0).product(), "acme");
  EXPECT_TRUE(routes_.traced);
  EXPECT_EQ(trace_id_.size(), 32u);
}

TEST_F(InvokeTest, HandsTheErrorOnWithItsDetails) {
  const grpc::Status status = Run("control/GetRoutePlan", Flags());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_details(), "details");
  EXPECT_TRUE(answers_.empty());
}

TEST_F(InvokeTest, EndsAStreamAfterTheLimitWithoutAnError) {
  Flags flags;
  flags.limit = 3;
  EXPECT_TRUE(Run("control/WatchRoutePlan", flags).ok());
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(answers_[2].epoch(), 3);
}

TEST_F(InvokeTest, CutsAStreamAtItsDeadline) {
  Flags flags;
  flags.timeout = absl::Milliseconds(100);
  EXPECT_EQ(Run("control/WatchRoutePlan", flags).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(OpenChannel, SaysWhichCertificateIsMissing) {
  Flags flags;
  flags.home = testing::TempDir() + "/nothing";
  const auto channel = OpenChannel(flags, **FindMethod("control/GetRoutePlan"));
  ASSERT_FALSE(channel.ok());
  EXPECT_NE(std::string(channel.status().message()).find("pki/ca.crt: not there"), std::string::npos);
}

}  // namespace
}  // namespace trivium::call
