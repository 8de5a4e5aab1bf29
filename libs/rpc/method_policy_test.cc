#include "libs/rpc/method_policy.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "external/envoy/discovery.pb.h"
#include "libs/status/error.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"
#include "trivium/live/v1/live.pb.h"
#include "trivium/ops/v1/ops.pb.h"
#include "trivium/payment/v1/payment.pb.h"
#include "trivium/push/v1/delivery.pb.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::rpc {
namespace {

constexpr char kCreatePayment[] = "trivium.payment.v1.PaymentService/CreatePayment";
constexpr char kGetPayment[] = "trivium.payment.v1.PaymentService/GetPayment";
constexpr char kSetRoute[] = "trivium.control.v1.RoutePlanService/SetRoute";
constexpr char kGetConfig[] = "trivium.control.v1.ConfigService/GetConfig";
constexpr char kRegister[] = "trivium.control.v1.RegistryService/Register";
constexpr char kPublishConfig[] = "trivium.control.v1.ConfigService/PublishConfig";
constexpr char kGetPlatform[] = "trivium.ops.v1.OpsService/GetPlatform";
constexpr char kHealth[] = "grpc.health.v1.Health/Check";

const Caller kNobody;
const Caller kAcme{Caller::Kind::kProduct, "acme"};
const Caller kOps{Caller::Kind::kService, "ops"};
const Caller kGateway{Caller::Kind::kService, "gateway"};
const Caller kPush{Caller::Kind::kService, "push"};
const Caller kDev{Caller::Kind::kOperator, "dev"};

// Methods of every proto that is linked in here: all under proto/.
std::set<std::string> LinkedMethods() {
  // A reference to each file keeps the linker from dropping it.
  const std::vector<const google::protobuf::Message*> keep = {
      &payment::v1::Payment::default_instance(),
      &push::v1::Message::default_instance(),
      &push::v1::Publication::default_instance(),
      &control::v1::ConfigItem::default_instance(),
      &control::v1::Instance::default_instance(),
      &control::v1::RoutePlan::default_instance(),
      &live::v1::Room::default_instance(),
      &ops::v1::Session::default_instance(),
      &envoy::service::discovery::v3::DiscoveryRequest::default_instance()};
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  std::set<std::string> methods;
  for (const std::string& name : files) {
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.insert(file->service(s)->full_name() + "/" + file->service(s)->method(m)->name());
      }
    }
  }
  return methods;
}

TEST(MethodPolicyTest, EveryMethodHasARow) {
  const std::set<std::string> methods = LinkedMethods();
  EXPECT_GT(methods.size(), 30u);
  for (const std::string& method : methods)
    EXPECT_NE(FindMethodPolicy(method), nullptr) << method << " needs a row in method_table.cc";
}

TEST(MethodPolicyTest, NoRowIsOrphanedOrDouble) {
  const std::set<std::string> methods = LinkedMethods();
  std::set<std::string> seen;
  for (const MethodPolicy& policy : MethodPolicies()) {
    EXPECT_TRUE(seen.emplace(policy.method).second) << policy.method << " twice";
    // gRPC brings health and reflection itself, without descriptors here.
    EXPECT_TRUE(policy.method.starts_with("grpc.") || methods.contains(std::string(policy.method)))
        << policy.method << " is no method";
    EXPECT_EQ(policy.open, !policy.method.starts_with("trivium.")) << policy.method;
  }
}

TEST(MethodPolicyTest, ProductsNeverReachThePlatformsData) {
  for (const MethodPolicy& policy : MethodPolicies()) {
    EXPECT_FALSE(policy.scope == Scope::kPlatform && policy.products && !policy.open) << policy.method;
  }
}

// Itself, or through a gateway that has checked its backend's token.
TEST(MethodPolicyTest, OnlyAProductItselfMovesItsMoney) {
  for (const char* method : {"CreatePayment", "CancelPayment", "CreateRefund"}) {
    const MethodPolicy* policy = FindMethodPolicy(std::string("trivium.payment.v1.PaymentService/") + method);
    ASSERT_NE(policy, nullptr);
    EXPECT_TRUE(policy->products);
    EXPECT_EQ(policy->services, "gateway");
    EXPECT_FALSE(policy->operators);
  }
}

struct AdmitCase {
  const char* what;
  const char* method;
  Caller caller;
  const char *product_header, *actor_header;
  absl::StatusCode code;
  const char* reason;           // When refused.
  const char *product, *actor;  // When admitted.
};

