#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/log/log.h"
#include "libs/log/redacted_test.pb.h"

namespace trivium::log {
namespace {

using nlohmann::json;

Account Secret(const std::string& name) {
  Account account;
  account.set_name(name);
  account.set_password("s3cret");
  account.set_pin(734851);
  account.add_tokens("s3cret");
  account.add_tokens("s3cret");
  account.mutable_whole_secret()->set_name("s3cret");
  account.set_key("s3cret");
  (*account.mutable_secrets())["k"] = "s3cret";
  account.mutable_age()->set_seconds(5);
  return account;
}

TEST(Redacted, MasksSecretsWhereverTheyLie) {
  Account account = Secret("top");
  *account.mutable_child() = Secret("child");
  *account.add_children() = Secret("first");
  *account.add_children() = Secret("second");
  (*account.mutable_by_name())["key"] = Secret("mapped");
  (*account.mutable_labels())["password"] = "a label is no secret";
  account.mutable_extra()->PackFrom(Secret("any"));

  const std::string text = Redacted(account);
  EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
  EXPECT_EQ(text.find("734851"), std::string::npos) << text;
  EXPECT_EQ(text.find("czNjcmV0"), std::string::npos) << text;  // Base64 of the secret.
  const json value = json::parse(text);
  EXPECT_EQ(value["name"], "top");
  EXPECT_EQ(value["password"], "***");
  EXPECT_EQ(value["pin"], "***");
  EXPECT_EQ(value["tokens"], "***");
  EXPECT_EQ(value["whole_secret"], "***");
  EXPECT_EQ(value["child"]["name"], "child");
  EXPECT_EQ(value["children"][1]["password"], "***");
  EXPECT_EQ(value["by_name"]["key"]["pin"], "***");
  EXPECT_EQ(value["labels"]["password"], "a label is no secret");
  EXPECT_EQ(value["extra"]["name"], "any");
  EXPECT_EQ(value["age"], "5s");
}

TEST(Redacted, ShowsNothingOfWhatItCannotRead) {
  Account account;
  account.mutable_extra()->set_type_url("type.googleapis.com/unknown.Type");
  account.mutable_extra()->set_value("s3cret");
  EXPECT_EQ(Redacted(account), "{\"unprintable\":\"trivium.log.Account\"}");
  account.mutable_extra()->PackFrom(Secret("x"));
  account.mutable_extra()->set_value("\xff\xff\xff");
  EXPECT_EQ(Redacted(account).find("s3cret"), std::string::npos);
}

TEST(Redacted, AnEmptyMessageIsAnEmptyObject) { EXPECT_EQ(Redacted(Account()), "{}"); }

}  // namespace
}  // namespace trivium::log
