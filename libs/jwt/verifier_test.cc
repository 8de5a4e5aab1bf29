#include "libs/jwt/verifier.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/jwt/base64url.h"
#include "libs/jwt/jws.h"
#include "libs/jwt/verifier_fixture.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

TEST_F(VerifierTest, BringsTheClaimsBack) {
  Claims claims = Good();
  claims.not_before = clock_.Now();
  claims.token_id = "t-1";
  claims.audience = {"other", "trivium"};
  claims.caps = {"room.speak", "room.kick"};
  claims.room = "room_7";
  claims.role = "teacher";
  for (const Signer* signer : {&ed_, &ec_}) {
    const auto read = verifier_->Verify(signer->Sign(claims).value());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->subject, "u-7");
    EXPECT_EQ(read->product, "acme");
    EXPECT_EQ(read->expires, claims.expires);
    EXPECT_EQ(read->not_before, claims.not_before);
    EXPECT_EQ(read->issued, claims.issued);
    EXPECT_EQ(read->token_id, "t-1");
    EXPECT_EQ(read->audience, claims.audience);
    EXPECT_EQ(read->caps, claims.caps);
    EXPECT_EQ(read->room, "room_7");
    EXPECT_EQ(read->role, "teacher");
  }
}

TEST_F(VerifierTest, AcceptsTokensOfTheOpensslTool) {
  const std::string ed_pem =
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA2XhrIHpp2123K0t9jtE9f5ie7MQMqo6CuI74iAHUwZc=\n-----END PUBLIC "
      "KEY-----\n";
  const std::string ec_pem =
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6vXYuXNx+WT8l45UDyLaUesAmSBO\n"
      "Eq9QPIZ6cLkGBYSLa0lwxe/UtPunT8dh92NBDM7NlAh3qZub+UuGtyB8rQ==\n-----END PUBLIC KEY-----\n";
  const std::string tokens[] = {
      "eyJhbGciOiJFZERTQSIsImtpZCI6ImNsaS1lZCIsInR5cCI6IkpXVCJ9."
      "eyJzdWIiOiJ1LTciLCJwcm9kdWN0IjoiYWNtZSIsImV4cCI6NDEwMjQ0NDgwMCwiY2FwcyI6WyJyb29tLnNwZWFrIl19."
      "7ieDOSBLAEoDKmoyH6qKL91A7dddIY_CFBQvoRFP_uW1hm6_c1q2aWVlStbhnEc8vNcVPwVC8mGqcmLyRJrNAg",
      "eyJhbGciOiJFUzI1NiIsImtpZCI6ImNsaS1lYyIsInR5cCI6IkpXVCJ9."
      "eyJzdWIiOiJ1LTciLCJwcm9kdWN0IjoiYWNtZSIsImV4cCI6NDEwMjQ0NDgwMCwiY2FwcyI6WyJyb29tLnNwZWFrIl19."
      "adOl67W_21Ko_o-0YtMQWDZ4e6MeJ9VnDbpbH6l1PcklnI-WOKguXVx-59Am0H_7U0P1SOHBWE-G-72FR5ZctA"};
  options_.keys = {{"acme", Put("cli-ed.pem", ed_pem), "cli-ed"}, {"acme", Put("cli-ec.pem", ec_pem), "cli-ec"}};
  verifier_ = Verifier::Create(options_, clock_).value();
  for (const std::string& token : tokens) EXPECT_EQ(verifier_->Verify(token).value().caps[0], "room.speak");
}

