#include "tools/call/json.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/control/v1/config.pb.h"

namespace trivium::call {
namespace {

using ::testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << content;
  return path;
}

TEST(FromJson, ReadsAnAnyFromAYamlFile) {
  const std::string path =
      WriteFile("acme.yaml", "display_name_zh: \"艾克\"\npayment:\n  currency_codes: [CNY]\n  payment_timeout: 90s\n");
  control::v1::PublishConfigRequest request;
  const absl::Status status =
      FromJson(R"({"kind": "product_profile", "value": "@trivium.common.v1.ProductProfile:)" + path + "\"}", &request);
  ASSERT_TRUE(status.ok()) << status;
  common::v1::ProductProfile profile;
  ASSERT_TRUE(request.value().UnpackTo(&profile));
  EXPECT_EQ(profile.display_name_zh(), "艾克");
  EXPECT_EQ(profile.payment().payment_timeout().seconds(), 90);
}

TEST(FromJson, PacksAnAnyGivenAsJson) {
  control::v1::PublishConfigRequest request;
  ASSERT_TRUE(
      FromJson(
          R"({"value": {"@type": "type.googleapis.com/trivium.common.v1.ProductProfile", "timeZone": "Asia/Shanghai"}})",
          &request)
          .ok());
  common::v1::ProductProfile profile;
  ASSERT_TRUE(request.value().UnpackTo(&profile));
  EXPECT_EQ(profile.time_zone(), "Asia/Shanghai");
}

TEST(FromJson, LeavesOtherStringsAlone) {
  control::v1::PublishConfigRequest request;
  ASSERT_TRUE(FromJson(R"({"reason": "@home: moved"})", &request).ok());
  EXPECT_EQ(request.reason(), "@home: moved");
}

struct Bad {
  std::string json, message;
};

class BadJson : public testing::TestWithParam<Bad> {};

TEST_P(BadJson, IsRefusedWithAReason) {
  control::v1::PublishConfigRequest request;
  const absl::Status status = FromJson(GetParam().json, &request);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadJson,
    testing::Values(Bad{"{", "no JSON object"}, Bad{"[]", "no JSON object"}, Bad{"", "no JSON object"},
                    Bad{R"({"knd": "x"})", "knd"}, Bad{R"({"percentage": "many"})", "percentage"},
                    Bad{R"({"value": "@trivium.common.v1.Nothing:/tmp/x"})", "unknown message"},
                    Bad{R"({"value": "@trivium.common.v1.ProductProfile:/nowhere/x.yaml"})", "/nowhere/x.yaml"}));

TEST(ReadRequest, ReadsAFile) {
  EXPECT_EQ(*ReadRequest("@" + WriteFile("request.json", "{\"a\": 1}")), "{\"a\": 1}");
  EXPECT_FALSE(ReadRequest("@/nowhere/request.json").ok());
  EXPECT_EQ(*ReadRequest("{}"), "{}");
}

TEST(ToJson, CompactIsOneLine) {
  control::v1::ConfigItem item;
  item.set_kind("product_profile");
  item.set_version(3);
  EXPECT_EQ(ToJson(item, true), R"({"kind":"product_profile","version":"3"})");
  EXPECT_THAT(ToJson(item, false), HasSubstr("\n \"kind\": \"product_profile\""));
}

}  // namespace
}  // namespace trivium::call
