#include "services/control/kinds/product_profile.h"

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "trivium/common/v1/product.pb.h"

namespace trivium::control {
namespace {

using common::v1::ProductProfile;

ProductProfile Good() {
  ProductProfile profile;
  profile.set_display_name_zh("示例");
  profile.set_display_name_en("Acme");
  profile.set_time_zone("Asia/Shanghai");
  profile.mutable_payment()->add_currency_codes("CNY");
  profile.mutable_payment()->set_psp("sandbox");
  return profile;
}

std::string FirstWrong(const ProductProfile& profile) {
  google::protobuf::Any value;
  value.PackFrom(profile);
  const Violations wrong = CheckProductProfile(value);
  return wrong.empty() ? "" : wrong.front().first;
}

TEST(ProductProfileTest, TakesAGoodOneAlsoWithoutPayment) {
  EXPECT_EQ(FirstWrong(Good()), "");
  ProductProfile bare = Good();
  bare.clear_payment();
  EXPECT_EQ(FirstWrong(bare), "");
}

TEST(ProductProfileTest, NamesTheFieldThatIsWrong) {
  const struct {
    std::string field;
    std::function<void(ProductProfile*)> spoil;
  } kCases[] = {
      {"value.display_name_zh", [](auto* p) { p->clear_display_name_zh(); }},
      {"value.display_name_zh",
       [](auto* p) {
         for (int i = 0; i < 14; ++i) p->mutable_display_name_zh()->append("示例啊");
       }},
      {"value.display_name_en", [](auto* p) { p->clear_display_name_en(); }},
      {"value.time_zone", [](auto* p) { p->clear_time_zone(); }},
      {"value.time_zone", [](auto* p) { p->set_time_zone("Asia/Atlantis"); }},
      {"value.time_zone", [](auto* p) { p->set_time_zone("/etc/localtime"); }},
      {"value.time_zone", [](auto* p) { p->set_time_zone("../../../etc/passwd"); }},
      {"value.time_zone", [](auto* p) { p->set_time_zone("localtime"); }},
      {"value.payment.currency_codes", [](auto* p) { p->mutable_payment()->clear_currency_codes(); }},
      {"value.payment.currency_codes[0]", [](auto* p) { p->mutable_payment()->set_currency_codes(0, "cny"); }},
      {"value.payment.currency_codes[1]", [](auto* p) { p->mutable_payment()->add_currency_codes("CNY"); }},
      {"value.payment.commission_bps", [](auto* p) { p->mutable_payment()->set_commission_bps(10001); }},
      {"value.payment.commission_bps", [](auto* p) { p->mutable_payment()->set_commission_bps(-1); }},
      {"value.payment.payment_timeout",
       [](auto* p) { p->mutable_payment()->mutable_payment_timeout()->set_seconds(4); }},
      {"value.payment.payment_timeout",
       [](auto* p) { p->mutable_payment()->mutable_payment_timeout()->set_seconds(86401); }},
      {"value.payment.psp", [](auto* p) { p->mutable_payment()->clear_psp(); }},
      {"value.payment.max_amount_minor", [](auto* p) { p->mutable_payment()->set_max_amount_minor(10'000'000'001); }},
      {"value.payment.max_calls_per_second", [](auto* p) { p->mutable_payment()->set_max_calls_per_second(-1); }},
  };
  for (const auto& c : kCases) {
    ProductProfile profile = Good();
    c.spoil(&profile);
    EXPECT_EQ(FirstWrong(profile), c.field);
  }
}

TEST(ProductProfileTest, RefusesUnreadableValuesAndUnknownFields) {
  google::protobuf::Any value;
  value.PackFrom(Good());
  value.set_value(value.value() + "\xff");
  EXPECT_EQ(CheckProductProfile(value).at(0).first, "value");
  value.PackFrom(Good());
  value.set_value(value.value() + std::string("\xfa\x01\x01x", 4));  // Field 31.
  EXPECT_EQ(CheckProductProfile(value).at(0).first, "value");
  EXPECT_NE(FindKind("product_profile"), nullptr);
  EXPECT_EQ(FindKind("nonsense"), nullptr);
}

}  // namespace
}  // namespace trivium::control
