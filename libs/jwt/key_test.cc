#include "libs/jwt/key.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "libs/jwt/base64url.h"
#include "libs/jwt/key_set.h"
#include "libs/jwt/signer.h"

namespace trivium::jwt {
namespace {

// The input and the signature of a compact JWS.
std::pair<std::string, std::string> Split(const std::string& token) {
  const size_t dot = token.rfind('.');
  return {token.substr(0, dot), Base64UrlDecode(token.substr(dot + 1)).value()};
}

TEST(Base64UrlTest, IsThatOfTheRfc) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(Base64UrlEncode(bytes), text);
    EXPECT_EQ(Base64UrlDecode(text), bytes) << text;
  }
}

TEST(Base64UrlTest, HasOneSpellingForEachByteString) {
  for (const std::string text :
       {"Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm9vY", "+/8", "Zm 9v", "Zm9v\n", "Zm9v.", "\xFF\xFF"}) {
    EXPECT_FALSE(Base64UrlDecode(text)) << text;
  }
  for (int length = 0; length < 40; ++length) {
    std::string bytes;
    for (int i = 0; i < length; ++i) bytes.push_back(static_cast<char>(i * 37 + length));
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
    EXPECT_EQ(Base64UrlEncode(bytes), absl::WebSafeBase64Escape(bytes));
  }
}

// RFC 8037 appendix A.4 and RFC 7515 appendix A.3.
const std::string kEdX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const std::string kEdToken =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const std::string kEcX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                  kEcY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const std::string kEcToken =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

PublicKey EdKey() { return PublicKey::FromEd25519(Base64UrlDecode(kEdX).value()).value(); }
PublicKey EcKey() { return PublicKey::FromP256(Base64UrlDecode(kEcX).value(), Base64UrlDecode(kEcY).value()).value(); }

TEST(PublicKeyTest, AcceptsTheVectorsOfTheRfcs) {
  EXPECT_TRUE(EdKey().Verify(Split(kEdToken).first, Split(kEdToken).second));
  EXPECT_TRUE(EcKey().Verify(Split(kEcToken).first, Split(kEcToken).second));
}

TEST(PublicKeyTest, RefusesEveryChangedBit) {
  const std::pair<PublicKey, std::string> cases[] = {{EdKey(), kEdToken}, {EcKey(), kEcToken}};
  for (const auto& [key, token] : cases) {
    const auto [input, signature] = Split(token);
    for (size_t bit = 0; bit < signature.size() * 8; ++bit) {
      std::string changed = signature;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(key.Verify(input, changed)) << NameOf(key.algorithm()) << bit;
    }
    for (size_t at = 0; at < input.size(); at += 7) {
      std::string changed = input;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_FALSE(key.Verify(changed, signature));
    }
  }
}

TEST(PublicKeyTest, RefusesSignaturesOfAnotherShape) {
  const std::pair<PublicKey, std::string> cases[] = {{EdKey(), kEdToken}, {EcKey(), kEcToken}};
  for (const auto& [key, token] : cases) {
    const auto [input, signature] = Split(token);
    for (const std::string& bad : {std::string(), signature.substr(1), signature + '\0', std::string(64, '\0'),
                                   std::string(64, '\xFF'), signature.substr(0, 32) + std::string(32, '\0'),
                                   std::string(32, '\0') + signature.substr(32), std::string(1 << 16, 'x')}) {
      EXPECT_FALSE(key.Verify(input, bad)) << NameOf(key.algorithm()) << bad.size();
    }
  }
  EXPECT_FALSE(EdKey().Verify(Split(kEcToken).first, Split(kEcToken).second));
  EXPECT_FALSE(EcKey().Verify(Split(kEdToken).first, Split(kEdToken).second));
}

TEST(PublicKeyTest, RefusesWhatIsNoKey) {
  EXPECT_FALSE(PublicKey::FromEd25519("short").ok());
  EXPECT_FALSE(PublicKey::FromEd25519(std::string(33, 'x')).ok());
  EXPECT_FALSE(PublicKey::FromP256(std::string(32, '\1'), std::string(32, '\1')).ok());  // Not on the curve.
  EXPECT_FALSE(PublicKey::FromP256(std::string(32, '\0'), std::string(32, '\0')).ok());
  EXPECT_FALSE(PublicKey::FromP256("", "").ok());
  for (const std::string pem : {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PublicKey::FromPem(pem).status())) << pem;
  }
  const std::string rsa =
      "-----BEGIN PUBLIC "
      "KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\n"
      "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n";
  EXPECT_NE(PublicKey::FromPem(rsa).status().message().find("want one of them"), std::string::npos);
  const std::string secret = Signer::Generate(Algorithm::kEdDsa, "k").value().PrivatePem().value();
  EXPECT_NE(PublicKey::FromPem(secret).status().message().find("private"), std::string::npos);
}