// Each row changes one thing of a good token; it is signed by acme's key, so that the signature is not what refuses it.
TEST_F(VerifierTest, RefusesEveryBadClaim) {
  struct Row {
    const char* name;
    json value;  // Discarded: the claim is removed.
    const char* error;
  };
  const json none(json::value_t::discarded);
  const int64_t now = absl::ToUnixSeconds(clock_.Now());
  const Row rows[] = {
      {"sub", none, "sub: want"},
      {"sub", "", "sub: want"},
      {"sub", 7, "sub: want"},
      {"sub", json::array({"u"}), "sub: want"},
      {"sub", std::string(65, 'u'), "sub: want"},
      {"sub", "u:7", "sub: want"},
      {"sub", "u 7", "sub: want"},
      {"sub", "u\n7", "sub: want"},
      {"sub", "用户", "sub: want"},
      {"product", none, "product: want"},
      {"product", "", "product: want"},
      {"product", "Acme", "product: want"},
      {"product", "../acme", "product: want"},
      {"product", nullptr, "product: want"},
      {"exp", none, "exp: want"},
      {"exp", std::to_string(now + 100), "exp: want"},
      {"exp", -1, "exp: want"},
      {"exp", 1e300, "exp: want"},
      {"exp", true, "exp: want"},
      {"nbf", "soon", "nbf: want"},
      {"iat", json::object(), "iat: want"},
      {"jti", "", "jti: want"},
      {"jti", std::string(129, 'x'), "jti: want"},
      {"aud", 5, "aud: want"},
      {"aud", "other", "aud: want trivium"},
      {"aud", json::array({"other", "more"}), "aud: want trivium"},
      {"aud", json::array({1}), "aud: want"},
      {"caps", "admin", "caps: want"},
      {"caps", json::array({""}), "caps: want"},
      {"caps", json(std::vector<std::string>(65, "c")), "caps: want"},
  };
  for (const Row& row : rows) {
    json payload = json::parse(FormatClaims(Good()));
    if (row.value.is_discarded()) {
      payload.erase(row.name);
    } else {
      payload[row.name] = row.value;
    }
    const auto read = verifier_->Verify(ed_.SignRaw(R"({"alg":"EdDSA","kid":"ed"})", payload.dump()).value());
    EXPECT_EQ(ReasonOf(read.status()), "TOKEN_INVALID") << payload;
    EXPECT_NE(read.status().message().find(row.error), std::string::npos) << payload << read.status();
  }
}

// Their names are common: a product's token must not be refused for a role of its own.
TEST_F(VerifierTest, RoomAndRoleOfAnotherFormAreTheProductsOwn) {
  for (const json& theirs : {json("class monitor"), json("班长"), json(""), json(7), json(nullptr), json::object(),
                             json::array({"admin"}), json(std::string(65, 'r'))}) {
    json payload = json::parse(FormatClaims(Good()));
    payload["room"] = payload["role"] = theirs;
    const auto read = verifier_->Verify(ed_.SignRaw(R"({"alg":"EdDSA","kid":"ed"})", payload.dump()).value());
    ASSERT_TRUE(read.ok()) << payload << read.status();
    EXPECT_EQ(read->room + read->role, "") << payload;
  }
}

TEST_F(VerifierTest, RefusesEveryBadHeader) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"alg":"none","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"None","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"HS256","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"RS256","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"PS256","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"ES256","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":"ec"})", "TOKEN_INVALID"},
      {R"({"alg":"eddsa","kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":["EdDSA"],"kid":"ed"})", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":7})", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false})", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":"ed","typ":"at+jwt"})", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":"ed","alg":"EdDSA"})", "TOKEN_INVALID"},
      {R"(["EdDSA"])", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA","kid":"ed")", "TOKEN_INVALID"},
      {"", "TOKEN_INVALID"},
      {R"({"alg":"EdDSA"})", "TOKEN_KEY_UNKNOWN"},
      {R"({"alg":"EdDSA","kid":"other"})", "TOKEN_KEY_UNKNOWN"},
      {R"({"alg":"EdDSA","kid":"../../etc/passwd"})", "TOKEN_KEY_UNKNOWN"},
      {R"({"alg":"EdDSA","kid":"x\n\u0000"})", "TOKEN_KEY_UNKNOWN"},
      {R"({"alg":"EdDSA","kid":"ed"})", ""},
      {R"({"alg":"EdDSA","kid":"ed","typ":"jwt","x5u":"https://evil.example/","jwk":{}})", ""},
  };
  for (const auto& [header, reason] : rows) {
    EXPECT_EQ(Reason(ed_.SignRaw(header, FormatClaims(Good())).value()), reason) << header;
  }
  EXPECT_EQ(
      Reason(
          ed_.SignRaw(json({{"alg", "EdDSA"}, {"kid", std::string(129, 'k')}}).dump(), FormatClaims(Good())).value()),
      "TOKEN_INVALID");
}

