#include "libs/jwt/key_set.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/jwt/base64url.h"
#include "libs/jwt/jws.h"
#include "libs/jwt/small_file.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::jwt {
namespace {

using nlohmann::json;

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status Prefix(absl::string_view prefix, const absl::Status& status) {
  return status.ok() ? status : absl::Status(status.code(), absl::StrCat(prefix, ": ", status.message()));
}

// A member that is a string; "" when absent or of another type.
std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// A coordinate; "", which no key has, when it is no base64url.
std::string CoordinateOf(const json& jwk, const char* name) { return Base64UrlDecode(TextOf(jwk, name)).value_or(""); }

absl::Status CheckUse(const json& jwk, Algorithm algorithm) {
  const std::string use = TextOf(jwk, "use"), alg = TextOf(jwk, "alg");
  if (jwk.contains("use") && use != "sig") return Bad("use: want sig");
  if (jwk.contains("alg") && alg != NameOf(algorithm)) {
    return Bad(absl::StrCat("alg: want ", ToAbsl(NameOf(algorithm)), " for a key of this kind"));
  }
  return absl::OkStatus();
}

absl::StatusOr<PublicKey> ReadJwk(const json& jwk) {
  if (!jwk.is_object()) return Bad("want a JSON object");
  if (jwk.contains("d")) return Bad("d: the key is private, want the public key alone");
  const std::string kind = absl::StrCat(TextOf(jwk, "kty"), " ", TextOf(jwk, "crv"));
  absl::StatusOr<PublicKey> key = Bad("kty, crv: want OKP with Ed25519 or EC with P-256");
  if (kind == "OKP Ed25519") key = PublicKey::FromEd25519(CoordinateOf(jwk, "x"));
  if (kind == "EC P-256") key = PublicKey::FromP256(CoordinateOf(jwk, "x"), CoordinateOf(jwk, "y"));
  if (key.ok()) TRIVIUM_RETURN_IF_ERROR(CheckUse(jwk, key->algorithm()));
  return key;
}

}  // namespace

absl::Status KeySet::Add(const std::string& product, const std::string& key_id, absl::StatusOr<PublicKey> key) {
  if (!key.ok()) return key.status();
  if (product.empty()) return Bad("product: empty, want the product whose tokens the key signs");
  if (key_id.empty() || key_id.size() > kMaxKeyIdBytes) return Bad("kid: want 1-128 bytes");
  ById& keys = by_product_[product];
  if (keys.size() >= kMaxKeysPerProduct) {
    return Bad(absl::StrCat("keys: want at most ", kMaxKeysPerProduct, " of a product"));
  }
  if (!keys.emplace(key_id, *std::move(key)).second) return Bad(absl::StrCat("kid: ", key_id, " is there twice"));
  return absl::OkStatus();
}

absl::Status KeySet::AddJwks(const std::string& product, std::string_view text) {
  const json document = ParseJsonObject(text);
  if (document.is_discarded()) return Bad("want a JSON object without repeated names");
  if (!document.contains("keys")) return Add(product, TextOf(document, "kid"), ReadJwk(document));
  const json& keys = document["keys"];
  if (!keys.is_array()) return Bad("keys: want an array");
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string key_id = keys[i].is_object() ? TextOf(keys[i], "kid") : "";
    TRIVIUM_RETURN_IF_ERROR(Prefix(absl::StrCat("keys[", i, "]"), Add(product, key_id, ReadJwk(keys[i]))));
  }
  return absl::OkStatus();
}

absl::Status KeySet::AddPem(const std::string& product, const std::string& key_id, std::string_view pem) {
  return Add(product, key_id, PublicKey::FromPem(pem));
}

absl::StatusOr<KeySet> KeySet::Read(const std::vector<KeySource>& sources) {
  KeySet set;
  for (const KeySource& source : sources) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(source.path, kMaxKeyFileBytes));
    const bool pem = absl::EndsWith(source.path, ".pem");
    TRIVIUM_RETURN_IF_ERROR(
        Prefix(source.path, pem ? set.AddPem(source.product, source.key_id, text) : set.AddJwks(source.product, text)));
  }
  if (set.size() == 0) return Bad("keys: none, want at least one");
  return set;
}

const PublicKey* KeySet::Find(std::string_view product, std::string_view key_id) const {
  const auto keys = by_product_.find(product);
  if (keys == by_product_.end()) return nullptr;
  if (key_id.empty()) return keys->second.size() == 1 ? &keys->second.begin()->second : nullptr;
  const auto key = keys->second.find(key_id);
  return key == keys->second.end() ? nullptr : &key->second;
}

size_t KeySet::size() const {
  size_t size = 0;
  for (const auto& [product, keys] : by_product_) size += keys.size();
  return size;
}

}  // namespace trivium::jwt