TEST(SignerTest, KeysComeBackThroughEachFormat) {
  for (const Algorithm algorithm : {Algorithm::kEdDsa, Algorithm::kEs256}) {
    const Signer made = Signer::Generate(algorithm, "k1").value();
    const Signer signer = Signer::FromPem(made.PrivatePem().value(), "k1").value();
    EXPECT_EQ(signer.PublicPem().value(), made.PublicPem().value());
    const auto [input, signature] = Split(signer.SignRaw("{}", "payload").value());
    EXPECT_TRUE(PublicKey::FromPem(made.PublicPem().value()).value().Verify(input, signature));
    KeySet set;
    ASSERT_TRUE(set.AddJwks("acme", made.PublicJwk().value()).ok());
    EXPECT_TRUE(set.Find("acme", "k1")->Verify(input, signature));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Signer::FromPem("nothing", "k").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Signer::FromPem(Signer::Generate(Algorithm::kEs256, "").value().PublicPem().value(), "k").status()));
}

std::string Jwk(const std::string& extra) {
  return R"({"kty":"OKP","crv":"Ed25519","x":")" + kEdX + R"(","kid":"a")" + extra + "}";
}

TEST(KeySetTest, FindsByProductAndId) {
  KeySet set;
  ASSERT_TRUE(set.AddJwks("acme", R"({"keys":[)" + Jwk("") +
                                      R"(,{"kty":"EC","crv":"P-256","kid":"b","alg":"ES256","x":")" + kEcX +
                                      R"(","y":")" + kEcY + R"("}]})")
                  .ok());
  ASSERT_TRUE(set.AddJwks("globex", Jwk("")).ok());
  EXPECT_EQ(set.size(), 3u);
  EXPECT_EQ(set.Find("acme", "a")->algorithm(), Algorithm::kEdDsa);
  EXPECT_EQ(set.Find("acme", "b")->algorithm(), Algorithm::kEs256);
  EXPECT_EQ(set.Find("acme", ""), nullptr) << "two keys: the token must say which";
  EXPECT_NE(set.Find("globex", ""), nullptr) << "one key: it is that";
  EXPECT_EQ(set.Find("globex", "b"), nullptr);
  EXPECT_EQ(set.Find("initech", "a"), nullptr);
}

TEST(KeySetTest, RefusesBadSetsWithThePlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "want a JSON object"},
      {"[]", "want a JSON object"},
      {std::string("{\"keys\":[]}\0{}", 14), "want a JSON object"},
      {"{\"keys\":{}}", "keys: want an array"},
      {"{\"keys\":[1]}", "keys[0]: want a JSON object"},
      {"{\"keys\":[],\"keys\":[]}", "repeated names"},
      {"{}", "kty, crv: want"},
      {R"({"kty":"oct","k":"AAAA","kid":"a"})", "kty, crv: want"},
      {R"({"kty":"RSA","n":"AAAA","e":"AQAB","kid":"a"})", "kty, crv: want"},
      {R"({"kty":"OKP","crv":"X25519","x":")" + kEdX + R"(","kid":"a"})", "kty, crv: want"},
      {R"({"kty":"OKP","crv":"Ed25519","x":5,"kid":"a"})", "x: 0 bytes"},
      {R"({"kty":"OKP","crv":"Ed25519","x":")" + kEdX + "=\",\"kid\":\"a\"}", "x: 0 bytes"},
      {R"({"kty":"EC","crv":"P-256","x":")" + kEcX + R"(","y":")" + kEcX + R"(","kid":"a"})", "not a point"},
      {Jwk(R"(,"use":"enc")"), "use: want sig"},
      {Jwk(R"(,"alg":"ES256")"), "alg: want EdDSA"},
      {Jwk(R"(,"alg":"none")"), "alg: want EdDSA"},
      {Jwk(R"(,"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")"), "private"},
      {R"({"keys":[)" + Jwk("") + "," + Jwk("") + "]}", "keys[1]: kid: a is there twice"},
      {R"({"kty":"OKP","crv":"Ed25519","x":")" + kEdX + "\"}", "kid: want 1-128"},
  };
  for (const auto& [json, error] : cases) {
    KeySet set;
    const absl::Status status = set.AddJwks("acme", json);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << json;
    EXPECT_NE(status.message().find(error), std::string::npos) << json << " -> " << status;
  }
  KeySet set;
  for (size_t i = 0; i < kMaxKeysPerProduct; ++i) {
    const Signer signer = Signer::Generate(Algorithm::kEdDsa, std::to_string(i)).value();
    EXPECT_TRUE(set.AddPem("acme", std::to_string(i), signer.PublicPem().value()).ok());
  }
  EXPECT_NE(set.AddJwks("acme", Jwk("")).message().find("want at most 4"), std::string::npos);
}

}  // namespace
}  // namespace trivium::jwt