TEST_F(VerifierTest, RefusesEveryTampering) {
  const std::string token = ed_.Sign(Good()).value();
  const size_t dot = token.find('.'), last = token.rfind('.');
  const std::string header = token.substr(0, dot), payload = token.substr(dot + 1, last - dot - 1);
  const std::string signature = token.substr(last + 1);
  Claims admin = Good();
  admin.subject = "admin";
  const std::string other_payload = Base64UrlEncode(FormatClaims(admin));
  const std::string no_alg = Base64UrlEncode(R"({"alg":"none","kid":"ed"})");
  const std::string cases[] = {
      header + "." + other_payload + "." + signature,
      header + "." + payload + ".",
      header + "." + payload,
      no_alg + "." + payload + ".",
      no_alg + "." + payload + "." + signature,
      header + ".." + signature,
      "." + payload + "." + signature,
      "..",
      ".",
      token + ".",
      token + ".x",
      token + "=",
      token + "A",
      token + "\n",
      " " + token,
      "Bearer " + token,
      token.substr(0, token.size() - 1),
      payload + "." + header + "." + signature,
      header + "+." + payload + "." + signature,
      std::string(kMaxTokenBytes + 1, 'a'),
      std::string(kMaxTokenBytes, '.'),
      std::string("\0", 1),
      "\xFF\xFE",
  };
  for (const std::string& bad : cases) EXPECT_EQ(Reason(bad), "TOKEN_INVALID") << bad.substr(0, 300);
  EXPECT_EQ(Reason(""), "TOKEN_MISSING");
  for (size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifier_->Verify(changed).ok()) << at;
  }
  for (size_t n = 0; n < token.size(); ++n) EXPECT_FALSE(verifier_->Verify(token.substr(0, n)).ok()) << n;
}

TEST_F(VerifierTest, AProductsKeySignsForThatProductAlone) {
  Claims claims = Good();
  EXPECT_EQ(Reason(globex_.Sign(claims).value()), "TOKEN_INVALID") << "same key id, other product";
  claims.product = "globex";
  EXPECT_EQ(verifier_->Verify(globex_.Sign(claims).value()).value().product, "globex");
  claims.product = "initech";
  EXPECT_EQ(Reason(globex_.Sign(claims).value()), "TOKEN_KEY_UNKNOWN");
}

TEST_F(VerifierTest, RefusesDeepAndHugePayloads) {
  const std::string deep = std::string(3000, '[') + std::string(3000, ']');
  EXPECT_EQ(Reason(ed_.SignRaw(R"({"alg":"EdDSA","kid":"ed"})", R"({"sub":"u","x":)" + deep + "}").value()),
            "TOKEN_INVALID");
  EXPECT_EQ(Reason(ed_.SignRaw(R"({"alg":"EdDSA","kid":"ed"})", std::string(1 << 20, ' ')).value()), "TOKEN_INVALID");
}

TEST_F(VerifierTest, TimesHaveASkew) {
  struct Row {
    int exp, nbf, iat;  // Seconds from now; 30 of skew.
    const char* reason;
  };
  const Row rows[] = {{1, 0, 0, ""},
                      {-29, -100, -100, ""},
                      {-30, -100, -100, "TOKEN_EXPIRED"},
                      {-3600, -7200, -7200, "TOKEN_EXPIRED"},
                      {60, 30, 0, ""},
                      {60, 31, 0, "TOKEN_NOT_YET_VALID"},
                      {60, 0, 30, ""},
                      {60, 0, 31, "TOKEN_NOT_YET_VALID"},
                      {-31, 31, 31, "TOKEN_EXPIRED"}};
  for (const Row& row : rows) {
    Claims claims = Good();
    claims.expires = clock_.Now() + absl::Seconds(row.exp);
    claims.not_before = clock_.Now() + absl::Seconds(row.nbf);
    claims.issued = clock_.Now() + absl::Seconds(row.iat);
    EXPECT_EQ(Reason(ec_.Sign(claims).value()), row.reason) << row.exp << " " << row.nbf << " " << row.iat;
  }
}

TEST_F(VerifierTest, ATokenExpiresWhileTimeGoesOn) {
  const std::string token = ed_.Sign(Good()).value();
  EXPECT_EQ(Reason(token), "");
  clock_.Advance(absl::Hours(1) + absl::Seconds(30));
  EXPECT_EQ(Reason(token), "TOKEN_EXPIRED");
  std::string forged = token;
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Reason(forged), "TOKEN_INVALID") << "that it is over is told to its bearer alone";
}

}  // namespace
}  // namespace trivium::jwt
