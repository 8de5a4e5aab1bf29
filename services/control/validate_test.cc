#include "services/control/validate.h"

#include <gtest/gtest.h>

#include "libs/status/error.h"
#include "services/control/kinds/testing.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/control/v1/config.pb.h"
#include "trivium/control/v1/registry.pb.h"
#include "trivium/control/v1/route_plan.pb.h"

namespace trivium::control {
namespace {

v1::PublishConfigRequest GoodPublish() {
  common::v1::ProductProfile profile;
  profile.set_display_name_zh("示例");
  profile.set_display_name_en("Acme");
  profile.set_time_zone("UTC");
  v1::PublishConfigRequest request;
  request.set_request_id("request-1");
  request.set_kind("product_profile");
  request.set_name("acme");
  request.mutable_value()->PackFrom(profile);
  request.set_reason("first");
  return request;
}

v1::SetRouteRequest GoodRoute() {
  v1::SetRouteRequest request;
  request.set_request_id("request-1");
  request.set_product("*");
  request.set_service("payment");
  request.add_cells()->set_cell("cell-a");
  request.set_reason("first");
  return request;
}

// Whether a status names this field.
bool Names(const absl::Status& status, const std::string& field) {
  return status.code() == absl::StatusCode::kInvalidArgument &&
         std::string(status.message()).find(field + ":") != std::string::npos;
}

TEST(ValidateTest, PublishConfig) {
  EXPECT_TRUE(Validate(GoodPublish()).ok()) << Validate(GoodPublish());
  const struct {
    const char* field;
    std::function<void(v1::PublishConfigRequest*)> spoil;
  } kCases[] = {
      {"request_id", [](auto* r) { r->set_request_id("short"); }},
      {"name", [](auto* r) { r->set_name("Acme"); }},
      {"reason", [](auto* r) { r->clear_reason(); }},
      {"reason", [](auto* r) { r->set_reason(std::string(201, 'r')); }},
      {"percentage", [](auto* r) { r->set_percentage(101); }},
      {"expected_version", [](auto* r) { r->set_expected_version(-2); }},
      {"value", [](auto* r) { r->clear_value(); }},
      {"value", [](auto* r) { r->mutable_value()->set_type_url("type.googleapis.com/trivium.control.v1.Instance"); }},
  };
  for (const auto& c : kCases) {
    v1::PublishConfigRequest request = GoodPublish();
    c.spoil(&request);
    EXPECT_TRUE(Names(Validate(request), c.field)) << c.field << " " << Validate(request);
  }
  v1::PublishConfigRequest unknown = GoodPublish();
  unknown.set_kind("nonsense");
  EXPECT_EQ(ReasonOf(Validate(unknown)), "KIND_UNKNOWN");
}

TEST(ValidateTest, EveryKindHasItsOwnFormOfNames) {
  v1::GetConfigRequest get;
  const struct {
    const char* kind;
    const char* name;
    bool good;
  } kCases[] = {{"command", "push.ack", true},         {"command", "push.ack@acme", true},
                {"command", "push..ack", false},       {"product_profile", "push.ack", false},
                {"api_descriptors", "platform", true}, {"api_descriptors", "other", false},
                {"gone_kind", "any_name", true},       {"gone_kind", "any.name", false}};
  for (const auto& c : kCases) {
    get.set_kind(c.kind);
    get.set_name(c.name);
    EXPECT_EQ(Validate(get).ok(), c.good) << c.kind << "/" << c.name << " " << Validate(get);
  }
}

TEST(ValidateTest, DescriptorsAreReleasedToAllAtOnce) {
  v1::PublishConfigRequest request = GoodPublish();
  request.set_kind("api_descriptors");
  request.set_name("platform");
  request.mutable_value()->PackFrom(GoodDescriptors());
  EXPECT_TRUE(Validate(request).ok()) << Validate(request);
  request.set_percentage(50);
  EXPECT_TRUE(Names(Validate(request), "percentage"));
}

TEST(ValidateTest, SetRoute) {
  const auto check = [](const v1::SetRouteRequest& request) {
    return Validate(request, {"payment"}, {"cell-a", "cell-b"});
  };
  EXPECT_TRUE(check(GoodRoute()).ok());
  const struct {
    const char* field;
    std::function<void(v1::SetRouteRequest*)> spoil;
  } kCases[] = {
      {"product", [](auto* r) { r->clear_product(); }},
      {"service", [](auto* r) { r->set_service("nonsense"); }},
      {"cells", [](auto* r) { r->clear_cells(); }},
      {"cells[1].cell", [](auto* r) { *r->add_cells() = r->cells(0); }},
      {"cells[0].cell", [](auto* r) { r->mutable_cells(0)->set_cell("\xff"); }},
      {"cells", [](auto* r) { r->mutable_cells(0)->set_drained(true); }},
      {"cells[0].canary.percent", [](auto* r) { r->mutable_cells(0)->mutable_canary()->set_percent(-1); }},
      {"cells[0].canary.version", [](auto* r) { r->mutable_cells(0)->mutable_canary()->set_percent(5); }},
      {"cells[0].canary.version",
       [](auto* r) { r->mutable_cells(0)->mutable_canary()->set_version(std::string(65, 'v')); }},
      {"expected_epoch", [](auto* r) { r->set_expected_epoch(-1); }},
  };
  for (const auto& c : kCases) {
    v1::SetRouteRequest request = GoodRoute();
    c.spoil(&request);
    EXPECT_TRUE(Names(check(request), c.field)) << c.field << " " << check(request);
  }
}

TEST(ValidateTest, Instance) {
  v1::Instance good;
  good.set_instance_id("payment-1");
  good.set_service("payment");
  good.set_cell("cell-a");
  good.set_address("127.0.0.1:21010");
  EXPECT_TRUE(Validate(good, {"cell-a"}).ok());
  v1::Instance host = good;
  host.set_address("payment.example:21010");
  EXPECT_TRUE(Names(Validate(host, {"cell-a"}), "instance.address"));
  EXPECT_TRUE(Names(Validate(good, {"cell-b"}), "instance.cell"));
}

TEST(ValidateTest, PageSize) {
  EXPECT_EQ(PageSize(0).value(), 100);
  EXPECT_EQ(PageSize(1000).value(), 1000);
  EXPECT_FALSE(PageSize(1001).ok());
  EXPECT_FALSE(PageSize(-1).ok());
}

TEST(CheckSameRequestTest, NamesTheFirstFieldThatDiffers) {
  const v1::PublishConfigRequest request = GoodPublish();
  v1::PublishConfigRequest other = GoodPublish();
  other.set_percentage(5);
  EXPECT_TRUE(CheckSameRequest("PublishConfig", request, "PublishConfig", request.SerializeAsString()).ok());
  const absl::Status status = CheckSameRequest("PublishConfig", other, "PublishConfig", request.SerializeAsString());
  EXPECT_EQ(ReasonOf(status), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(MetadataOf(status, "field"), "percentage");
  EXPECT_EQ(MetadataOf(CheckSameRequest("PublishConfig", request, "SetRoute", ""), "field"), "method");
}

}  // namespace
}  // namespace trivium::control
