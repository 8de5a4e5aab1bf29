#include "services/live/grants/grants.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/jwt/signer.h"
#include "libs/status/error.h"
#include "libs/token_keys/token_keys.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::live {
namespace {

class GrantsTest : public ::testing::Test {
 protected:
  GrantsTest() { keys_.Refresh(); }

  jwt::Claims Good() const {
    return {.subject = "u-1",
            .product = "acme",
            .expires = clock_.Now() + absl::Minutes(5),
            .audience = {"trivium-live"},
            .room = "room_7",
            .role = "student"};
  }
  std::string Reason(const std::string& token) const {
    const auto role = grants_.Check("acme", "room_7", "u-1", token);
    if (role.ok()) return "";
    EXPECT_EQ(role.status().code(), absl::StatusCode::kPermissionDenied);
    return ReasonOf(role.status());
  }

  FakeClock clock_;
  const jwt::Signer acme_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k1").value(),
                    globex_ = jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "k1").value();
  Grants grants_{clock_};
  TokenKeys keys_{{.products =
                       [] {
                         return std::vector<std::string>{"acme", "globex"};
                       },
                   .find =
                       [this](const std::string& product, gateway::v1::TokenKeys* keys) {
                         gateway::v1::TokenKey* key = keys->add_keys();
                         key->set_key_id("k1");
                         key->set_public_key_pem((product == "acme" ? acme_ : globex_).PublicPem().value());
                         return true;
                       }},
                  grants_.verifier(),
                  {}};
};

TEST_F(GrantsTest, GivesTheRoleThatItNames) {
  for (const auto& [name, role] : {std::pair("teacher", Role::kTeacher), std::pair("assistant", Role::kAssistant),
                                   std::pair("student", Role::kStudent), std::pair("observer", Role::kObserver)}) {
    jwt::Claims claims = Good();
    claims.role = name;
    const auto found = grants_.Check("acme", "room_7", "u-1", acme_.Sign(claims).value());
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, role);
  }
}

TEST_F(GrantsTest, SaysWhatIsWrong) {
  const struct {
    const char* reason;
    std::function<void(jwt::Claims*)> spoil;
  } kCases[] = {
      {"GRANT_EXPIRED", [&](auto* c) { c->expires = clock_.Now() - absl::Minutes(5); }},
      {"GRANT_INVALID", [](auto* c) { c->audience = {"trivium"}; }},
      {"GRANT_INVALID", [](auto* c) { c->audience.clear(); }},
      {"GRANT_INVALID", [](auto* c) { c->product = "globex"; }},  // Not signed by its key.
      {"GRANT_OTHER_USER", [](auto* c) { c->subject = "u-2"; }},
      {"GRANT_OTHER_ROOM", [](auto* c) { c->room = "room_8"; }},
      {"GRANT_OTHER_ROOM", [](auto* c) { c->room.clear(); }},
      {"GRANT_ROLE_INVALID", [](auto* c) { c->role = "admin"; }},
      {"GRANT_ROLE_INVALID", [](auto* c) { c->role.clear(); }},
  };
  for (const auto& c : kCases) {
    jwt::Claims claims = Good();
    c.spoil(&claims);
    EXPECT_EQ(Reason(acme_.Sign(claims).value()), c.reason);
  }
  EXPECT_EQ(Reason(""), "GRANT_MISSING");
  EXPECT_EQ(Reason("x.y.z"), "GRANT_INVALID");
  EXPECT_EQ(Reason(globex_.Sign(Good()).value()), "GRANT_INVALID") << "another product's key";
  EXPECT_EQ(Reason(acme_.Sign(Good()).value() + "A"), "GRANT_INVALID");
}

TEST_F(GrantsTest, AnotherProductsUserIsAnother) {
  jwt::Claims claims = Good();
  claims.product = "globex";
  EXPECT_EQ(Reason(globex_.Sign(claims).value()), "GRANT_OTHER_USER");
}

}  // namespace
}  // namespace trivium::live
