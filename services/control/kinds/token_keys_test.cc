#include "services/control/kinds/token_keys.h"

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include <functional>

#include "libs/jwt/signer.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::control {
namespace {

using gateway::v1::TokenKeys;
using jwt::Algorithm;
using jwt::Signer;

const Signer& Ed() {
  static const Signer& signer = *new Signer(Signer::Generate(Algorithm::kEdDsa, "a").value());
  return signer;
}

TokenKeys Good() {
  TokenKeys keys;
  keys.add_keys()->set_key_id("2026-11");
  keys.mutable_keys(0)->set_public_key_pem(Ed().PublicPem().value());
  keys.add_keys()->set_key_id("b.c_d-E");
  keys.mutable_keys(1)->set_public_key_pem(Signer::Generate(Algorithm::kEs256, "b")->PublicPem().value());
  return keys;
}

Violations Check(const TokenKeys& keys) {
  google::protobuf::Any value;
  value.PackFrom(keys);
  return CheckTokenKeys(value);
}

TEST(TokenKeysTest, TakesEd25519AndP256) { EXPECT_TRUE(Check(Good()).empty()); }

TEST(TokenKeysTest, NamesTheFieldThatIsWrong) {
  // ECDSA on another curve: openssl ecparam -name secp384r1 -genkey -noout | openssl ec -pubout
  const std::string kP384 =
      "-----BEGIN PUBLIC KEY-----\n"
      "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAErbcOAEMRS97xQ0diVDmhPL4UFJXhSJfG\n"
      "mLL2kGQF7384tlGs/mKVcvIPnhpVJ+pK4Wl+mruOaEJktyLh48dUi+pkcMOpIJZO\n"
      "0qhsrFO38UmKiG2xTyrbucKJFnWTjUBY\n"
      "-----END PUBLIC KEY-----\n";
  const struct {
    std::string field;
    std::function<void(TokenKeys*)> spoil;
  } kCases[] = {
      {"value.keys", [](auto* k) { k->clear_keys(); }},
      {"value.keys",
       [](auto* k) {
         for (int i = 0; i < 3; ++i) {
           *k->add_keys() = k->keys(0);
           k->mutable_keys(k->keys_size() - 1)->set_key_id(std::to_string(i));
         }
       }},
      {"value.keys[0].key_id", [](auto* k) { k->mutable_keys(0)->clear_key_id(); }},
      {"value.keys[0].key_id", [](auto* k) { k->mutable_keys(0)->set_key_id("a/b"); }},
      {"value.keys[0].key_id", [](auto* k) { k->mutable_keys(0)->set_key_id(std::string(65, 'a')); }},
      {"value.keys[1].key_id", [](auto* k) { k->mutable_keys(1)->set_key_id("2026-11"); }},
      {"value.keys[0].public_key_pem", [](auto* k) { k->mutable_keys(0)->clear_public_key_pem(); }},
      {"value.keys[0].public_key_pem", [](auto* k) { k->mutable_keys(0)->set_public_key_pem("no PEM"); }},
      {"value.keys[0].public_key_pem", [](auto* k) { k->mutable_keys(0)->set_public_key_pem(std::string(5000, 'a')); }},
      {"value.keys[0].public_key_pem", [&](auto* k) { k->mutable_keys(0)->set_public_key_pem(kP384); }},
      {"value.keys[1].public_key_pem",
       [](auto* k) { k->mutable_keys(1)->set_public_key_pem(Ed().PrivatePem().value()); }},
  };
  for (const auto& c : kCases) {
    TokenKeys keys = Good();
    c.spoil(&keys);
    const Violations wrong = Check(keys);
    ASSERT_EQ(wrong.size(), 1u) << c.field;
    EXPECT_EQ(wrong[0].first, c.field);
  }
}

TEST(TokenKeysTest, SaysNothingOfAPrivateKeyThatCameByMistake) {
  TokenKeys keys = Good();
  const std::string secret = Ed().PrivatePem().value();
  keys.mutable_keys(0)->set_public_key_pem(secret);
  const std::string message = Check(keys).at(0).second;
  EXPECT_NE(message.find("private"), std::string::npos) << message;
  EXPECT_EQ(message.find(secret.substr(28, 20)), std::string::npos) << message;
}

TEST(TokenKeysTest, RefusesUnknownFields) {
  google::protobuf::Any value;
  value.PackFrom(Good());
  value.set_value(value.value() + std::string("\xfa\x01\x01x", 4));
  EXPECT_EQ(CheckTokenKeys(value).at(0).first, "value");
}

TEST(TokenKeysTest, IsAKindWhoseNamesAreProducts) {
  const Kind* kind = FindKind("token_keys");
  ASSERT_NE(kind, nullptr);
  EXPECT_TRUE(kind->name_ok("acme"));
  EXPECT_FALSE(kind->name_ok("acme.keys"));
  EXPECT_FALSE(kind->by_percentage);
}

}  // namespace
}  // namespace trivium::control
