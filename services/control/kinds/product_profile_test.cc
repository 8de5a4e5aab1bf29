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
  profile.mutable_push()->mutable_message_ttl()->set_seconds(3600);
  profile.mutable_gateway()->add_allowed_origins("https://class.example.com");
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

// One line for each number and time: the first value that is too low, the first that is too high.
TEST(ProductProfileTest, HoldsPushAndGatewayToTheirRanges) {
  const struct {
    std::string field;
    int64_t low, high;  // 0 is the default, for numbers.
  } kCases[] = {
      {"push.message_ttl", 1, 30 * 86400},
      {"push.ack_timeout", 1, 3600},
      {"push.history_ttl", 1, 7 * 86400},
      {"push.history_size", 0, 10'000},
      {"push.max_messages_per_second", 0, 1'000'000},
      {"push.max_high_priority_per_second", 0, 1'000'000},
      {"push.max_calls_per_second", 0, 1'000'000},
      {"push.max_pending_per_user", 0, 100'000},
      {"gateway.max_connections", 0, 1'000'000},
      {"gateway.max_connections_per_user", 0, 100},
      {"gateway.max_calls_per_second", 0, 1'000'000},
  };
  for (const auto& c : kCases) {
    const auto with = [&](int64_t value) {
      ProductProfile profile = Good();
      const size_t dot = c.field.find('.');
      const auto* part = ProductProfile::descriptor()->FindFieldByName(c.field.substr(0, dot));
      google::protobuf::Message* message = profile.GetReflection()->MutableMessage(&profile, part);
      const auto* field = message->GetDescriptor()->FindFieldByName(c.field.substr(dot + 1));
      if (field->message_type() != nullptr) {
        google::protobuf::Message* duration = message->GetReflection()->MutableMessage(message, field);
        static_cast<google::protobuf::Duration*>(duration)->set_seconds(value);
      } else {
        message->GetReflection()->SetInt32(message, field, static_cast<int32_t>(value));
      }
      return FirstWrong(profile);
    };
    EXPECT_EQ(with(c.low), "") << c.field;
    EXPECT_EQ(with(c.high), "") << c.field;
    EXPECT_EQ(with(c.low - 1), "value." + c.field);
    EXPECT_EQ(with(c.high + 1), "value." + c.field);
  }
}

TEST(ProductProfileTest, TakesOriginsAsBrowsersSendThem) {
  for (const char* origin : {"*", "https://class.example.com", "http://127.0.0.1:21092", "http://[::1]:3000",
                             "https://a", "capacitor://localhost", "https://xn--fiqs8s.cn"}) {
    ProductProfile profile = Good();
    profile.mutable_gateway()->set_allowed_origins(0, origin);
    EXPECT_EQ(FirstWrong(profile), "") << origin;
  }
  for (const char* origin : {"",
                             "null",
                             "class.example.com",
                             "https://",
                             "https://class.example.com/",
                             "https://class.example.com/x",
                             "https://Class.example.com",
                             "HTTPS://class.example.com",
                             "https://class.example.com:443",
                             "http://a:80",
                             "https://a:0",
                             "https://a:65536",
                             "https://a:08443",
                             "https://a:",
                             "https://*.example.com",
                             "https://u@a",
                             "https://a b",
                             "https://a\n",
                             "https://[::1",
                             "https://课堂.cn"}) {
    ProductProfile profile = Good();
    profile.mutable_gateway()->set_allowed_origins(0, origin);
    EXPECT_EQ(FirstWrong(profile), "value.gateway.allowed_origins[0]") << origin;
  }
  ProductProfile profile = Good();
  profile.mutable_gateway()->add_allowed_origins("https://class.example.com");
  EXPECT_EQ(FirstWrong(profile), "value.gateway.allowed_origins[1]");  // Twice.
  for (int i = 0; i < 50; ++i) profile.mutable_gateway()->add_allowed_origins("https://a" + std::to_string(i));
  EXPECT_EQ(FirstWrong(profile), "value.gateway.allowed_origins");  // Too many.
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