const AdmitCase kAdmitCases[] = {
    {"a product pays", kCreatePayment, kAcme, "", "", absl::StatusCode::kOk, "", "acme", "product:acme"},
    {"a product may name itself", kCreatePayment, kAcme, "acme", "", absl::StatusCode::kOk, "", "acme", "product:acme"},
    {"a product may not name another", kCreatePayment, kAcme, "globex", "", absl::StatusCode::kPermissionDenied,
     "PRODUCT_NOT_ALLOWED", "", ""},
    {"two product headers are not one", kCreatePayment, kAcme, "acme,globex", "", absl::StatusCode::kPermissionDenied,
     "PRODUCT_NOT_ALLOWED", "", ""},
    {"a product speaks for nobody", kCreatePayment, kAcme, "", "person:alice", absl::StatusCode::kPermissionDenied,
     "ACTOR_NOT_ALLOWED", "", ""},
    {"nobody pays", kCreatePayment, kNobody, "", "", absl::StatusCode::kUnauthenticated, "NO_CLIENT_CERTIFICATE", "",
     ""},
    {"nobody pays for a product", kCreatePayment, kNobody, "acme", "", absl::StatusCode::kUnauthenticated,
     "NO_CLIENT_CERTIFICATE", "", ""},
    {"a gateway pays for a backend whose token it has checked", kCreatePayment, kGateway, "acme", "",
     absl::StatusCode::kOk, "", "acme", "service:gateway"},
    {"a gateway says for which product", kCreatePayment, kGateway, "", "", absl::StatusCode::kInvalidArgument,
     "PRODUCT_MISSING", "", ""},
    {"a gateway changes no config", kPublishConfig, kGateway, "", "person:alice", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"ops does not pay", kCreatePayment, kOps, "acme", "", absl::StatusCode::kPermissionDenied, "METHOD_NOT_ALLOWED",
     "", ""},
    {"an operator does not pay", kCreatePayment, kDev, "acme", "", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"ops reads for a product", kGetPayment, kOps, "acme", "person:alice", absl::StatusCode::kOk, "", "acme",
     "person:alice"},
    {"ops must say for which product", kGetPayment, kOps, "", "", absl::StatusCode::kInvalidArgument, "PRODUCT_MISSING",
     "", ""},
    {"a product's name has its form", kGetPayment, kOps, "../acme", "", absl::StatusCode::kInvalidArgument,
     "PRODUCT_INVALID", "", ""},
    {"another service does not read payments", kGetPayment, kPush, "acme", "", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"a service reads config", kGetConfig, kPush, "", "", absl::StatusCode::kOk, "", "", "service:push"},
    {"a product does not read config", kGetConfig, kAcme, "", "", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"an operator moves a route", kSetRoute, kDev, "", "", absl::StatusCode::kOk, "", "", "operator:dev"},
    {"an operator is no other person", kSetRoute, kDev, "", "person:alice", absl::StatusCode::kPermissionDenied,
     "ACTOR_NOT_ALLOWED", "", ""},
    {"ops moves a route for a person", kSetRoute, kOps, "", "person:alice", absl::StatusCode::kOk, "", "",
     "person:alice"},
    {"ops does not move a route by itself", kSetRoute, kOps, "", "", absl::StatusCode::kInvalidArgument,
     "ACTOR_MISSING", "", ""},
    {"ops moves a route for an operator who calls it", kSetRoute, kOps, "", "operator:dev", absl::StatusCode::kOk, "",
     "", "operator:dev"},
    {"a service speaks for no other service", kSetRoute, kOps, "", "service:push", absl::StatusCode::kInvalidArgument,
     "ACTOR_INVALID", "", ""},
    {"a person has a name", kSetRoute, kOps, "", "person:", absl::StatusCode::kInvalidArgument, "ACTOR_INVALID", "",
     ""},
    {"a person's name has no line feed", kSetRoute, kOps, "", "person:a\nb", absl::StatusCode::kInvalidArgument,
     "ACTOR_INVALID", "", ""},
    {"another service moves no route", kSetRoute, kPush, "", "person:alice", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"a service registers as itself", kRegister, kPush, "", "person:alice", absl::StatusCode::kOk, "", "",
     "service:push"},
    {"an operator does not register", kRegister, kDev, "", "", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"an operator asks ops", kGetPlatform, kDev, "", "", absl::StatusCode::kOk, "", "", "operator:dev"},
    {"a service does not ask ops", kGetPlatform, kPush, "", "", absl::StatusCode::kPermissionDenied,
     "METHOD_NOT_ALLOWED", "", ""},
    {"anybody asks for health", kHealth, kNobody, "", "", absl::StatusCode::kOk, "", "", "none"},
    {"a method without a row", "trivium.payment.v1.PaymentService/Steal", kAcme, "", "",
     absl::StatusCode::kPermissionDenied, "METHOD_NOT_ALLOWED", "", ""},
};

TEST(MethodPolicyTest, AdmitsAndRefusesByTheTable) {
  for (const AdmitCase& c : kAdmitCases) {
    SCOPED_TRACE(c.what);
    const absl::StatusOr<Admission> admission = Admit(c.method, c.caller, c.product_header, c.actor_header);
    EXPECT_EQ(admission.status().code(), c.code) << admission.status();
    if (!admission.ok()) {
      EXPECT_EQ(ReasonOf(admission.status()), c.reason);
      continue;
    }
    EXPECT_EQ(admission->product, c.product);
    EXPECT_EQ(admission->actor, c.actor);
  }
}

TEST(MethodPolicyTest, OnlyAGatewaySaysForWhichUserItCalls) {
  EXPECT_EQ(UserOf(kGateway, "").value(), "");
  EXPECT_EQ(UserOf(kGateway, "u-7").value(), "u-7");
  EXPECT_EQ(UserOf(kAcme, "").value(), "");
  for (const Caller& caller : {kAcme, kOps, kDev, kNobody}) {
    EXPECT_EQ(ReasonOf(UserOf(caller, "u-7").status()), "USER_NOT_ALLOWED") << caller.ToString();
  }
  for (const char* user : {"u 7", "u,7", "u\n7"}) EXPECT_EQ(ReasonOf(UserOf(kGateway, user).status()), "USER_INVALID");
  EXPECT_EQ(ReasonOf(UserOf(kGateway, std::string(65, 'u')).status()), "USER_INVALID");
}

}  // namespace
}  // namespace trivium::rpc
