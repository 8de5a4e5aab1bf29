#include "services/payment/psp/sandbox/server/pay_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "libs/http/url.h"
#include "services/payment/psp/sandbox/server/signature.h"

namespace trivium::payment::sandbox {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1795334500);
constexpr char kSecret[] = "0123456789abcdef";

using Fields = std::map<std::string, std::string>;
const Fields kGood = {{"merchant", "acme"},
                      {"out_trade_no", "att_1"},
                      {"amount_minor", "29900"},
                      {"currency", "CNY"},
                      {"subject", "数学 一对一"},
                      {"expire", "1795336200"},
                      {"notify_url", "http://127.0.0.1:21012/psp/sandbox"},
                      {"timestamp", "1795334400"}};

std::vector<std::pair<std::string, std::string>> Signed(const Fields& fields) {
  std::vector<std::pair<std::string, std::string>> pairs(fields.begin(), fields.end());
  pairs.emplace_back("sign", Sign(kSecret, CanonicalQuery(pairs)));
  return pairs;
}

Refusal Parse(const std::vector<std::pair<std::string, std::string>>& pairs, PayOrder* order) {
  const PayOrderRules rules{[](std::string_view merchant) { return merchant == "acme" ? kSecret : ""; },
                            {"http://127.0.0.1:"}};
  return ParsePayOrder(pairs, rules, kNow, order);
}

TEST(PayOrderTest, ReadsAGoodUrl) {
  std::string url = "http://127.0.0.1:1/pay?";
  for (const auto& [name, value] : Signed(kGood)) url += name + "=" + http::PercentEncode(value) + "&";
  PayOrder order;
  const Refusal refusal = Parse(*http::ParseQuery(QueryOf(url)), &order);
  ASSERT_FALSE(refusal) << refusal.message;
  EXPECT_EQ(order.amount_minor, 29900);
  EXPECT_EQ(order.subject, "数学 一对一");
  EXPECT_EQ(order.expire, absl::FromUnixSeconds(1795336200));
}

TEST(PayOrderTest, RefusesByField) {
  const struct {
    const char* field;
    std::string value;
  } cases[] = {
      {"merchant", "Acme"},
      {"out_trade_no", ""},
      {"out_trade_no", "a/b"},
      {"out_trade_no", std::string(65, 'a')},
      {"amount_minor", "0"},
      {"amount_minor", "-1"},
      {"amount_minor", " 5"},
      {"amount_minor", "1.5"},
      {"amount_minor", "1000000000001"},
      {"amount_minor", "99999999999999999999"},
      {"currency", "cny"},
      {"currency", "CNYX"},
      {"subject", std::string(257, 'a')},
      {"subject", "a\nb"},
      {"subject", "\xff"},
      {"expire", "soon"},
      {"timestamp", "1794000000"},
      {"timestamp", "1795335000"},
      {"notify_url", "http://evil.example/"},
      {"notify_url", "http://127.0.0.1:80@evil.example/"},
      {"notify_url", "http://127.0.0.1:80/ x"},
      {"more", "x"},
  };
  for (const auto& c : cases) {
    Fields fields = kGood;
    fields[c.field] = c.value;
    PayOrder order;
    EXPECT_EQ(Parse(Signed(fields), &order).code, "PARAM_ERROR") << c.field << "=" << c.value;
  }
}

TEST(PayOrderTest, RefusesRepeatsAndChanges) {
  PayOrder order;
  auto twice = Signed(kGood);
  twice.emplace_back("amount_minor", "1");
  EXPECT_EQ(Parse(twice, &order).status, 400);
  auto changed = Signed(kGood);
  for (auto& [name, value] : changed) value = name == "amount_minor" ? "1" : value;
  EXPECT_EQ(Parse(changed, &order).code, "SIGN_ERROR");
  Fields other = kGood;
  other["merchant"] = "globex";
  EXPECT_EQ(Parse(Signed(other), &order).code, "SIGN_ERROR");
}

// One value that ends like the next parameter begins must not move the border between two signed values.
TEST(PayOrderTest, TheCanonicalTextHasOneReading) {
  Fields fields = kGood;
  fields["notify_url"] = "http://127.0.0.1:1/&out_trade_no=mine";
  auto pairs = Signed(fields);
  for (auto& [name, value] : pairs) {
    if (name == "notify_url") value = "http://127.0.0.1:1/";
    if (name == "out_trade_no") value = "mine&out_trade_no=att_1";
  }
  PayOrder order;
  EXPECT_TRUE(Parse(pairs, &order));
}

}  // namespace
}  // namespace trivium::payment::sandbox
