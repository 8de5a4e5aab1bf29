#include "services/control/kinds/token_keys.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "libs/jwt/key.h"
#include "trivium/gateway/v1/token_keys.pb.h"

namespace trivium::control {
namespace {

constexpr int kMaxKeys = 4;
constexpr size_t kMaxKeyId = 64, kMaxPem = 4 << 10;

bool IsKeyId(const std::string& id) {
  return !id.empty() && id.size() <= kMaxKeyId && std::ranges::all_of(id, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

// What is wrong with a PEM, "" for nothing; never a part of it, since by mistake it may hold a secret.
std::string WrongPem(const std::string& pem) {
  if (pem.size() > kMaxPem) return std::to_string(pem.size()) + " bytes, want at most " + std::to_string(kMaxPem);
  const auto key = jwt::PublicKey::FromPem(pem);
  return key.ok() ? "" : std::string(key.status().message());
}

}  // namespace

Violations CheckTokenKeys(const google::protobuf::Any& value) {
  gateway::v1::TokenKeys keys;
  if (!UnpackStrictly(value, &keys))
    return {{"value", "unreadable or with unknown fields, want a trivium.gateway.v1.TokenKeys"}};
  Violations wrong;
  if (keys.keys_size() < 1 || keys.keys_size() > kMaxKeys) {
    wrong.emplace_back("value.keys", std::to_string(keys.keys_size()) + " keys, want 1 to " + std::to_string(kMaxKeys));
  }
  std::set<std::string> seen;
  for (int i = 0; i < keys.keys_size(); ++i) {
    const std::string field = "value.keys[" + std::to_string(i) + "]";
    const gateway::v1::TokenKey& key = keys.keys(i);
    if (!IsKeyId(key.key_id())) {
      wrong.emplace_back(field + ".key_id", "want 1 to 64 characters of A-Z a-z 0-9 . _ -");
    } else if (!seen.insert(key.key_id()).second) {
      wrong.emplace_back(field + ".key_id", key.key_id() + " twice, want each id once");
    }
    if (const std::string what = WrongPem(key.public_key_pem()); !what.empty())
      wrong.emplace_back(field + ".public_key_pem", what);
  }
  return wrong;
}

}  // namespace trivium::control
